"""A search taken apart is the search itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rag.config import Settings
from rag.index.open import OpenIndex
from rag.retrieval.hybrid import retrieve
from rag.retrieval.stages import Stages, stages
from tests.doubles.embedder import LetterEmbedder
from tests.unit.retrieval.test_hybrid import ANIMALS, sources

Open = Callable[[Mapping[str, str]], OpenIndex]


@pytest.mark.parametrize(
    "given", [{}, {"rerank": False}, {"neighbours_share": 0}, {"words_share": 0}, {"words_share": 1}]
)
@pytest.mark.parametrize("doc_type", [None, "animals"])
def test_the_last_stage_is_what_a_search_finds(
    open_index: Open, embedder: LetterEmbedder, given: dict[str, Any], doc_type: str | None
) -> None:
    index, settings = open_index(ANIMALS), Settings.load({}, None, **given)
    for question in ("Which ant carries leaves?", "a hony bee", "fern"):
        found = stages(question, index, embedder, doc_type=doc_type, settings=settings)
        assert list(found.reranked.found) == retrieve(
            question, index, embedder, 100, doc_type=doc_type, settings=settings
        )
        assert {*sources(list(found.fused.found))} == {*sources(list(found.reranked.found))}


def test_sentences_decide_in_the_last_stage_too(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/1.md": "# Zoo\n\nAnt cow. Bee dog.", "a/2.md": "# Zoo\n\nAnt bee. Cow dog."})
    last = stages("ant bee", index, embedder).reranked
    assert sources(list(last.found)) == ["a/2.md", "a/1.md"]
    assert list(last.found) == retrieve("ant bee", index, embedder, 10)


def test_each_stage_is_ordered_by_its_own_score(open_index: Open, embedder: LetterEmbedder) -> None:
    found = stages("Which bee makes honey?", open_index(ANIMALS), embedder)
    for stage in (found.vectors, found.words, found.fused, found.reranked):
        scores = [item.score for item in stage.found]
        assert scores == sorted(scores, reverse=True)
        assert stage.ms >= 0
    assert {*sources(list(found.words.found))} == {"animals/bee.md", "plants/honeysuckle.md"}, (
        "only where a word stands"
    )
    assert len(found.vectors.found) == len(ANIMALS)


def test_what_is_put_right_is_told(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    assert stages("honeysukle", index, embedder).searched == "honeysuckle"
    assert (
        stages("honeysukle", index, embedder, settings=Settings.load({}, None, spelling=False)).searched == "honeysukle"
    )


def test_where_nothing_can_be_found_no_stage_finds_anything(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index(ANIMALS)
    assert stages("  ", index, embedder) == Stages("  ")
    assert stages("bee", index, embedder, doc_type="minerals") == Stages("bee")
