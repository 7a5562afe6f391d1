"""python -m rag.evaluate with the real model: its figures, its faults, which index it measures, and the judge."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plain import PlainRecipe, plain_chunks
from rag import command, evaluate
from rag.config import Settings
from rag.documents.load import load
from rag.evaluation.judge import SYSTEM, open_judge
from rag.evaluation.questions import Question
from rag.evaluation.run import Query
from rag.index.embed import Embedder
from rag.index.generation import published
from rag.ingest import ingest
from rag.schema import Answer, Document
from tests.doubles.replies import FAILURES
from tests.doubles.scripted import Messages, ScriptedEndpoint
from tests.integration.conftest import DOCUMENTS, ROOT, environment, write_documents

Evaluates = Callable[..., Any]


def reference(source: str, quote: str) -> dict[str, object]:
    start = DOCUMENTS[source].index(quote)
    return {"source": source, "start": start, "end": start + len(quote), "quote": quote}


QUESTIONS: list[dict[str, object]] = [
    {
        "id": "fact",
        "split": "dev",
        "category": "contracts",
        "question": "When does the Port of Invergair agreement end?",
        "keywords": ["30 September 2028"],
        "references": [reference("contracts/invergair.md", "The agreement ends on 30 September 2028.")],
    },
    {
        "id": "source",
        "split": "held_out",
        "question": "Who has a desk in Kirkwall?",
        "sources": ["employees/callum-drever.md"],
    },
    {
        "id": "span",
        "split": "dev",
        "category": "policies",
        "question": "How long is parental leave?",
        "references": [reference("policies/parental-leave.md", "Parental leave lasts twenty-six weeks.")],
    },
    {
        "id": "follow-up",
        "split": "held_out",
        "category": "follow_up",
        "question": "And what does it weigh?",
        "turns": [{"question": "What does the Otter probe measure?", "answer": "Dissolved oxygen."}],
        "keywords": ["3.2 kg"],
        "standalone": "What does the Otter probe weigh?",
    },
    {"id": "none", "category": "unanswerable", "question": "Which xylophone do hippopotamuses play at jubilees?"},
    {"id": "bare", "question": "How tall is the lighthouse?"},
]


def without_times(report: Any) -> Any:
    if isinstance(report, dict):
        return {key: without_times(value) for key, value in report.items() if not key.endswith("ms")}
    return [without_times(item) for item in report] if isinstance(report, list) else report


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asked") / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    return path


@pytest.fixture
def evaluates(
    questions: Path, minilm: Embedder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Evaluates:
    """Runs the command in this process, which has loaded the model, and gives what it printed, as JSON where it is."""
    monkeypatch.setattr(evaluate, "open_embedder", lambda settings: minilm)
    monkeypatch.setattr("rag.ingest.open_embedder", lambda settings: minilm)

    def run(*arguments: str | Path, file: Path = questions) -> Any:
        monkeypatch.setattr(sys, "argv", ["evaluate", str(file), *map(str, arguments)])
        command.run(evaluate.main)
        out = capsys.readouterr().out
        return json.loads(out) if "--json" in arguments else out

    return run


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


def script(messages: Messages) -> str:
    if messages[0]["content"] == SYSTEM:
        marks = {"reason": "It says so.", "accuracy": 5, "completeness": 4, "relevance": 3}
        return json.dumps(marks) if "Invergair" in messages[-1]["content"] else "I would say five."
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
    (said,) = [request.text for request in endpoint.chats if SYSTEM in request.text and "Invergair" in request.text]
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


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_an_index_that_fits_is_used(
    evaluates: Evaluates, small_base: Path, small_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_INDEX", str(small_index))
    monkeypatch.setattr(evaluate, "ingest", lambda *_, **__: pytest.fail("nothing is to be built"))
    assert "2 measured" in evaluates("--knowledge-base", small_base, "--split", "dev")


def test_an_index_that_does_not_fit_is_left_as_it_is(tmp_path: Path) -> None:
    index, base = tmp_path / "index", write_documents(tmp_path / "base")
    ingest(Settings(knowledge_base=base, index=index))
    before = files(index)
    (base / "policies" / "parental-leave.md").write_text("# Leave\n\nNone.\n", "utf-8")
    done = run_command(index, "--knowledge-base", base, "--json", index=False)
    assert "building one for this run only" in done.stderr
    report = json.loads(done.stdout)
    assert report["notes"] == ["span refers to characters of policies/parental-leave.md that hold another text now."]
    assert report["questions"]["measured"] == 4
    assert files(index) == before


def run_command(
    folder: Path, *arguments: str | Path, index: bool = True, cwd: Path = ROOT, lines: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, on QUESTIONS or on these lines."""
    file = folder.parent / "asked.jsonl"
    file.write_text(lines or "\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    chosen = ("--index", folder) if index else ()
    return subprocess.run(
        [sys.executable, "-m", "rag.evaluate", str(file), *map(str, arguments), *map(str, chosen)],
        cwd=cwd,
        env=environment(RAG_LLM="extractive", **({} if index else {"RAG_INDEX": str(folder)})),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_index_and_knowledge_base_together_build_there_and_then_nothing(
    evaluates: Evaluates, small_base: Path, tmp_path: Path
) -> None:
    arguments = ("--knowledge-base", small_base, "--index", tmp_path / "mine", "--split", "held_out")
    evaluates(*arguments)
    first = published(tmp_path / "mine")
    assert first is not None
    evaluates(*arguments)
    assert published(tmp_path / "mine") == first


@pytest.mark.parametrize(
    ("arguments", "lines", "words"),
    [
        ((), "{", "asked.jsonl, line 1: this is not JSON"),
        ((), '{"question": "?"}', "can be measured"),
        (("--split", "dev"), '{"question": "?"}', "leave --split out"),
        (("--html", "/nowhere/at/all.html"), "", "There is no folder /nowhere/at"),
        (("--html", "/"), "", "name a file for --html"),
        (("-k", "0"), "", "RAG_K"),
        ((), "", "There is no index in"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], lines: str, words: str
) -> None:
    done = run_command(tmp_path / "none", *arguments, lines=lines)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("lodestar: ")
    assert words in line
    assert not (tmp_path / "none").exists()


def test_a_comparison_needs_the_repository_and_the_files_of_the_index(
    evaluates: Evaluates,
    small_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RAG_KNOWLEDGE_BASE", str(write_documents(tmp_path / "base", {"other.md": "# Other\n\nText."})))
    with pytest.raises(SystemExit) as stopped:
        evaluates("--index", small_index, "--compare")
    assert stopped.value.code == 2
    assert "name the folder with --knowledge-base" in capsys.readouterr().err

    monkeypatch.setitem(sys.modules, "benchmarks.plain", None)
    with pytest.raises(SystemExit):
        evaluates("--index", small_index, "--compare")
    assert "run the command from the repository's root" in capsys.readouterr().err


def test_help_is_quick_and_says_which_index_is_measured() -> None:
    code = "import sys; from rag import evaluate\ntry: evaluate.main()\nexcept SystemExit:"
    code += "\n    print({*sys.modules} & {'torch', 'onnxruntime', 'chromadb'})"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert "Your own index is never changed." in done.stdout
    assert "QUESTIONS.jsonl" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


def test_every_chunk_of_the_plain_recipe_stands_where_it_says() -> None:
    documents = [item for item in load(ROOT / "knowledge-base") if isinstance(item, Document)]
    assert len(documents) > 80
    for document in documents:
        last = (-1, -1)
        for chunk in plain_chunks(document):
            there = document.text[chunk.start : chunk.end]
            assert there.split() == chunk.text.split()
            assert there == there.strip() != ""
            assert (chunk.start, chunk.end) > last
            assert chunk.source == document.source
            last = (chunk.start, chunk.end)


def test_the_plain_recipe_can_be_built_twice_and_finds_no_more_than_there_is(
    small_base: Path, minilm: Embedder
) -> None:
    documents = [item for item in load(small_base) if isinstance(item, Document)]
    question = "When does the Port of Invergair agreement end?"
    for _ in range(2):
        plain = PlainRecipe(documents, minilm)
        found = plain.search(Query(question, question), 50)
        plain.close()
        assert len(found) == len(plain.chunks) == 7
        assert found[0].source == "contracts/invergair.md"
