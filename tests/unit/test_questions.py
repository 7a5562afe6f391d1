"""The questions of benchmarks/ prove what they say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rag.evaluation.questions import read_questions

ROOT = Path(__file__).parents[2]
SETS: dict[str, tuple[Path, Path]] = {  # the set -> its documents and its questions
    "first": (ROOT / "knowledge-base", ROOT / "benchmarks" / "questions.jsonl"),
    "second": (ROOT / "benchmarks" / "second" / "knowledge-base", ROOT / "benchmarks" / "second" / "questions.jsonl"),
}
TRAINING = sorted(path.parent for path in (ROOT / "benchmarks" / "training").glob("*/knowledge-base"))
QUESTIONS: dict[str, list[dict[str, Any]]] = {
    name: [json.loads(line) for line in path.open(encoding="utf-8")] for name, (_, path) in SETS.items()
}
FEWEST = {  # of every category, in each set
    "first": {
        "direct_fact": 32,
        "numerical": 25,
        "temporal": 20,
        "comparative": 18,
        "spanning": 18,
        "relationship": 15,
        "holistic": 13,
        "follow_up": 20,
        "misspelled": 16,
        "unanswerable": 24,
    },
    "second": {
        "direct_fact": 24,
        "numerical": 14,
        "temporal": 12,
        "comparative": 10,
        "spanning": 10,
        "relationship": 10,
        "holistic": 6,
        "follow_up": 8,
        "misspelled": 8,
        "unanswerable": 24,
    },
}


@pytest.mark.parametrize("name", SETS)
def test_there_are_enough_questions_of_every_category_in_two_halves(name: str) -> None:
    questions = QUESTIONS[name]
    categories = Counter(question["category"] for question in questions)
    splits = Counter(question["split"] for question in questions)
    assert set(categories) == set(FEWEST[name])
    assert all(categories[category] >= fewest for category, fewest in FEWEST[name].items())
    assert set(splits) == {"dev", "held_out"}
    assert abs(splits["dev"] - splits["held_out"]) <= 2
    assert len({question["id"] for question in questions}) == len(questions)


@pytest.mark.parametrize(
    ("documents", "question"),
    [
        pytest.param(documents, question, id=f"{name}-{question['id']}")
        for name, (documents, _) in SETS.items()
        for question in QUESTIONS[name]
    ],
)
def test_a_question_is_proved_by_the_exact_text_of_its_sources(documents: Path, question: dict[str, Any]) -> None:
    quotes = []
    for reference in question["references"]:
        text = (documents / reference["source"]).read_text("utf-8")
        assert text[reference["start"] : reference["end"]] == reference["quote"]
        quotes.append(reference["quote"].lower())
    assert question["sources"] == list(dict.fromkeys(reference["source"] for reference in question["references"]))
    assert all(any(keyword.lower() in quote for quote in quotes) for keyword in question["keywords"])
    assert bool(question["keywords"]) == (question["category"] != "unanswerable")
    assert bool(question.get("turns")) == (question["category"] == "follow_up")
    assert bool(question.get("standalone")) == (question["category"] == "follow_up")


@pytest.mark.parametrize("name", SETS)
def test_a_follow_up_is_also_put_as_one_would_to_a_stranger(name: str) -> None:
    asked = {question["id"]: question for question in QUESTIONS[name] if question["category"] == "follow_up"}
    assert len(asked) == FEWEST[name]["follow_up"]
    for number, question in asked.items():
        assert len(question["standalone"].split()) > 4, number
        assert question["standalone"].endswith(("?", ".")), number
        assert question["standalone"] != question["question"], number


@pytest.mark.parametrize("name", SETS)
def test_the_command_reads_them_as_they_are_written(name: str) -> None:
    read, written = read_questions(SETS[name][1]), QUESTIONS[name]
    assert [(question.id, question.question) for question in read] == [
        (q["id"], q["question"].strip()) for q in written
    ]
    assert [question.reworded for question in read] == [q.get("standalone") or q.get("clean") or "" for q in written]
    assert sum(question.measurable for question in read) == sum(bool(q["keywords"]) for q in written)


@pytest.mark.parametrize("organisation", TRAINING)
def test_what_is_learned_from_is_proved_by_the_exact_text_of_its_sources(organisation: Path) -> None:
    for path in organisation.glob("*.jsonl"):
        questions = [json.loads(line) for line in path.open(encoding="utf-8")]
        assert len({question["id"] for question in questions}) == len(questions) > 50
        for question in questions:
            assert question["question"].strip()
            for reference in question["references"]:
                text = (organisation / "knowledge-base" / reference["source"]).read_text("utf-8")
                assert text[reference["start"] : reference["end"]] == reference["quote"], question["id"]


@pytest.mark.parametrize("organisation", [one for one in TRAINING if (one / "conversations.jsonl").exists()])
def test_a_conversation_ends_in_a_follow_up_with_its_plain_wording_or_in_something_new(organisation: Path) -> None:
    talks = read_questions(organisation / "conversations.jsonl")
    kinds = Counter(talk.category for talk in talks)
    assert kinds == {"follow_up": 60, "new_topic": 15}
    for talk in talks:
        assert talk.turns
        assert talk.references
        assert bool(talk.reworded) == (talk.category == "follow_up")
        assert talk.question not in {turn.question for turn in talk.turns}
