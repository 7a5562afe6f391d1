"""python -m rag.evaluate with the real model: its figures, and the judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.evaluation.judge import SYSTEM, open_judge
from rag.evaluation.questions import Question
from rag.index.embed import Embedder
from rag.schema import Answer
from tests.doubles.replies import FAILURES
from tests.doubles.scripted import Messages, ScriptedEndpoint
from tests.integration.evaluating import QUESTIONS, Evaluates, evaluates, questions

__all__ = ["evaluates", "questions"]


def without_times(report: Any) -> Any:
    if isinstance(report, dict):
        return {key: without_times(value) for key, value in report.items() if not key.endswith("ms")}
    return [without_times(item) for item in report] if isinstance(report, list) else report


def test_the_figures_of_a_comparison(evaluates: Evaluates, small_base: Path, small_index: Path) -> None:
    report = evaluates("--knowledge-base", small_base, "--index", small_index, "--compare", "--json")
    assert report["questions"] == {
        "file": report["questions"]["file"],
        "split": None,
        "asked": 6,
        "measured": 4,
        "unanswerable": 1,
        "not_measurable": ["bare"],
    }
    assert report["notes"] == []
    retrieval = report["retrieval"]
    assert retrieval["chunks"] == {"lodestar": 7, "plain": 7}
    assert retrieval["categories"] == ["contracts", "follow_up", "policies", "uncategorised"]
    whole = retrieval["groups"]["all"]
    # Everything is found by both sides, since k is more than there is.
    for side in ("lodestar", "plain"):
        for key, n in (("coverage", 2), ("hit", 3), ("recall", 2), ("recall_budget", 2)):
            assert (whole[side][key]["mean"], whole[side][key]["n"]) == (1.0, n)
    assert whole["lodestar"]["mrr"]["mean"] == 1.0
    assert whole["paired"]["recall"] | {"difference": 0} == {
        "n": 2, "wins": 0, "losses": 0, "ties": 2, "difference": 0, "p": 1.0
    }  # fmt: skip
    # One chunk holds the document, and seven of them 40 of the characters that are wanted.
    (row,) = [row for row in report["rows"] if row["id"] == "fact"]
    retrieved = sum(found["end"] - found["start"] for found in row["results"]["plain"]["found"])
    assert row["results"]["plain"]["figures"]["precision"] == pytest.approx(40 / retrieved, abs=1e-6)
    assert retrieval["reworded"]["follow_up"]["n"] == 1
    (follow_up,) = [row for row in report["rows"] if row["id"] == "follow-up"]
    assert "Otter" in follow_up["query"]
    assert all(taken > 0 for times in retrieval["search_ms"].values() for taken in times.values())


def test_the_same_run_gives_the_same_figures(evaluates: Evaluates, small_base: Path, small_index: Path) -> None:
    arguments = ("--knowledge-base", small_base, "--index", small_index, "--compare", "--answers", "-k", "3", "--json")
    first, second = evaluates(*arguments), evaluates(*arguments)
    assert without_times(first) == without_times(second)
    assert first != second, "the times are there"


def test_a_table_for_a_person_and_a_page(
    evaluates: Evaluates, small_index: Path, tmp_path: Path, questions: Path
) -> None:
    text = evaluates("--index", small_index, "--k", "3", "--split", "dev", "--html", tmp_path / "report.html")
    assert text.startswith(f"2 questions of the dev half in {questions}; 2 measured at k=3 in 7 chunks.\n")
    assert "MRR" in text
    html = (tmp_path / "report.html").read_text("utf-8")
    assert html.startswith("<!doctype html>")
    assert "2 measured at k=3" in html


def test_answers_are_scored_without_a_judge(evaluates: Evaluates, small_index: Path) -> None:
    report = evaluates("--index", small_index, "--answers", "--json")
    answers = report["answers"]
    assert answers["judge"] is None
    assert answers["llm"] == "Quotes from the documents (no model needed)"
    assert answers["groups"]["answerable"]["complete"]["mean"] == 1.0, "both questions with keywords"
    assert answers["groups"]["answerable"]["supported"]["mean"] == 1.0, "it can only quote"
    assert answers["groups"]["unanswerable"]["refused"]["mean"] == 1.0
    assert [row["id"] for row in report["answer_rows"]] == [question["id"] for question in QUESTIONS]


ASKED = "When does the Port of Invergair agreement end?"


def script(messages: Messages) -> str:
    if messages[0]["content"] == SYSTEM:
        marks = {"reason": "It says so.", "accuracy": 5, "completeness": 4, "relevance": 3}
        return json.dumps(marks) if ASKED in messages[-1]["content"] else "I would say five."
    return "It ends on 30 September 2028 [1]."


def test_a_judge_marks_answers_and_what_it_fails_at_is_told(
    evaluates: Evaluates, small_index: Path, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.script = script
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("RAG_LLM", "openai")
    report = evaluates("--index", small_index, "--answers", "--split", "dev", "--json")
    answers = report["answers"]
    assert answers["judge"] == answers["llm"] != ""
    assert answers["judged"] == 1
    assert list(answers["judge_faults"].values()) == [1]
    figures = answers["groups"]["answerable"]
    assert [figures[mark]["mean"] for mark in ("accuracy", "completeness", "relevance")] == [5, 4, 3]
    assert report["answer_rows"][0]["judgement"]["reason"] == "It says so."
    (said,) = [request.text for request in endpoint.chats if SYSTEM in request.text and ASKED in request.text]
    assert "30 September 2028" in said


@pytest.mark.parametrize("failure", ["401", "500", "200 html", "empty stream", "cut"])
def test_a_judge_that_fails_is_a_sentence(endpoint: ScriptedEndpoint, minilm: Embedder, failure: str) -> None:
    endpoint.script = lambda messages: FAILURES[failure]
    judge = open_judge(Settings(openai_base_url=endpoint.base_url), minilm)
    assert judge is not None
    judgement = judge(Question("q", "When?", answer="In May."), Answer("When?", "In June."))
    judge.close()
    assert judgement.marks == {}
    assert judgement.fault.endswith(".")
    assert "\n" not in judgement.fault


def test_without_an_endpoint_there_is_no_judge(minilm: Embedder) -> None:
    assert open_judge(Settings(llm="extractive"), minilm) is None
