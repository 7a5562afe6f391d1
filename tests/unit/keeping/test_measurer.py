"""Evaluations beside the app: one at a time, kept in number, and only for whoever may."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.keeping import runs
from rag.keeping.allowed import NotAllowed
from rag.keeping.child import Ended
from rag.keeping.evaluating import Evaluations, outcome
from rag.keeping.measurer import Measurer, newest_before
from rag.keeping.runs import Run, keep, kept
from rag.schema import LodestarError
from tests.unit.index.building import ingest
from tests.unit.index.conftest import _exact_store, index

__all__ = ["_exact_store", "index"]

HERE = "127.0.0.1:7860"
_CHILD = """
import json, os, sys, time
print("Searched for 3 of 10 questions, 5 a second, about 2 s left", file=sys.stderr, flush=True)
while not os.path.exists({go!r}): time.sleep(0.01)
env = {{name: os.environ.get(name) for name in ("OPENAI_API_KEY", "RAG_AUTH", "RAG_K")}}
print(json.dumps({{"rows": [], "arguments": sys.argv[1:], "env": env, "much": "x" * 300_000}}))
"""


def made(at: str, generation: str = "gen-1", questions: str = "feedback") -> Run:
    return Run(questions, f"2026-11-22T10:{at}:00.000+00:00", generation, "2026-11-21T09:00:00+00:00", {"rows": []})


def wait(evaluations: Evaluations | Measurer, going: bool = False) -> None:
    now = (lambda: evaluations.now) if isinstance(evaluations, Evaluations) else lambda: evaluations.evaluating
    end = time.monotonic() + 60
    while time.monotonic() < end and (not now().total if going else now().running):
        time.sleep(0.02)


@pytest.fixture
def go(tmp_path: Path) -> Path:
    return tmp_path / "go"


def evaluations(settings: Settings, go: Path) -> Evaluations:
    return Evaluations(settings, (sys.executable, "-c", _CHILD.format(go=str(go))))


def test_one_at_a_time_how_far_it_is_and_without_keys(
    tmp_path: Path, go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    settings = Settings.load({"OPENAI_API_KEY": "sk-secret", "RAG_AUTH": "me:secret"}, None, index=tmp_path, k=7)
    measured = evaluations(settings, go)
    measured.start("feedback", tmp_path / "q.jsonl", compare=True)
    with pytest.raises(LodestarError, match="being measured already"):
        measured.start("feedback", tmp_path / "q.jsonl")
    wait(measured, going=True)
    assert (measured.now.doing, measured.now.done, measured.now.total, measured.now.left) == ("Searched", 3, 10, 2)
    go.touch()
    wait(measured)
    report = measured.now.report
    assert report is not None
    assert report["env"] == {"OPENAI_API_KEY": "", "RAG_AUTH": "", "RAG_K": "7"}
    assert report["arguments"] == [str(tmp_path / "q.jsonl"), "--json", "--index", str(tmp_path), "--compare"]
    measured.start("feedback", tmp_path / "q.jsonl", answers=True)
    wait(measured)
    assert measured.now.report is not None
    assert measured.now.report["env"]["OPENAI_API_KEY"] == "sk-secret", "a model must be asked for answers"


def test_it_can_be_stopped(tmp_path: Path, go: Path) -> None:
    measured = evaluations(Settings.load({}, None, index=tmp_path), go)
    measured.stop()  # nothing is running
    measured.start("feedback", tmp_path / "q.jsonl")
    wait(measured, going=True)
    measured.stop()
    wait(measured)
    assert measured.now.fault == "It was stopped, and nothing was kept of it."


def test_what_went_wrong_is_told_in_a_sentence() -> None:
    assert outcome("a", Ended(2, "", ["noise", "lodestar: No question can be measured."])).fault == (
        "No question can be measured."
    )
    assert "ended with 1" in outcome("a", Ended(1, "", ["Traceback"])).fault
    assert "ended with 0" in outcome("a", Ended(0, "no json", [])).fault


def test_the_last_runs_are_kept_and_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    for n in range(runs.MOST + 3):
        assert keep(tmp_path, made(f"{n:02}"))
    keep(tmp_path, made("00", questions="shipped"))
    (tmp_path / runs.QUALITY / "feedback-20990101.json").write_text("{broken")
    (tmp_path / runs.QUALITY / "feedback-20990102.json").write_text(json.dumps({"questions": 1}))
    (tmp_path / runs.QUALITY / "feedback-20990103.json").write_text(
        json.dumps({"questions": "feedback", "at": "x", "generation": "g", "built": "b", "report": {"rows": 3}})
    )
    found = kept(tmp_path, "feedback")
    assert [run.at[14:16] for run in found] == [f"{n:02}" for n in range(runs.MOST + 2, 2, -1)]
    assert len(kept(tmp_path, "shipped")) == 1
    assert not list((tmp_path / runs.QUALITY).glob("*.tmp"))


def test_where_nothing_can_be_written_the_last_run_is_still_told(index: Path, tmp_path: Path, go: Path) -> None:
    ingest(index)
    (index / runs.QUALITY).write_text("in the way")
    file = tmp_path / "feedback.jsonl"
    file.write_text('{"question": "a", "sources": ["a.md"]}\n')
    settings = Settings.load({}, None, index=index, feedback=file)
    measurer = Measurer(settings, evaluations(settings, go))
    go.touch()
    measurer.start(HERE, "feedback")
    wait(measurer)
    (run,) = measurer.runs(HERE, "feedback")
    assert run.generation == measurer.generation()
    assert measurer.runs(HERE, "../feedback") == []


def test_held_against_the_run_before_of_another_index() -> None:
    now, same, other = made("09", "gen-2"), made("05", "gen-2"), made("01", "gen-1")
    assert newest_before([same, other], now) == other
    assert newest_before([same], now) == same
    assert newest_before([], now) is None


@pytest.mark.parametrize(
    ("given", "host"), [({"manage": "off"}, HERE), ({"share": True}, HERE), ({}, "lodestar.example"), ({}, "")]
)
def test_off_where_others_can_reach_it(index: Path, tmp_path: Path, given: dict[str, Any], host: str) -> None:
    ingest(index)
    file = tmp_path / "feedback.jsonl"
    file.write_text('{"question": "a", "sources": ["a.md"]}\n')
    measurer = Measurer(Settings.load({}, None, index=index, feedback=file, **given))
    assert "RAG_MANAGE" in measurer.refusal(host)
    for forbidden in (
        lambda: measurer.start(host, "feedback"),
        lambda: measurer.stop(host),
        lambda: measurer.runs(host, "feedback"),
        lambda: measurer.files(host),
    ):
        with pytest.raises(NotAllowed):
            forbidden()
    assert not measurer.evaluating.running


def test_only_files_that_are_there_can_be_measured(index: Path, tmp_path: Path) -> None:
    measurer = Measurer(Settings.load({}, None, index=index, feedback=tmp_path / "no.jsonl", knowledge_base=tmp_path))
    assert measurer.refusal(HERE) == ""
    assert measurer.files(HERE) == []
    for name in ("feedback", "shipped", "/etc/passwd", ""):
        with pytest.raises(LodestarError, match="not there any more"):
            measurer.start(HERE, name)
    root = Path(__file__).resolve().parents[3]
    shipped = Measurer(Settings.load({}, None, index=index, feedback=tmp_path, knowledge_base=root / "knowledge-base"))
    assert [(file.name, file.lines) for file in shipped.files(HERE)] == [("shipped", 201)]
