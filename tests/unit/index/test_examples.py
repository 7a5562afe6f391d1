"""The first questions a visitor is offered."""

from __future__ import annotations

import pytest

from rag.index.examples import example_questions
from rag.schema import Chunk

BODY = "Long enough to hold an answer. " * 6


def chunk(title: str, heading: str, doc_type: str = "policies", body: str = BODY) -> Chunk:
    return Chunk(f"{title}{heading}", body, f"{doc_type}/a.md", doc_type, title, heading, 0, len(body))


def test_a_heading_that_asks_is_the_question_with_its_subject_in_front() -> None:
    assert example_questions([chunk("Leave", "Time off > How long is it?")]) == ["Leave: how long is it?"]


@pytest.mark.parametrize(
    "heading", ["3. Notice periods", "3.2 Notice periods", "Part 4: Notice periods", "Notice periods:"]
)
def test_a_heading_that_names_is_asked_about_without_its_number(heading: str) -> None:
    assert example_questions([chunk("Leave", heading)]) == ["What does “Leave” say about Notice periods?"]


def test_ordinary_first_words_lose_their_capital_and_names_keep_it() -> None:
    found = example_questions([chunk("Leave", "Asking for leave"), chunk("Leave", "Kendal office")])
    assert set(found) == {"What does “Leave” say about asking for leave?", "What does “Leave” say about Kendal office?"}


@pytest.mark.parametrize(
    "poor",
    [
        chunk("Leave", ""),
        chunk("Leave", "One"),
        chunk("Leave", "A heading that goes on for far too many words here"),
        chunk("L" * 61, "Notice periods"),
        chunk("Leave", "Notice periods", body="Short."),
    ],
)
def test_poor_headings_make_no_question(poor: Chunk) -> None:
    assert example_questions([poor]) == []


def test_each_doc_type_has_its_turn_and_nothing_comes_twice() -> None:
    asked = {"policies": (1, 2, 2), "contracts": (1, 3, 4)}
    chunks = [chunk("Leave", f"Question {n}?", doc_type) for doc_type, numbers in asked.items() for n in numbers]
    assert example_questions(chunks, 3) == [f"Leave: Question {n}?" for n in (1, 2, 3)]
