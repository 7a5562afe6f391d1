"""What people said of answers ends in a file that `rag.evaluate` reads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.answering.feedback import keep
from rag.evaluation.questions import read_questions
from rag.schema import LodestarError


def test_what_is_kept_is_a_question_that_can_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "new" / "feedback.jsonl"
    assert keep(path, "When does\nit end?", ["contracts/a.md"], asked_as="When does the Meridian agreement end?")
    assert keep(path, "Who owns the moon?", [])
    first, second = read_questions(path)
    assert (first.question, list(first.sources), first.category) == (
        "When does the Meridian agreement end?",
        ["contracts/a.md"],
        "feedback",
    )
    assert second.category == "unanswerable"


def test_the_same_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    assert keep(path, "When?", ["a.md"])
    assert not keep(path, "When?", ["a.md"])
    assert len(path.read_text("utf-8").splitlines()) == 1


def test_what_somebody_wrote_by_hand_stays(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('{"question": "By hand?", "sources": ["a.md"]}', "utf-8")  # without a line end
    keep(path, "When?", ["a.md"])
    assert [question.question for question in read_questions(path)] == ["By hand?", "When?"]


def test_what_is_said_later_of_a_question_replaces_what_was_said_before(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('{"question": "When?", "sources": ["hand.md"]}\nno question at all\n', "utf-8")
    for sources in (["a.md", "b.md"], ["c.md"], [], ["d.md"]):
        assert keep(path, "When?", sources)
        assert keep(path, "Who?", sources)
    by_hand, broken, *kept = path.read_text("utf-8").splitlines()
    assert ("hand.md" in by_hand, broken) == (True, "no question at all")
    assert [json.loads(line)["sources"] for line in kept] == [["d.md"], ["d.md"]]


def test_many_at_once(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: keep(path, f"Question {n}?", ["a.md"]), range(50)))
    assert len(read_questions(path)) == 50


@pytest.mark.parametrize("name", ["folder", "file/feedback.jsonl"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(LodestarError, match="RAG_FEEDBACK"):
        keep(tmp_path / name, "When?", [])
