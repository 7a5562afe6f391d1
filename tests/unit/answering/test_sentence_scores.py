"""What each sentence earns: shares that can be worked out by hand with the letter embedder."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rag.answering.meeting import meet
from rag.answering.sentence_scores import FEATURES, READ, features, scores
from rag.documents.quotable import quotables
from rag.retrieval.conversation import Talk
from tests.doubles.embedder import LetterEmbedder

EMBEDDER = LetterEmbedder()
MEET = partial(meet, embedder=EMBEDDER)


def column(name: str, question: str, *sources: str, talk: Talk | None = None) -> list[float]:
    found = quotables(sources)
    table, _ = features(question, found, sources, EMBEDDER.embed, MEET, talk)
    return [round(float(value), 3) for value in table[:, FEATURES.index(name)]]


def test_words_count_in_the_sentence_and_beside_it_but_not_across_sources() -> None:
    assert column("words", "heron price", "T\nThe heron. Its price.", "T\nWash it.") == [1, 1, 0]


def test_a_misspelled_word_counts_as_the_one_it_resembles() -> None:
    assert column("words", "holliday", "T\nA holiday.", "T\nA hotel.") == [1, 0]


def test_the_kind_of_thing_asked_for_counts() -> None:
    assert column("kind", "When does it end?", "T\nIt ends in June 2028. It ends.") == [1, 0]


def test_questions_are_told() -> None:
    source = "T\nGrease only. Who gets the new green vans? The new green vans go north."
    assert column("asks", "vans", source) == [0, 1, 0]


def test_pieces_are_met_in_the_sentence_and_in_its_source() -> None:
    # The question's pieces are a, b: the first sentence meets both, the second only b; the second source none.
    sources = ("T\nAnt bee. Bees only.", "T\nFern.")
    assert column("rest", "ant bee", *sources) == [1, 0.5, 0]
    assert column("source", "ant bee", *sources) == [1, 1, 0]


def test_what_the_sentence_before_meets_counts_too_but_not_that_of_another_source() -> None:
    sources = ("T\nAnt. Bee. Cat.", "T\nDog.")
    assert column("met", "ant bee", *sources) == [0.5, 1, 0.5, 0]
    assert column("met", "cat dog", *sources) == [0, 0, 0.5, 0.5]


def test_what_the_title_does_not_say_has_to_be_said_by_the_sentence() -> None:
    # The title says "ant", so only the bee is left to be met; a title that says all leaves nothing to tell apart.
    assert column("rest", "ant bee", "Ant\nAnt is here. Bee is here.") == [0, 1]
    assert column("rest", "ant", "Ant\nAnt is here. Bee is here.") == [0, 0]


def test_only_the_likeliest_are_read_for_their_meaning_the_others_cannot_win() -> None:
    found = quotables([f"T\nAn otter number {n} swims in here." for n in range(READ)] + ["T\nFern."])
    sources = [f"T\nAn otter number {n} swims in here." for n in range(READ)] + ["T\nFern."]
    EMBEDDER.embedded.clear()
    scored = scores("Which otter swims?", found, sources, EMBEDDER.embed, MEET)
    assert "T: Fern." not in EMBEDDER.embedded
    assert np.isneginf(scored).tolist() == [False] * READ + [True]


@pytest.mark.parametrize("question", [" ", "?"])
def test_a_question_without_words_scores_nothing_wrong(question: str) -> None:
    found = quotables(["T\nFern wants shade."])
    assert np.isfinite(scores(question, found, ["T\nFern wants shade."], EMBEDDER.embed, MEET)).all()


@pytest.mark.parametrize(("odds", "meant"), [(-99.0, 0.0), (0.0, 0.5), (99.0, 1.0)])
def test_each_way_to_read_a_follow_up_counts_as_likely_as_it_is(odds: float, meant: float) -> None:
    sources = ("T\nAnt bee. Bees only.", "T\nCat.")
    talk = Talk([("ant", 0.5)], odds)
    # Within the talk the ant is asked for half as much as the bee.
    for name in ("rest", "source"):
        alone, within = column(name, "bee", *sources), [1, 2 / 3 if name == "rest" else 1, 0]
        expected = [meant * one + (1 - meant) * other for one, other in zip(within, alone, strict=True)]
        assert column(name, "bee", *sources, talk=talk) == pytest.approx(expected, abs=2e-3)
    words = column("words", "cat", *sources, talk=talk)
    assert words == pytest.approx([meant / 3, meant / 3, 1 - meant / 3], abs=2e-3)


def test_a_word_of_the_talk_is_no_misspelling() -> None:
    talk = Talk([("holliday", 0.5)], 99.0)
    assert column("words", "fern", "T\nA holiday.", "T\nA fern.", talk=talk)[0] == 0
