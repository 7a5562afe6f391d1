"""How much each part of a question tells, with a direction that can be checked by hand: in it a counts and z is only how it is put."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from rag.config import Settings
from rag.index.embed import Pieces
from rag.index.open import OpenIndex
from rag.retrieval.hybrid import retrieve
from rag.retrieval.telling import standing, telling
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.learned import learned

__all__ = ["learned"]

Open = Callable[[Mapping[str, str]], OpenIndex]


def asked(query: str, embedder: LetterEmbedder) -> Pieces:
    return embedder.embed_pieces([query])[1][0]


def test_a_model_from_which_nothing_was_learned_weighs_all_alike(embedder: LetterEmbedder) -> None:
    found = telling("ant zebra", asked("ant zebra", embedder), embedder)
    assert found.pieces.tolist() == [1.0] * len(asked("ant zebra", embedder).ids)
    assert not found.words


@pytest.mark.usefixtures("learned")
def test_pieces_weigh_by_what_they_tell_beside_the_questions_average(embedder: LetterEmbedder) -> None:
    pieces = asked("ant fern ant zebra", embedder)
    found = telling("ant fern ant zebra", pieces, embedder)
    tells = pieces.vectors[:, 0] - pieces.vectors[:, 25]
    assert found.pieces == pytest.approx(np.exp(tells - tells.mean()))
    by_word = standing("ant fern ant zebra", embedder, len(pieces.ids))
    for word, at in by_word.items():
        assert found.words[word] == pytest.approx(np.exp((tells - tells.mean())[at].mean()), rel=1e-5)
    assert found.words["ant"] > found.words["fern"] > found.words["zebra"]


@pytest.mark.usefixtures("learned")
def test_nothing_asked_tells_nothing(embedder: LetterEmbedder) -> None:
    found = telling("", asked("", embedder), embedder)
    assert not len(found.pieces)
    assert not found.words


def test_a_compound_stands_where_its_parts_do(embedder: LetterEmbedder) -> None:
    found = standing("about TF-0142 ants", embedder, len(asked("about TF-0142 ants", embedder).ids))
    assert found["tf-0142"] == found["tf"] == found["0142"]
    assert set(found) == {"about", "tf-0142", "tf", "0142", "ant"}


def test_words_behind_the_models_window_stand_nowhere(embedder: LetterEmbedder) -> None:
    assert "zebra" not in standing("ant zebra", embedder, 1)


@pytest.mark.usefixtures("learned")
def test_what_tells_decides_which_chunk_comes_first(open_index: Open, embedder: LetterEmbedder) -> None:
    index = open_index({"a/one.md": "# One\n\nant kettle", "a/two.md": "# Two\n\nzebra kettle"})
    by = {
        switch: {
            item.chunk.source: item.score
            for item in retrieve("ant zebra", index, embedder, 2, settings=Settings(telling=switch))
        }
        for switch in (True, False)
    }
    assert by[True]["a/one.md"] - by[True]["a/two.md"] > by[False]["a/one.md"] - by[False]["a/two.md"] + 0.05
