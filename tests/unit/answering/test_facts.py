"""Facts of a sentence, each in one form however it was written."""

from __future__ import annotations

import pytest

from rag.answering.facts import Fact, facts, same


def read(text: str) -> list[tuple[str, str]]:
    return [(fact.kind, fact.value) for fact in facts(text) if fact.kind != "name"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 September 2028", [("date", "2028-9-30")]),
        ("the 30th of September, 2028", [("date", "2028-9-30")]),
        ("September 30, 2028", [("date", "2028-9-30")]),
        ("2028-09-30", [("date", "2028-9-30")]),
        ("3 Aug", [("date", "?-8-3")]),
        ("March 2026", [("date", "2026-3-?")]),
        ("£4,200", [("number", "4200")]),
        ("4200.50", [("number", "4200.5")]),
        ("£1.2 million", [("number", "1200000")]),
        ("99.0%", [("number", "99")]),
        ("twenty-six weeks", [("number", "26")]),
        ("two hundred", [("number", "200")]),
        ("the third time", [("number", "3")]),
        ("at 07:45 or 7.45 pm or 7 am", [("time", "7:45"), ("time", "19:45"), ("time", "7:00")]),
        ("TF-C-0142 in 4.6.4 of the L2", [("code", "tf-c-0142"), ("code", "4.6.4"), ("code", "l2")]),
        ("order 26-1188", [("code", "26-1188")]),
        ("one of them may not", []),
        ("1.25 million for £2.50", [("number", "1250000"), ("number", "2.5")]),  # a dot alone makes no time
        ("from 9.30 to 17.00", [("time", "9:30"), ("time", "17:00")]),
        ("from 1.25 m to 2.50 m", [("number", "1.25"), ("number", "2.5")]),
        ("10-12 weeks in 2019-2023", [("number", "10"), ("number", "12"), ("number", "2019"), ("number", "2023")]),
        ("between -5 and \u22123.5", [("number", "-5"), ("number", "-3.5")]),
        ("5\u20137", [("number", "5"), ("number", "7")]),
        ("£1.2 billion, £3bn", [("number", "1200000000"), ("number", "3000000000")]),
        ("30kg or 30 kg, the 30th", [("number", "30"), ("number", "30"), ("number", "30")]),
        ("\u517112\u4e2a", [("number", "12")]),
    ],
)
def test_numbers_dates_times_and_codes(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


def test_names_are_words_written_large_without_their_genitive() -> None:
    text = "Then Delphine Okonjo's team met O'Brien in Kendal"
    assert [fact.value for fact in facts(text) if fact.kind == "name"] == [
        "then",
        "delphine",
        "okonjo",
        "o'brien",
        "kendal",
    ]


def test_a_letter_that_is_written_small_begins_no_name_in_any_alphabet() -> None:
    assert [
        fact.value for fact in facts("élan \u0437\u0430 Élan \u041e\u043b\u044c\u0433\u0430") if fact.kind == "name"
    ] == [
        "élan",
        "\u043e\u043b\u044c\u0433\u0430",
    ]


@pytest.mark.parametrize("text", ["a" * 400_000, "a/" * 200_000, "a-" * 200_000, "-" * 400_000])
def test_a_long_text_without_blanks_is_read_in_one_go(text: str) -> None:
    assert not [*facts(text)], "with half an hour of searching where each letter begins it anew"


def test_a_fact_says_where_it_stands() -> None:
    text = "It ends on 30 September 2028, after 90 days."
    for fact in facts(text):
        assert text[fact.start : fact.start + len(fact.text)] == fact.text


def date(value: str) -> Fact:
    return Fact("date", value, "", 0)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2028-9-30", "2028-9-30", True),
        ("?-9-30", "2028-9-30", True),
        ("2028-9-?", "2028-9-30", True),
        ("2028-9-30", "2027-9-30", False),
        ("?-9-30", "2028-9-?", False),  # only the month is in both
    ],
)
def test_a_part_that_one_date_does_not_name_does_not_tell_it_apart(one: str, other: str, expected: bool) -> None:
    assert same(date(one), date(other)) is expected


def test_a_number_is_not_a_code_of_the_same_digits() -> None:
    assert not same(Fact("number", "12", "12", 0), Fact("code", "12", "12", 0))
