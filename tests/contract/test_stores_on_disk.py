"""What every row of STORES does to its files, and what it says where they are not what it wrote."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from rag.command import Terminated
from rag.index import chroma_store
from rag.index.damage import file_hashes
from rag.index.store import STORES, store_kind
from rag.schema import Chunk, VectorIndexError
from tests.contract.test_stores import CHUNKS, QUESTIONS, VECTORS, exact, random_vectors, rows_of


@pytest.fixture(params=list(STORES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("count", [1, 2, 2500])
def test_neither_opening_nor_searching_changes_a_file(name: str, tmp_path: Path, count: int) -> None:
    """Each is held against the hash that it had when it was published."""
    vectors, kind = random_vectors(count, 3), store_kind(name)
    chunks = [Chunk(f"id-{row}", f"Text {row}", f"a/{row}.md", "a", "T", "", 0, 6) for row in range(count)]
    kind.build(tmp_path / "one", chunks, vectors)
    before = file_hashes(tmp_path)
    for _ in range(3):
        store = kind.open(tmp_path / "one", vectors)
        assert rows_of(store.search(vectors[count // 2], 1)) == [count // 2]
        assert file_hashes(tmp_path) == before
        del store
        gc.collect()
    assert file_hashes(tmp_path) == before


def test_a_store_whose_files_are_gone_still_answers_or_says_what_to_run(name: str, tmp_path: Path) -> None:
    kind = store_kind(name)
    kind.build(tmp_path / "one", CHUNKS, VECTORS)
    store = kind.open(tmp_path / "one", VECTORS)
    shutil.rmtree(tmp_path / "one")
    for question in QUESTIONS[:5]:
        assert rows_of(store.search(question, 10)) == exact(question, 10)


def test_a_folder_without_the_store_is_told_and_nothing_is_made_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(VectorIndexError, match=r"run: python -m rag\.ingest --rebuild\.$"):
            store_kind(name).open(folder, VECTORS)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_chroma_without_its_graph_of_vectors_is_told(tmp_path: Path) -> None:
    """Chroma itself opens it, counts right, and finds the same few chunks for every question."""
    kind = store_kind("chroma")
    kind.build(tmp_path / "one", CHUNKS, VECTORS)
    (graph,) = [path for path in (tmp_path / "one").iterdir() if path.is_dir()]
    shutil.copytree(tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns(graph.name))
    with pytest.raises(VectorIndexError, match=r"run: python -m rag\.ingest --rebuild\.$"):
        kind.open(tmp_path / "two", VECTORS)


def test_files_that_are_no_store_are_told(name: str, tmp_path: Path) -> None:
    kind = store_kind(name)
    kind.build(tmp_path / "one", CHUNKS[:20], VECTORS[:20])
    for path in [path for path in (tmp_path / "one").rglob("*") if path.is_file()]:
        path.write_bytes(b"this is no store" * 1000)
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # where no client ever was
    with pytest.raises(VectorIndexError, match=r"run: python -m rag\.ingest --rebuild\.$"):
        kind.open(tmp_path / "two", VECTORS[:20]).search(VECTORS[0], 1)


def test_who_asks_chroma_to_stop_is_heard_and_its_panics_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM is raised wherever the process happens to be, and must not be taken for a damaged store."""
    kind = store_kind("chroma")
    kind.build(tmp_path / "one", CHUNKS, VECTORS)
    opened = kind.open(tmp_path / "one", VECTORS)
    panic = type("PanicException", (BaseException,), {})
    raised: list[BaseException] = []

    def search(*_: object) -> None:
        raise raised[-1]

    monkeypatch.setattr(chroma_store, "_search", search)
    for stop in (Terminated(), KeyboardInterrupt()):
        raised.append(stop)
        for ask in (lambda: opened.search(VECTORS[0], 2), lambda: kind.open(tmp_path / "one", VECTORS)):
            with pytest.raises(type(stop)):
                ask()
    for fault in (panic(), RuntimeError()):
        raised.append(fault)
        assert rows_of(opened.search(VECTORS[0], 2)) == exact(VECTORS[0], 2)
        with pytest.raises(VectorIndexError, match="rebuild"):
            kind.open(tmp_path / "one", VECTORS)
