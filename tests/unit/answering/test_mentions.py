"""Names, people and the words that are about something."""

from __future__ import annotations

import pytest

from rag.answering.mentions import content, names, people


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What did Ingrid Solheim do before?", ["Ingrid Solheim"]),
        ("Does Maeve own TF-C-0167?", ["Maeve", "TF-C-0167"]),
        ("who owns the kestrel l2?", ["l2"]),
        ("Parking costs what?", []),  # a capital that only opens the sentence
        ("What Otter is it?", ["Otter"]),
        ("What is the Port of Invergair paying?", ["Port of Invergair"]),
    ],
)
def test_names_and_codes(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in names(text)] == expected


@pytest.mark.parametrize("text", ["a" * 400_000, "a." * 200_000, "- " * 200_000])
def test_a_long_text_is_read_in_one_go(text: str) -> None:
    assert names(text) == [], "with half an hour of searching where each letter begins it anew"


def test_people_have_two_or_three_capitalised_words_and_no_marks() -> None:
    said = "**Ingrid Solheim** [1] met Sean O'Neill and O'Neill Byrne at TF-C-0167 in Bergen."
    assert people(said) == ["Ingrid Solheim", "Sean O'Neill", "O'Neill Byrne"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does the gauge cost?", ["gauge", "cost"]),
        ("and what's that one's weight then", ["weight"]),
        ("can't I just pay cash", ["pay", "cash"]),
        ("who is he", []),
    ],
)
def test_the_words_that_are_about_something(question: str, expected: list[str]) -> None:
    assert content(question) == expected
