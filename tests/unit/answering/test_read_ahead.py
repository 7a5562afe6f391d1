"""Sentences are read as they come: the same vectors as at the end, each read once, and nothing is read for who has left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering import read_ahead
from rag.answering.read_ahead import ReadAhead
from rag.answering.support import bare
from rag.documents.sentences import sentences
from rag.index.embed import Pieces, Vectors
from tests.doubles.embedder import LetterEmbedder

ANSWER = (
    "The fee is £4.50 a day [1]. It falls due on 3 May [2][1].\n\n- **Paid** by Mr. Frew\n- Owed by nobody! Is it? Yes"
)
SAID = [bare(ANSWER[start:end]) for start, end in sentences(ANSWER)]


class Counting(LetterEmbedder):
    """`log` holds what was read, in order; nothing is read before the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        self.gate.wait(60)
        self.log += texts
        return super().embed_many(texts)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def waited() -> None:
    """Until all that was begun is done."""
    read_ahead._READER.submit(lambda: None).result(60)


def same(read: Callable[[Sequence[str]], tuple[Vectors, list[Pieces]]], texts: Sequence[str]) -> bool:
    (vectors, pieces), (wanted, others) = read(texts), LetterEmbedder().embed_many(texts)
    alike = all(a.ids == b.ids and np.array_equal(a.vectors, b.vectors) for a, b in zip(pieces, others, strict=True))
    return alike and np.array_equal(vectors, wanted)


@pytest.mark.parametrize("letters", [1, 3, 7, 40])
def test_all_but_the_last_is_read_before_the_end(counting: Counting, letters: int) -> None:
    with ReadAhead(counting) as ahead:
        for end in range(letters, len(ANSWER) + letters, letters):
            ahead.feed(ANSWER[:end])
        waited()
        assert counting.log == SAID[:-1]
        assert same(ahead.read, SAID)
    assert counting.log == SAID, "and nothing twice"


@given(
    st.lists(st.sampled_from(["Ants dig", ". ", " [1].", "\n", "- ", "4.5", "!", " Bees fly", "。", " "]), max_size=12)
)
def test_however_it_comes_the_end_is_the_same(pieces: list[str]) -> None:
    text = "".join(pieces)
    said = [bare(text[start:end]) for start, end in sentences(text)]
    with ReadAhead(LetterEmbedder()) as ahead:
        for n in range(len(pieces)):
            ahead.feed("".join(pieces[: n + 1]))
        assert same(ahead.read, said)


def test_what_has_not_begun_is_not_waited_for(counting: Counting) -> None:
    over = threading.Event()
    blocked = read_ahead._READER.submit(over.wait, 60)
    with ReadAhead(counting) as ahead:
        ahead.feed(ANSWER)
        assert same(ahead.read, SAID)
    over.set()
    blocked.result(60)
    waited()
    assert counting.log == SAID


def test_who_has_left_has_nothing_read(counting: Counting) -> None:
    counting.gate.clear()
    with ReadAhead(counting) as ahead:
        ahead.feed(ANSWER)
    counting.gate.set()
    waited()
    assert len(counting.log) <= 1, "the one that had begun"
