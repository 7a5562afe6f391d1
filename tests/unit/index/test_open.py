"""Opening an index: the filter, damage that is told, and the reader that follows what is published."""

from __future__ import annotations

import gc
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.index import choose
from rag.index import open as open_module
from rag.index.generation import Manifest, point_at, published
from rag.index.open import IndexReader, OpenIndex
from rag.schema import VectorIndexError
from tests.doubles.embedder import LetterEmbedder
from tests.unit.index.building import TEXTS, ingest

NEWER = {**TEXTS, "plants/moss.md": "# Moss\n\nMoss is soft."}


def sources(index: OpenIndex, doc_type: str | None = None, only: tuple[str, ...] = ()) -> list[str] | None:
    scope = index.scope(doc_type, only)
    return None if scope is None else [index.chunks[row].source for row in scope.rows]


def test_the_filter_leaves_rows(index: Path) -> None:
    opened = OpenIndex(ingest(index).folder)
    assert sources(opened) is None
    assert sources(opened, "animals") == ["animals/ant.md", "animals/bee.md"]
    assert sources(opened, None, ("plants/fern.md", "animals/ant.md")) == ["animals/ant.md", "plants/fern.md"]
    assert sources(opened, "animals", ("plants/fern.md", "animals/ant.md")) == ["animals/ant.md"]


@pytest.mark.parametrize(
    ("doc_type", "only"), [("minerals", ()), ("", ()), (None, ("no.md",)), ("plants", ("animals/ant.md",))]
)
def test_a_filter_may_leave_nothing(index: Path, doc_type: str | None, only: tuple[str, ...]) -> None:
    assert sources(OpenIndex(ingest(index).folder), doc_type, only) == []


def test_every_file_that_is_missing_or_changed_is_told(index: Path) -> None:
    folder = ingest(index).folder
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert len(names) > 8
    for name in names:
        whole = (folder / name).read_bytes()
        for damaged in (None, whole[:-1], whole + b" " if name != "manifest.json" else b"{"):
            (folder / name).unlink()
            if damaged is not None:
                (folder / name).write_bytes(damaged)
            with pytest.raises(VectorIndexError, match=r"is damaged \(.*\); run: python -m rag.ingest --rebuild\.$"):
                OpenIndex(folder)
            (folder / name).write_bytes(whole)
    OpenIndex(folder)


def test_a_reader_without_an_index_says_what_to_run(index: Path) -> None:
    reader = IndexReader(index, LetterEmbedder())
    for ask in (reader.current, reader.manifest):
        with pytest.raises(VectorIndexError, match=r"There is no index in .* yet; run: python -m rag\.ingest\.$"):
            ask()


def test_a_reader_picks_up_what_was_published_since(index: Path) -> None:
    reader = IndexReader(index, LetterEmbedder())
    first = ingest(index)
    held = reader.current()
    assert held.name == reader.manifest().name == first.manifest.name
    assert reader.current() is held
    second = ingest(index, NEWER)
    assert reader.current().name == reader.manifest().name == second.manifest.name
    assert len(held.chunks) == 3  # what was held is still what it was
    point_at(index, first.manifest.name)
    assert reader.current().name == first.manifest.name


def test_a_generation_is_not_dropped_while_it_is_held(index: Path) -> None:
    reader = IndexReader(index, LetterEmbedder())
    folder = ingest(index).folder
    held = reader.current()
    for _ in range(3):
        ingest(index, rebuild=True)
        reader.current()
    assert held.store.search(held.vectors.mapped[1], 1)[0][0] == 1
    assert folder.is_dir()
    assert len(list(index.glob("gen-*"))) == 3
    del held
    gc.collect()
    ingest(index, rebuild=True)
    assert not folder.exists()
    assert len(list(index.glob("gen-*"))) == 2


def test_an_index_of_another_model_is_refused(index: Path) -> None:
    ingest(index)
    with pytest.raises(VectorIndexError, match=r"built with another embedding model; run: python -m rag\.ingest"):
        IndexReader(index, LetterEmbedder("other letters")).current()


def test_threads_that_ask_at_once_open_a_generation_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(index)
    all_ask = threading.Barrier(8)
    opened: list[Path] = []

    class Counted(OpenIndex):
        def __init__(self, folder: Path, looked_at: Manifest | None = None) -> None:
            opened.append(folder)
            super().__init__(folder, looked_at)

    monkeypatch.setattr(open_module, "OpenIndex", Counted)
    reader = IndexReader(index, LetterEmbedder())

    def ask() -> OpenIndex:
        all_ask.wait(timeout=60)
        return reader.current()

    with ThreadPoolExecutor(8) as threads:
        found = [future.result() for future in [threads.submit(ask) for _ in range(8)]]
    assert len(opened) == 1
    assert len(set(map(id, found))) == 1


