"""When what was found may hold the answer. The threshold itself is tuned on questions, not held fast here."""

from __future__ import annotations

import pytest

from rag.retrieval.abstain import confidence
from rag.schema import Chunk, Retrieved


def found(score: float) -> list[Retrieved]:
    chunk = Chunk("id", "A bee makes honey.", "a/b.md", "a", "Bee", "", 0, 18)
    return [Retrieved(chunk, score), Retrieved(chunk, score / 2)]


def test_known_words_leave_the_best_score() -> None:
    assert confidence("Does a bee make honey?", found(0.7), lambda word: True) == 0.7


def test_each_strange_word_costs() -> None:
    known = {"bee", "honey"}
    scores = [
        confidence(question, found(0.7), known.__contains__) for question in ("bee honey", "bee zebra", "zebra gnu")
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


@pytest.mark.parametrize("question", ["", "?", "zebra gnu"])
def test_it_never_falls_below_0(question: str) -> None:
    assert confidence(question, found(0.1), lambda word: False) == 0


def test_nothing_found_is_no_confidence() -> None:
    assert confidence("bee", [], lambda word: True) == 0
