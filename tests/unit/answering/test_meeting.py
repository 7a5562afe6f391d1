"""Word pieces of a question met in texts: read from the index where it holds the text, by the model where it does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.answering.meeting import Texts, meet
from rag.index.open import OpenIndex
from rag.index.store import STORES
from rag.retrieval.conversation import Within
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.learned import learned
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest

__all__ = ["learned"]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: LetterEmbedder) -> OpenIndex:
    monkeypatch.setitem(STORES, "exact", EXACT)
    opened = OpenIndex(ingest(tmp_path / "index", embedder=embedder).folder)
    embedder.embedded.clear()
    return opened


def test_each_piece_of_a_text_is_held_against_each_of_the_question(embedder: LetterEmbedder) -> None:
    (meeting,) = meet([Within("ant bee")], ["bees fly", "ant"], embedder)
    first, second = meeting.texts
    assert first.spans == [(0, 4), (5, 8)]
    assert first.cosines.tolist() == [[0, 1], [0, 0]], "bees begins like bee, fly like neither"
    assert second.cosines.tolist() == [[1, 0]]
    assert meeting.weights.tolist() == [0.5, 0.5], "nothing tells which is rare"
    assert np.allclose(meeting.vector[:3], [0.5**0.5, 0.5**0.5, 0])


def test_what_the_index_holds_is_not_read_again_and_means_the_same(embedder: LetterEmbedder, index: OpenIndex) -> None:
    texts = [index.chunks[0].text, "honey of a bee", index.chunks[1].text]
    (stored,) = meet([Within("ant honey")], texts, embedder, lambda: index)
    assert sorted(embedder.embedded) == ["ant honey", "honey of a bee"]
    (read,) = meet([Within("ant honey")], texts, embedder)
    for one, other in zip(stored.texts, read.texts, strict=True):
        assert one.spans == other.spans
        assert np.allclose(one.cosines, other.cosines, atol=0.02)


def test_a_rare_piece_weighs_more_where_an_index_tells(embedder: LetterEmbedder, index: OpenIndex) -> None:
    # "a" begins a piece of every chunk ("ant", "a"), "h" only of the one about honey.
    ((_, (common, rare), *_),) = meet([Within("ant honey")], [], embedder, lambda: index)
    assert rare > common > 0
    assert rare + common == pytest.approx(1)


def test_a_question_without_a_piece_meets_nothing(embedder: LetterEmbedder) -> None:
    (meeting,) = meet([Within(" ")], ["ant"], embedder)
    assert meeting.texts[0].cosines.shape == (1, 0)
    assert meeting.weights.tolist() == []


def test_many_questions_read_the_texts_once(embedder: LetterEmbedder, index: OpenIndex) -> None:
    texts = ["honey of a bee", index.chunks[0].text, "honey of a bee"]
    together = meet([Within("ant honey"), Within("bee")], texts, embedder, lambda: index)
    assert sorted(embedder.embedded) == ["ant honey", "bee", "honey of a bee"]
    for question, meeting in zip(["ant honey", "bee"], together, strict=True):
        (alone,) = meet([Within(question)], texts, embedder, lambda: index)
        assert [one.spans for one in meeting.texts] == [one.spans for one in alone.texts]
        assert all(np.array_equal(a.cosines, b.cosines) for a, b in zip(meeting.texts, alone.texts, strict=True))
        assert np.array_equal(meeting.weights, alone.weights)
    assert meet([], texts, embedder) == []


@pytest.mark.usefixtures("learned")
def test_what_a_question_tells_weighs_more_and_a_sentence_is_taken_as_it_is(embedder: LetterEmbedder) -> None:
    (question,) = meet([Within("ant zebra")], ["ant"], embedder)
    assert question.weights[0] == pytest.approx(np.exp(2) * question.weights[1])
    assert question.weights.sum() == pytest.approx(1)
    (sentence,) = Texts(["ant"], embedder).meet(["ant zebra"])
    assert sentence.weights.tolist() == [0.5, 0.5]


def test_a_question_within_others_is_read_as_one_text_with_them(embedder: LetterEmbedder) -> None:
    (meeting,) = meet([Within("bee", [("ant", 0.25)])], ["ant bee"], embedder)
    assert meeting.weights == pytest.approx([0.2, 0.8])
    assert meeting.texts[0].cosines.tolist() == [[1, 0], [0, 1]]
    alone, whole = embedder.embed(["bee", "ant bee"])
    assert meeting.vector == pytest.approx((alone + whole) / 2)
