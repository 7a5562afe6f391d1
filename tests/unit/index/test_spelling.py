"""Which words are put right, and by which."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.spelling import Spelling, build_words

COMMON = frozenset({"where", "dealer", "supply", "measure", "gauge", "basket", "midsize", "bending"})
TEXT = (
    "Brathay's gauges stand at the river. A river gauge reads the river. Maeve reads it; it was rivet 4 (Brändli). "
    "Wi-Fi by the jacket of her life, and a keycard for it."
)


@pytest.fixture
def spelling(tmp_path: Path) -> Spelling:
    build_words(tmp_path / "words", [TEXT])
    return Spelling(tmp_path / "words")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Where is Brahtay?", "Where is Brathay?"),  # two neighbours changed places: one mistake
        ("the guages", "the gauges"),
        ("the rivver", "the river"),
        ("rivr", "river"),  # nearer to the frequent word than to the rare one
        ("Maevve's", "Maeve's"),
        ("measrue", "measure"),  # in no document, but a word
        ("brandli", "brändli"),
        ("the wifi", "the wi-fi"),  # as the documents write it
        ("a lifejacket", "a life jacket"),
        ("my key card", "my keycard"),
        ("Wher's the jackett", "Where's the jacket"),
    ],
)
def test_a_slip_is_put_right(spelling: Spelling, asked: str, meant: str) -> None:
    assert spelling.corrected(asked, COMMON) == meant


@pytest.mark.parametrize(
    "right",
    [
        "dealer",  # a common word that no document holds, and one letter from none
        "Dealers supplied",  # and what is made of it
        "the gasket and the midwife",  # English that neither the index nor the model has, near "basket" and "midsize"
        "vending",  # near "bending"
        "a life vest",
        "zeppelin",  # unknown, and near to nothing
        "rvr",  # too short to tell
        "TF-C-0142 v4.7.2 4G",
        "riv3r",
        "",
    ],
)
def test_what_is_right_or_hopeless_is_left_alone(spelling: Spelling, right: str) -> None:
    assert spelling.corrected(right, COMMON) == right


def test_two_mistakes_are_too_many_for_a_short_word(spelling: Spelling) -> None:
    assert spelling.corrected("rvier raevr", COMMON) == "river raevr"


def test_marks_and_spaces_stay(spelling: Spelling) -> None:
    assert spelling.corrected("  the (rivver),\n\tyes ", COMMON) == "  the (river),\n\tyes "


def test_a_name_is_only_taken_for_a_word_of_the_documents(spelling: Spelling) -> None:
    common = COMMON | {"gaunt"}
    assert spelling.corrected("Has Mr Gauntt reads it?", common) == "Has Mr Gauntt reads it?"
    assert spelling.corrected("Has a gauntt reads it?", common) == "Has a gaunt reads it?"
    assert spelling.corrected("Is it Meaave?", common) == "Is it Meaave?", "two mistakes make it another name"
    assert spelling.corrected("is it meaave?", common) == "is it maeve?"
    assert spelling.corrected("Gauntt trees", common) == "Gaunt trees", "every sentence begins with a capital"
    assert spelling.corrected("Has Maevve reads it?", common) == "Has Maeve reads it?"


def test_other_common_words_give_another_answer(spelling: Spelling) -> None:
    assert spelling.corrected("measrue", frozenset()) == "measrue"
    assert spelling.corrected("measrue", COMMON) == "measure"
