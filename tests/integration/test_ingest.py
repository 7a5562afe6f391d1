"""python -m rag.ingest, as a person runs it: the real model, both stores, and what it says on the way."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rag.index.embed import Embedder
from rag.index.generation import Manifest, published
from rag.index.open import IndexReader
from rag.retrieval.hybrid import retrieve
from tests.integration.conftest import DOCUMENTS, environment, write_documents

CHANGED = "employees/callum-drever.md"


class Done(NamedTuple):
    code: int
    out: str
    err: str
    imported: set[str]
    """Top-level packages that were loaded; only where `watched`."""


def ingest(base: Path, index: Path, *flags: str, watched: bool = False, **settings: str) -> Done:
    command = [sys.executable, *(["-X", "importtime"] if watched else []), "-m", "rag.ingest"]
    done = subprocess.run(
        [*command, "--knowledge-base", str(base), "--index", str(index), *flags],
        cwd=index.parent,
        env=environment(**settings),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    lines = done.stderr.splitlines(keepends=True)
    said = "".join(line for line in lines if not line.startswith("import time:"))
    imported = {line.split("|")[-1].strip().split(".")[0] for line in lines if line.startswith("import time:")}
    return Done(done.returncode, done.stdout, said, imported)


def report(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    (line,) = done.out.splitlines()
    loaded: dict[str, Any] = json.loads(line)
    return loaded


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_documents(tmp_path_factory.mktemp("ingest") / "knowledge base")


@pytest.fixture(scope="module")
def first(base: Path) -> Done:
    """The first ingest into `base.parent / "index"`."""
    return ingest(base, base.parent / "index", "--json", watched=True)


@pytest.fixture
def index(base: Path, first: Done) -> Path:
    assert first.code == 0, first.err
    return base.parent / "index"


def test_the_first_ingest_embeds_everything(first: Done, index: Path) -> None:
    said = report(first)
    folder = published(index)
    assert folder is not None
    chunks = said["chunks"]
    assert chunks >= len(DOCUMENTS)
    assert said.pop("seconds") > 0
    assert said == {
        "documents": len(DOCUMENTS),
        "chunks": chunks,
        "embedded": chunks,
        "reused": 0,
        "dimensions": 384,
        "generation": folder.name,
        "unchanged": False,
        "store": "chroma",
        "vector_search": {"exact": False, "recall_at_10": 1.0},
        "index": str(index),
        "doc_types": {"contracts": 3, "employees": 2, "policies": 1, "products": 1},
        "skipped": [],
        "invisible_share": 0.0,
        "saved_questions": None,
    }
    assert "onnxruntime" in first.imported
    assert not first.imported & {"torch", "transformers", "sentence_transformers"}


def test_progress_is_plain_lines_where_there_is_no_terminal(first: Done) -> None:
    lines = first.err.splitlines()
    assert lines[0].startswith("Embedded 0 of ")
    assert all(
        re.fullmatch(r"Embedded \d+ of \d+ chunks(, \d+ a second, about \d+ s left)?", line) for line in lines
    ), first.err
    done, total = re.findall(r"\d+", lines[-1])
    assert done == total


def test_an_unchanged_knowledge_base_loads_no_model_and_writes_nothing(base: Path, index: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.name != "ingest.lock"}
    again = ingest(base, index, "--json", watched=True)
    said = report(again)
    assert (said["unchanged"], said["embedded"], said["reused"]) == (True, 0, said["chunks"])
    assert "numpy" in again.imported
    assert not again.imported & {"torch", "onnx", "onnxruntime", "chromadb", "faiss", "langchain"}
    assert {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.name != "ingest.lock"} == before


def test_one_changed_file_is_embedded_and_the_rest_carried_over(base: Path, index: Path, minilm: Embedder) -> None:
    reader = IndexReader(index, minilm)
    question = "Who keeps bees on the roof?"
    assert CHANGED not in [item.chunk.source for item in retrieve(question, reader.current(), minilm, 1)]
    old = (base / CHANGED).read_text("utf-8")
    (base / CHANGED).write_text(f"{old}\nHe keeps bees on the roof of the depot.\n", "utf-8")
    try:
        said = report(ingest(base, index, "--json"))
    finally:
        (base / CHANGED).write_text(old, "utf-8")
    assert (said["embedded"], said["reused"]) == (1, said["chunks"] - 1)
    (found,) = retrieve(question, reader.current(), minilm, 1)
    assert found.chunk.source == CHANGED
    assert said["generation"] == reader.current().name


def test_the_other_store_is_built_from_the_same_vectors(base: Path, index: Path) -> None:
    report(ingest(base, index, "--json"))
    said = report(ingest(base, index, "--store", "faiss", "--json", watched=True))
    assert (said["store"], said["embedded"], said["unchanged"]) == ("faiss", 0, False)
    folder = published(index)
    assert folder is not None
    assert (folder / "faiss").is_dir()
    assert not (folder / "chroma").exists()
    assert report(ingest(base, index, "--json", RAG_STORE="faiss"))["unchanged"]


def test_rebuild_embeds_everything_again(base: Path, index: Path) -> None:
    said = report(ingest(base, index, "--rebuild", "--json"))
    assert (said["embedded"], said["reused"], said["unchanged"]) == (said["chunks"], 0, False)


def test_for_a_person_the_last_line_says_it_all_and_what_was_skipped_is_named(base: Path, tmp_path: Path) -> None:
    folder = write_documents(tmp_path / "base", {"a/good.md": "# Good\n\nText.", "a/empty.md": ""})
    (folder / "a/latin.md").write_bytes(b"caf\xe9")
    (folder / "a/out.md").symlink_to(base / CHANGED)
    done = ingest(folder, tmp_path / "index")
    manifest = Manifest.read(published(tmp_path / "index") or tmp_path)
    lines = done.out.splitlines()
    assert lines[:4] == [
        "Skipped a/empty.md: it is empty; write something into it or remove it.",
        "Skipped a/latin.md: byte 3 is not UTF-8; save it as UTF-8.",
        "Skipped a/out.md: it is a link out of the knowledge base; put a copy of the file there.",
        "3 files were skipped.",
    ]
    assert re.fullmatch(
        rf"1 documents, 1 chunks \(1 embedded, 0 reused\), 384 dimensions, \d+\.\d s, generation {manifest.name}",
        lines[-1],
    )
    assert ingest(folder, tmp_path / "index").out.splitlines()[4] == "Nothing has changed since the last ingest."


@pytest.mark.parametrize(
    ("prepare", "flags"),
    [
        ("missing", ()),
        ("empty", ()),
        ("only skipped", ()),
        ("a file", ()),
        ("good", ("--store", "qdrant")),
        ("good", ("--index", "good/a/b.md")),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_exit_code_2(
    tmp_path: Path, prepare: str, flags: tuple[str, ...]
) -> None:
    base = tmp_path / prepare
    if prepare == "empty":
        base.mkdir()
    elif prepare == "only skipped":
        write_documents(base, {"a/b.md": " \n", "a/c.md": "\u00a0\n"})
    elif prepare == "a file":
        base.write_text("text")
    elif prepare == "good":
        write_documents(base, {"a/b.md": "text"})
    done = ingest(base, tmp_path / "index", *flags)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("lodestar: ")
    assert line.endswith(".")
    assert "Traceback" not in line
    assert not list(tmp_path.glob("index/gen-*"))


def test_on_a_terminal_a_bar_shows_how_long_it_will_take(base: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(base), "--index", str(tmp_path / "index")]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(TERM="xterm"), stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        assert process.wait() == 0
    os.close(ours)
    assert re.search(r"Embedding: .*\d+/\d+ \[\d\d:\d\d<(\d\d:\d\d|\?)", shown.decode("utf-8")), shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end is closed
        return b""