@pytest.mark.parametrize("step", ["visible_damage", "hold"])
def test_a_generation_dropped_while_it_is_opened_gives_way_to_the_newer_one(
    index: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Ingests may publish between a reader's look at CURRENT and the end of its opening."""
    dropped = ingest(index).folder
    module = choose if step == "visible_damage" else open_module
    real = getattr(module, step)
    once = iter([True])

    def lose_it_first(*arguments: object) -> object:
        if next(once, False):
            ingest(index, NEWER)
            shutil.rmtree(dropped)
        return real(*arguments)

    monkeypatch.setattr(module, step, lose_it_first)
    found = IndexReader(index, LetterEmbedder()).current()
    assert index / found.name == published(index)
    assert len(found.chunks) == 4


def test_an_index_that_changes_all_the_time_is_told_in_one_sentence(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(index)

    def damaged(*_: object) -> str:
        ingest(index, rebuild=True)
        return "chunks.jsonl is missing"

    monkeypatch.setattr(choose, "visible_damage", damaged)
    with pytest.raises(VectorIndexError, match=r"^The index in .* changes faster than it can be opened; try again\.$"):
        IndexReader(index, LetterEmbedder()).current()


def test_a_damaged_index_gives_way_to_the_one_before_it(index: Path) -> None:
    first, second = ingest(index), ingest(index, NEWER)
    whole = (second.folder / "vectors.npy").read_bytes()
    (second.folder / "vectors.npy").write_bytes(b"")
    reader = IndexReader(index, LetterEmbedder())
    assert reader.current().name == reader.manifest().name == first.manifest.name
    assert re.fullmatch(
        rf"The index {second.manifest.name} is damaged \(vectors\.npy has changed\), so answers come from the index of "
        r"\d+ \w+ \d{4}, \d\d:\d\d UTC; run: python -m rag\.ingest --rebuild\.",
        reader.chosen().notice,
    )
    (second.folder / "vectors.npy").write_bytes(whole)
    assert reader.current().name == first.manifest.name  # it is not looked at again at every question
    assert IndexReader(index, LetterEmbedder()).chosen().notice == ""


def test_a_damaged_index_is_looked_at_again_after_a_while(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_AGAIN", -1.0)
    first, second = ingest(index), ingest(index, NEWER)
    whole = (second.folder / "vectors.npy").read_bytes()
    reader = IndexReader(index, LetterEmbedder())
    (second.folder / "vectors.npy").write_bytes(b"")
    assert reader.current().name == first.manifest.name
    (second.folder / "vectors.npy").write_bytes(whole)
    assert reader.current().name == second.manifest.name
    assert reader.chosen().notice == ""


def test_an_earlier_index_of_another_model_does_not_answer(index: Path) -> None:
    ingest(index, embedder=LetterEmbedder("other letters"))
    second = ingest(index, NEWER)
    (second.folder / "chunks.jsonl").unlink()
    with pytest.raises(VectorIndexError, match=r"chunks\.jsonl is missing\); run: python -m rag\.ingest --rebuild\.$"):
        IndexReader(index, LetterEmbedder()).current()


def test_a_later_index_does_not_answer_for_one_that_was_gone_back_to(index: Path) -> None:
    first = ingest(index)
    ingest(index, NEWER)
    point_at(index, first.manifest.name)
    (first.folder / "chunks.jsonl").unlink()
    with pytest.raises(VectorIndexError, match=r"chunks\.jsonl is missing"):
        IndexReader(index, LetterEmbedder()).current()


@pytest.mark.parametrize("named", [None, "gen-0\n", "\0", ""])
def test_where_current_is_damaged_the_newest_index_answers(index: Path, named: str | None) -> None:
    ingest(index)
    second = ingest(index, NEWER)
    if named is None:
        (index / "CURRENT").unlink()
    else:
        (index / "CURRENT").write_text(named)
    reader = IndexReader(index, LetterEmbedder())
    assert reader.current().name == second.manifest.name
    assert re.match(
        r".*CURRENT (is missing|names no generation), so answers come from the index of", reader.chosen().notice
    )


def test_what_a_file_that_changed_while_it_was_open_does_is_told(index: Path) -> None:
    opened = OpenIndex(ingest(index).folder)
    (index / opened.name / "columns/names.json").unlink()
    with pytest.raises(VectorIndexError, match=r"changed while it was open\); run:"), opened.reading():
        opened.scope("animals")
    with pytest.raises(IndexError), opened.reading():  # all of it was read whole: that is no damage, but a mistake here
        opened.chunks[99]
