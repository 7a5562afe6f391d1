"""A question read within a talk: as one text, what was said before counting by its share, as far back as the window reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rag.retrieval.conversation import BIAS, Talk, Within, asked, readings
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.learned import learned

__all__ = ["learned"]

SAID = [("ant bee", 0.25), ("cat", 0.5)]


def test_a_question_by_itself_is_one_reading_that_counts_fully(embedder: LetterEmbedder) -> None:
    found = asked("dog", [], embedder)
    assert found.text == "dog"
    assert len(found.vectors) == 1
    assert found.telling.pieces.tolist() == [1]


def test_what_was_said_before_counts_by_its_share_and_the_question_fully(embedder: LetterEmbedder) -> None:
    found = asked("dog eel", SAID, embedder)
    assert found.text == "ant bee cat dog eel"
    assert found.pieces.ids == embedder.piece_ids(found.text)
    assert found.telling.pieces == pytest.approx([0.25, 0.25, 0.5, 1, 1])
    assert dict(found.telling.words) == pytest.approx({"ant": 0.25, "bee": 0.25, "cat": 0.5, "dog": 1, "eel": 1})


def test_a_word_that_the_question_says_again_counts_fully(embedder: LetterEmbedder) -> None:
    found = asked("bee dog", SAID, embedder)
    assert found.telling.words["bee"] == pytest.approx(1)
    assert found.telling.pieces == pytest.approx([0.25, 0.25, 0.5, 1, 1])


def test_the_vector_is_the_mean_of_the_question_by_itself_and_of_all(embedder: LetterEmbedder) -> None:
    alone, whole = embedder.embed(["dog", "ant bee cat dog"])
    assert asked("dog", SAID, embedder).vector == pytest.approx((alone + whole) / 2)
    assert asked("dog", [], embedder).vector == pytest.approx(alone)


def test_what_lies_furthest_back_is_left_out_where_the_window_ends() -> None:
    narrow = LetterEmbedder(window=5)  # three pieces and two marks
    assert asked("dog", SAID, narrow).text == "cat dog"
    assert asked("dog", [("ant bee cat", 0.5)], narrow).text == "dog"
    assert asked("dog eel fox gnu", SAID, narrow).text == "dog eel fox gnu"


def test_a_text_without_a_word_is_left_out(embedder: LetterEmbedder) -> None:
    assert asked("dog", [(" ", 0.5), ("cat", 0.5)], embedder).text == "cat dog"


def test_what_is_found_better_within_the_talk_was_meant_so() -> None:
    talk = Talk(SAID, 0.0)
    assert talk.meant(0.5, 0.5) == pytest.approx(1 / (1 + math.exp(-BIAS)))
    assert 0 < talk.meant(0.7, 0.5) < talk.meant(0.5, 0.5) < talk.meant(0.5, 0.7) < 1
    assert Talk(SAID, 2.0).meant(0.5, 0.5) > talk.meant(0.5, 0.5) > Talk(SAID, -2.0).meant(0.5, 0.5)


def test_both_ways_to_read_a_question_are_as_likely_as_its_words_say() -> None:
    assert readings("dog", None) == [(Within("dog"), 1.0)] == readings("dog", Talk([], 3.0))
    (alone, not_meant), (within, meant) = readings("dog", Talk(SAID, math.log(3)))
    assert (alone, within) == (Within("dog"), Within("dog", SAID))
    assert (not_meant, meant) == pytest.approx((0.25, 0.75))


@pytest.mark.usefixtures("learned")
def test_what_tells_is_held_against_the_questions_own_pieces(embedder: LetterEmbedder) -> None:
    found = asked("ant zebra", [("zebra", 0.5)], embedder)
    # In the question a tells e times as much as its mean, z as little; the zebra said before weighs half of that.
    assert found.telling.pieces == pytest.approx(np.array([0.5 * math.exp(-1), math.e, math.exp(-1)]), rel=1e-5)
    plain = asked("ant zebra", [("zebra", 0.5)], embedder, learned=False)
    assert plain.telling.pieces == pytest.approx([0.5, 1, 1])
