"""python -m rag.ask: one object a question, proofs that stand in the files, exit codes that mean something."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag import ask, command
from rag.answering import assistant as room
from rag.index.embed import Embedder
from tests.doubles.replies import FAILURES
from tests.doubles.scripted import ScriptedEndpoint
from tests.integration.conftest import DOCUMENTS, environment

QUESTION = "When does the Port of Invergair agreement end?"
UNKNOWN = "Which zeppelin did the chancellor of Bolivia commission?"
FIELDS = {
    "question": str,
    "answer": str,
    "refused": bool,
    "citations": list,
    "llm": str,
    "first_token_ms": float,
    "ms": float,
}
CITATION = {"n": int, "source": str, "doc_type": str, "start": int, "end": int, "quote": str}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    small_index: Path,
    minilm: Embedder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command in this process: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_LLM", "extractive")
    monkeypatch.setenv("RAG_K", "5")
    monkeypatch.setattr(room, "open_embedder", lambda settings: minilm)

    def run(*arguments: str, stdin: str = "", index: Path = small_index) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rag.ask", *arguments, "--index", str(index)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = 0
        try:
            command.run(ask.main)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def check_schema(report: dict[str, Any]) -> None:
    assert {name: type(value) for name, value in report.items()} == FIELDS
    for citation in report["citations"]:
        assert {name: type(value) for name, value in citation.items()} == CITATION
        assert DOCUMENTS[citation["source"]][citation["start"] : citation["end"]] == citation["quote"] != ""
        assert citation["source"].startswith(citation["doc_type"] + "/")
        assert f"[{citation['n']}]" in report["answer"]
    assert report["ms"] >= report["first_token_ms"] > 0


def test_json_is_one_object_as_promised(run: Run) -> None:
    code, out, err = run(QUESTION, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    report = json.loads(out)
    check_schema(report)
    assert report["question"] == QUESTION
    assert "30 September 2028" in report["answer"]
    assert report["refused"] is False
    assert report["citations"]
    assert report["llm"] == "Quotes from the documents (no model needed)"


def test_questions_from_standard_input_one_a_line(run: Run) -> None:
    code, out, err = run("-", stdin=f"{QUESTION}\n\n  {UNKNOWN}  \nHow long is parental leave?")
    reports = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [report["question"] for report in reports] == [QUESTION, UNKNOWN, "How long is parental leave?"]
    assert [report["refused"] for report in reports] == [False, True, False]
    for report in reports:
        check_schema(report)
    assert reports[1]["citations"] == []


def test_for_a_person(run: Run) -> None:
    code, out, err = run(QUESTION)
    assert (code, err) == (0, "")
    answer, _, proofs = out.partition("\n\n[1] ")
    assert "30 September 2028" in answer
    assert "[1]" in answer
    assert "(contracts/invergair.md)" in proofs
    assert "\u201cThe agreement ends on 30 September 2028.\u201d" in proofs
    assert not out.lstrip().startswith("{")


def test_what_was_read_in_another_spelling_is_named(run: Run) -> None:
    code, out, err = run("How long is parantal leave?")
    assert (code, err) == (0, "lodestar: I read \u201cparantal\u201d as \u201cparental\u201d.\n")
    assert "twenty-six" in out


def test_small_talk_is_answered_in_kind(run: Run) -> None:
    code, out, err = run("Thanks!", "--json")
    report = json.loads(out)
    assert (code, err, report["answer"], report["citations"]) == (0, "", "You are welcome.", [])


def test_doc_type_limits_the_search(run: Run) -> None:
    _, out, _ = run("When did Rhona McAllister join?", "--doc-type", "employees", "--json")
    assert {citation["doc_type"] for citation in json.loads(out)["citations"]} == {"employees"}
    code, out, _ = run("When did Rhona McAllister join?", "--doc-type", "menus", "--json")
    assert (code, json.loads(out)["refused"]) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((" ",), "The question is empty"),
        ((QUESTION, "--doc-type"), "expected one argument"),
        ((), "required: QUESTION"),
    ],
)
def test_wrong_use_ends_with_2(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_without_an_index_it_ends_with_2_and_one_sentence(run: Run, tmp_path: Path) -> None:
    code, out, err = run(QUESTION, index=tmp_path / "none")
    assert (code, out) == (2, "")
    assert err == f"lodestar: There is no index in {tmp_path / 'none'} yet; run: python -m rag.ingest.\n"


@pytest.mark.parametrize("failure", ["401", "cut", "overflow, llama.cpp"])
def test_an_endpoint_that_fails_ends_with_2_after_every_question_was_asked(
    run: Run, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setenv("RAG_LLM", "openai")
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    endpoint.script = lambda messages: (
        FAILURES[failure] if "Invergair" in messages[-1]["content"].rsplit("Question: ")[-1] else "26 weeks [1]."
    )
    code, out, err = run("-", stdin=f"{QUESTION}\nHow long is parental leave?\n")
    failed, answered = map(json.loads, out.splitlines())
    assert code == 2
    assert failed["fault"].endswith(".")
    assert err == f"lodestar: {failed['fault']}\n"
    assert answered["answer"] == "26 weeks [1]."
    check_schema(answered)

    code, out, err = run(QUESTION)
    assert code == 2
    assert err == f"lodestar: {failed['fault']}\n"
    assert failed["fault"] not in out


def test_as_a_command_of_its_own(small_index: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag.ask", "-", "--index", str(small_index)],
        input=f"{QUESTION}\n{UNKNOWN}\n",
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=environment(RAG_LLM="extractive"),
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second = map(json.loads, done.stdout.splitlines())
    check_schema(first)
    assert (first["refused"], second["refused"]) == (False, True)


def test_a_mark_before_the_text_and_an_output_of_few_letters(small_index: Path, tmp_path: Path) -> None:
    """What Windows writes before a text is no part of the question, and what a terminal cannot show breaks nothing."""
    settings = environment(RAG_LLM="extractive", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    command = [sys.executable, "-m", "rag.ask", "--index", str(small_index)]
    told = "What does the Otter probe cost?"
    options: dict[str, Any] = {"capture_output": True, "cwd": tmp_path, "env": settings, "timeout": 300}
    lines = subprocess.run([*command, "-"], input=f"\ufeff{told}\n".encode(), **options)
    assert (lines.returncode, lines.stderr) == (0, b"")
    report = json.loads(lines.stdout.decode("ascii"))
    assert report["question"] == told
    assert "£4,100" in report["answer"]
    shown = subprocess.run([*command, told], **options)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "\\u00a34,100" in shown.stdout.decode("ascii")
