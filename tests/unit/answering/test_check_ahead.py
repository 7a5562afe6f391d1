"""Sentences are judged as they come: the same judgements as at the end, each read once, and nothing is read for who has left."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering import check_ahead
from rag.answering.check_ahead import CheckAhead
from rag.answering.meeting import Texts
from rag.answering.support import Checked, bare
from rag.documents.sentences import sentences
from rag.index.embed import Pieces, Vectors
from tests.doubles.embedder import LetterEmbedder
from tests.unit.answering.test_support import section

FOUND = (
    section("The daily fee is £4.50, due on 3 May. It is paid by Mr. Frew.", "contracts/a.md"),
    section("Ants dig deep tunnels. Bees fly home at 17:30.", "nature/b.md"),
)
ANSWER = (
    "The daily fee is £4.50 [1]. It falls due on 3 May or 4 June [1][2].\n\n- **Paid** by Mr. Frew alone [1]\n"
    "- Bees fly home at 17:30 [2]. Ants dig deep tunnels! [2] Is it so?"
)
SOURCES = {1: 1, 2: 2}
NUMBERED = [bare(ANSWER[start:end]) for start, end in sentences(ANSWER) if "[" in ANSWER[start:end]]


class Counting(LetterEmbedder):
    """`log` holds what was read of the answer, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        self.log += [text for text in texts if text not in [one.chunks[0].chunk.text for one in FOUND]]
        return super().embed_pieces(texts)


@pytest.fixture(autouse=True)
def without_index() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(check_ahead, "Texts", lambda texts, embedder, stored: Texts(texts, embedder))
        yield


def ahead_with(embedder: LetterEmbedder) -> CheckAhead:
    index: Any = None
    return CheckAhead(embedder, index, "When is the fee due?")


def waited() -> None:
    """Until all that was begun is done."""
    check_ahead._CHECKER.submit(lambda: None).result(60)


def judged(text: str) -> list[Checked]:
    """With nothing done ahead."""
    return list(ahead_with(LetterEmbedder()).evidence(FOUND).check(text, SOURCES))


@pytest.mark.parametrize("letters", [1, 3, 7, 40])
def test_sentences_with_numbers_are_judged_before_the_end(letters: int) -> None:
    counting = Counting()
    with ahead_with(counting) as ahead:
        for end in range(letters, len(ANSWER) + letters, letters):
            ahead.feed(ANSWER[:end], [1, 2], FOUND)
        waited()
        before = list(counting.log)
        assert set(NUMBERED[:4]) <= set(before)
        assert list(ahead.evidence(FOUND).check(ANSWER, SOURCES)) == judged(ANSWER)
    assert len(counting.log) == len(set(counting.log)), "nothing twice"
    assert not set(NUMBERED[:4]) & set(counting.log[len(before) :])


@given(
    st.lists(
        st.sampled_from(
            ["Ants dig deep tunnels", ". ", " [1].", "\n", "- ", " 4.5", "!", " Bees fly home", "。", " [2]"]
        ),
        max_size=12,
    )
)
def test_however_it_comes_the_end_is_the_same(pieces: list[str]) -> None:
    text = "".join(pieces)
    with ahead_with(LetterEmbedder()) as ahead:
        for n in range(len(pieces)):
            ahead.feed("".join(pieces[: n + 1]), [1, 2], FOUND)
        assert list(ahead.evidence(FOUND).check(text, SOURCES)) == judged(text)


def test_what_has_not_begun_is_not_waited_for() -> None:
    counting, over = Counting(), threading.Event()
    blocked = check_ahead._CHECKER.submit(over.wait, 60)
    with ahead_with(counting) as ahead:
        ahead.feed(ANSWER, [1, 2], FOUND)
        assert list(ahead.evidence(FOUND).check(ANSWER, SOURCES)) == judged(ANSWER)
    over.set()
    blocked.result(60)
    log = list(counting.log)
    waited()
    assert counting.log == log


def test_who_has_left_has_nothing_read() -> None:
    counting, over = Counting(), threading.Event()
    blocked = check_ahead._CHECKER.submit(over.wait, 60)
    with ahead_with(counting) as ahead:
        ahead.feed(ANSWER, [1, 2], FOUND)
    over.set()
    blocked.result(60)
    waited()
    assert counting.log == []


@pytest.mark.parametrize("leaves", [False, True])
def test_while_another_question_is_searched_for_nothing_is_judged(leaves: bool) -> None:
    counting = Counting()
    with ahead_with(counting) as ahead:
        with ahead_with(LetterEmbedder()) as other:
            other.searching()
            ahead.feed(ANSWER[:40], [1, 2], FOUND)
            waited()
            assert counting.log == []
            if not leaves:
                other.searched()
                ahead.feed(ANSWER[:-40], [1, 2], FOUND)
        ahead.feed(ANSWER, [1, 2], FOUND)
        waited()
        assert set(NUMBERED[:4]) <= set(counting.log), "also what ended meanwhile"
        assert list(ahead.evidence(FOUND).check(ANSWER, SOURCES)) == judged(ANSWER)


def test_what_goes_wrong_ahead_is_seen_at_the_end() -> None:
    class Failing(LetterEmbedder):
        def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
            raise MemoryError("no room")

    with ahead_with(Failing()) as ahead:
        ahead.feed(ANSWER, [1, 2], FOUND)
        evidence = ahead.evidence(FOUND)
        with pytest.raises(MemoryError, match="no room"):
            list(evidence.check(ANSWER, SOURCES))


@pytest.mark.parametrize("run", [".", "\n", " \n", ". "])
def test_a_long_run_that_ends_no_sentence_is_read_in_one_go(run: str) -> None:
    assert not check_ahead._BEGINS.search("x" + run[:1] + run * 300_000) or run == ". ", (
        "after hours where each begins anew"
    )
