"""The questions of benchmarks/ prove what they say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rag.evaluation.questions import read_questions

ROOT = Path(__file__).parents[2]
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (ROOT / "benchmarks" / "questions.jsonl").open(encoding="utf-8")
]


def test_there_are_enough_questions_of_every_category_in_two_halves() -> None:
    categories = Counter(question["category"] for question in QUESTIONS)
    splits = Counter(question["split"] for question in QUESTIONS)
    assert len(QUESTIONS) >= 160
    assert set(categories) == {
        "direct_fact",
        "numerical",
        "temporal",
        "comparative",
        "spanning",
        "relationship",
        "holistic",
        "follow_up",
        "misspelled",
        "unanswerable",
    }
    assert set(splits) == {"dev", "held_out"}
    assert abs(splits["dev"] - splits["held_out"]) <= 2
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_a_question_is_proved_by_the_exact_text_of_its_sources(question: dict[str, Any]) -> None:
    quotes = []
    for reference in question["references"]:
        text = (ROOT / "knowledge-base" / reference["source"]).read_text("utf-8")
        assert text[reference["start"] : reference["end"]] == reference["quote"]
        quotes.append(reference["quote"].lower())
    assert question["sources"] == list(dict.fromkeys(reference["source"] for reference in question["references"]))
    assert all(any(keyword.lower() in quote for quote in quotes) for keyword in question["keywords"])
    assert bool(question["keywords"]) == (question["category"] != "unanswerable")
    assert bool(question.get("turns")) == (question["category"] == "follow_up")


def test_a_follow_up_is_also_put_as_one_would_to_a_stranger() -> None:
    asked = {question["id"]: question for question in QUESTIONS if question["category"] == "follow_up"}
    assert len(asked) == 20
    for name, question in asked.items():
        assert len(question["standalone"].split()) > 4, name
        assert question["standalone"].endswith("?"), name
        assert question["standalone"] != question["question"], name


def test_the_command_reads_them_as_they_are_written() -> None:
    read = read_questions(ROOT / "benchmarks" / "questions.jsonl")
    assert [(question.id, question.question) for question in read] == [
        (q["id"], q["question"].strip()) for q in QUESTIONS
    ]
    assert [question.reworded for question in read] == [q.get("standalone") or q.get("clean") or "" for q in QUESTIONS]
    assert sum(question.measurable for question in read) == sum(bool(q["keywords"]) for q in QUESTIONS)
