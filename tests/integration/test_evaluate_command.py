"""python -m rag.evaluate with the real model: which index it measures, its faults, and the plain recipe beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.plain import PlainRecipe, plain_chunks
from rag import evaluate
from rag.config import Settings
from rag.documents.load import load
from rag.evaluation.run import Query
from rag.index.embed import Embedder
from rag.index.generation import published
from rag.ingest import ingest
from rag.schema import Document
from tests.integration.conftest import ROOT, environment, write_documents
from tests.integration.evaluating import QUESTIONS, Evaluates, evaluates, questions

__all__ = ["evaluates", "questions"]


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
        assert found[0].chunk.source == "contracts/invergair.md"
