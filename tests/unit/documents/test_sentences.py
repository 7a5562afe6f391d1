"""Where sentences begin: quoting and citing stand on it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.sentences import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "whole",
    [
        "Dr. Okonjo met Mr. Pryce and Mrs. Frew.",
        "The gauge is ca. 4 kg, i.e. light, e.g. for carrying.",
        "It costs £1,460.50 for version 4.7.2 of the firmware.",
        "The value is 3.14 exactly.",
        "See No. 7 and fig. 3 on p. 12.",
        "J. Frew wrote it.",
        "Write to a.b@example.com or see https://x.y/z?q=1.",
        "We meet at 9 a.m. on Mon. 4 Mar. as usual.",
        "Tarnfield Ltd. is in Kendal.",
        "The U.S. Office pays.",
        "He said that ... it depends.",
        "The file config.yaml holds it.",
    ],
)
def test_these_are_one_sentence(whole: str) -> None:
    assert split(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It rains. It pours.", ["It rains.", "It pours."]),
        ("Does it rain? Yes! It does.", ["Does it rain?", "Yes!", "It does."]),
        ('He said "stop." She did.', ['He said "stop."', "She did."]),
        ("It was **cold.** The gauge froze.", ["It was **cold.**", "The gauge froze."]),
        ("It costs £5. (It was £4.) It will be £6.", ["It costs £5.", "(It was £4.)", "It will be £6."]),
        ("It is so, said I. Then we left.", ["It is so, said I.", "Then we left."]),
        ("The answer is no. We asked.", ["The answer is no.", "We asked."]),
        ("The year was 2011. Kendal was wet.", ["The year was 2011.", "Kendal was wet."]),
        ("今日は雨です。明日は晴れ。", ["今日は雨です。", "明日は晴れ。"]),
        ("Wait… What?", ["Wait…", "What?"]),
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("No stop at the end\n\nof a paragraph", ["No stop at the end", "of a paragraph"]),
    ],
)
def test_these_are_several(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_lines_of_a_list_are_sentences_of_their_own() -> None:
    text = "- first item\n- second item\n1. third item\n\n| a | b |\n| c | d |"
    assert split(text) == ["- first item", "- second item", "1. third item", "| a | b |", "| c | d |"]


def test_a_line_that_an_editor_wrapped_goes_on() -> None:
    text = "This line is as long as editors make them, so the sentence goes on\nhere and ends. Then another one begins."
    assert split(text) == [text[: text.index(" Then")], "Then another one begins."]


def test_a_line_that_is_bold_from_end_to_end_is_not_wrapped() -> None:
    lines = [
        "**Why does the cheap one go longer between calibrations, and what do I say?**",
        "Because it measures less.",
    ]
    assert split("\n".join(lines)) == lines


def test_a_short_line_ends_where_it_ends() -> None:
    assert split("Kendal\nEdinburgh\nAberystwyth") == ["Kendal", "Edinburgh", "Aberystwyth"]


def test_an_abbreviation_at_the_end_of_a_paragraph_ends_it() -> None:
    assert split("Paid to Tarnfield Ltd.\n\nThe end.") == ["Paid to Tarnfield Ltd.", "The end."]


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_blanks_hold_no_sentence(text: str) -> None:
    assert sentences(text) == []


@given(st.lists(st.sampled_from(["It rains.", "e.g.", "Dr.", "3.", "no", "\n", "\n\n", "- ", '"', "?", "A", "é"])))
def test_sentences_cover_the_text_in_order_without_their_edges(parts: list[str]) -> None:
    text = " ".join(parts)
    spans = sentences(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
