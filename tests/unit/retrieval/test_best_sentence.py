"""Which sentence of a chunk is read, and what it decides. With the letter embedder cosines can be checked by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rag.config import Settings
from rag.index.open import OpenIndex
from rag.retrieval import best_sentence
from rag.retrieval.conversation import Talk, asked
from rag.retrieval.hybrid import by_sentences, retrieve
from tests.doubles.embedder import LetterEmbedder

Open = Callable[[Mapping[str, str]], OpenIndex]

# Both chunks hold the same letters, so they meet a question equally well; only in one do ant and bee stand together.
TOGETHER = "# Zoo\n\nAnt bee. Cow dog."
APART = "# Zoo\n\nAnt cow. Bee dog."
OFF = Settings(sentence_share=0)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    best_sentence.forget()


def test_the_sentence_that_meets_the_question_best_is_the_one_that_is_read(
    open_index: Open, embedder: LetterEmbedder
) -> None:
    index = open_index({"a/zoo.md": TOGETHER})
    question = asked("cow dog", (), embedder)
    (near,) = best_sentence.likeness(question, np.ones(2, np.float32), np.array([0]), index, embedder)
    assert embedder.embedded[-1] == "Zoo: Cow dog."
    assert near == pytest.approx(2 / np.sqrt(6), abs=1e-5)  # (c, d) and (z, c, d)


def test_a_sentence_is_known_by_its_first_word_too(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/zoo.md": TOGETHER})
    best_sentence.likeness(asked("cow", (), embedder), np.ones(1, np.float32), np.array([0]), index, embedder)
    assert embedder.embedded[-1] == "Zoo: Cow dog."


def test_between_chunks_met_equally_well_the_sentence_decides(open_index: Open, embedder: LetterEmbedder) -> None:
    for texts in ({"a/1.md": APART, "a/2.md": TOGETHER}, {"a/1.md": TOGETHER, "a/2.md": APART}):
        index = open_index(texts)
        without, found = (retrieve("ant bee", index, embedder, 10, settings=settings) for settings in (OFF, Settings()))
        assert without[0].score == without[1].score
        assert texts[found[0].chunk.source] == TOGETHER
        assert found[0].score == without[0].score, "the best sentence takes nothing away from its chunk"
        # (a, b) and (z, a, b) against (a, b) and (z, a, c)
        short = 2 / np.sqrt(6) - 1 / np.sqrt(6)
        assert found[1].score == pytest.approx(without[1].score - Settings().sentence_share * short, abs=1e-4)


def test_what_lies_too_far_behind_is_not_read_and_stays_behind(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/1.md": APART, "a/2.md": TOGETHER, "a/3.md": "# Zoo\n\nFern."})
    found = retrieve("ant bee", index, embedder, 10)
    assert "Zoo: Fern." not in embedder.embedded[-2:]
    assert [item.chunk.source for item in found] == ["a/2.md", "a/1.md", "a/3.md"]
    scores = [item.score for item in found]
    assert scores == sorted(scores, reverse=True)


def test_what_is_not_read_is_taken_to_fall_short_by_as_much_as_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_sentence, "likeness", lambda *_: np.array([0.2, 0.7], np.float32))
    way: Any = SimpleNamespace(asked=None, weights=None)
    nothing: Any = None
    scores = np.array([0.46, 0.5, 0.49], np.float32)
    found = by_sentences(scores, np.arange(3), [(way, 1.0)], nothing, nothing, Settings(sentence_share=0.1))
    assert found == pytest.approx([0.41, 0.45, 0.49])


def test_where_one_chunk_leads_nothing_is_read(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/1.md": "# Ant\n\nBee.", "a/2.md": "# Cow\n\nDog.", "a/3.md": "# Elk\n\nFern."})
    before = len(embedder.embedded)
    assert retrieve("ant bee", index, embedder, 10) == retrieve("ant bee", index, embedder, 10, settings=OFF)
    assert embedder.embedded[before:] == ["ant bee"]


def test_no_more_than_the_first_few_are_read(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({f"a/{n}.md": f"# Zoo\n\nAnt bee {n}." for n in range(9)})
    before = len(embedder.embedded)
    found = retrieve("ant bee", index, embedder, 10)
    assert len(embedder.embedded) - before == 1 + best_sentence.MOST
    assert len(found) == 9


def test_what_was_read_once_is_kept_whoever_asks(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/1.md": APART, "a/2.md": TOGETHER})
    retrieve("ant bee", index, embedder, 10)
    before = len(embedder.embedded)
    retrieve("bee ant", index, embedder, 10)
    read = embedder.embedded[before:]
    assert "bee ant" in read
    assert "Zoo: Ant bee." not in read
    assert best_sentence.vectors([], embedder).shape == (0, embedder.dim)


@pytest.mark.parametrize(
    "text", ["# Zoo", "# Zoo\n\n***\n", "# Zoo\n\n```\nant bee\n```\n", "# Zoo\n\n| |\n|---|\n| |\n"]
)
def test_a_chunk_without_a_sentence_is_taken_as_a_whole(open_index: Open, embedder: LetterEmbedder, text: str) -> None:
    index = open_index({"a/1.md": text, "a/2.md": text})
    for question in ("zoo", "?", "ant bee"):
        found = retrieve(question, index, embedder, 10)
        assert len(found) == 2
        assert found[0].score == found[1].score


def test_within_a_talk_the_sentence_counts_as_the_question_was_meant(
    open_index: Open, embedder: LetterEmbedder
) -> None:
    index = open_index({"a/1.md": APART, "a/2.md": TOGETHER})
    leaning = retrieve("ant", index, embedder, 10, talk=Talk([("bee", 1.0)], 99.0))
    assert leaning[0].chunk.source == "a/2.md"
    assert leaning[0].score > leaning[1].score
