"""Damage that comes, is found or is mended while questions are being asked; and what a person is shown of it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag import ingest as command
from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.index import damage as damage_module
from rag.index.embed import Embedder
from rag.index.generation import Manifest, generations, published
from rag.index.nearest import Compared
from rag.index.open import IndexReader
from rag.index.row_file import RowFile
from rag.schema import LodestarError, VectorIndexError
from rag.web.labels import greeting
from tests.integration.conftest import environment, write_documents
from tests.trust.damaging import NOTICE, SENTENCE, documents, flip, make, results
from tests.unit.index.building import ingest

STORES = ("chroma", "faiss")


@pytest.mark.parametrize("store", STORES)
def test_an_ingest_ends_it_without_a_restart(store: str, tmp_path: Path) -> None:
    damaged = make(tmp_path / "index", store, 2)
    (damaged.folder / "vectors.npy").write_bytes(b"")
    reader = damaged.reader()
    assert results(reader.current()) == damaged.whole[min(damaged.whole)]
    assert NOTICE.match(reader.chosen().notice)
    third = ingest(damaged.index, documents(3), store=store)
    assert reader.current().name == third.manifest.name
    assert reader.chosen().notice == ""


@pytest.mark.parametrize("store", STORES)
def test_files_that_are_damaged_are_read_once_and_not_at_every_question(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read: list[str] = []
    real = damage_module._whole

    def counted(path: Path, rest: float = 0.0) -> str:
        read.append(path.name)
        return real(path, rest)

    damaged = make(tmp_path / "index", store, 2)
    flip(damaged.folder / "tokens/tokens.npy", random.Random(1))
    monkeypatch.setattr(damage_module, "_whole", counted)
    reader = damaged.reader()
    first = reader.current()
    looked = len(read)
    assert looked
    assert all(reader.current() is first for _ in range(50))
    assert len(read) == looked
    assert len([record for record in caplog.records if "so answers come from" in record.message]) == 1
    shutil.rmtree(generations(damaged.index)[1])  # nothing whole is left
    for _ in range(50):
        with pytest.raises(VectorIndexError, match=r"tokens\.npy has changed\); run: "):
            reader.current()
    assert len(read) == looked


@pytest.mark.parametrize("store", STORES)
def test_a_generation_that_is_removed_while_it_is_open_gives_way(store: str, tmp_path: Path) -> None:
    damaged = make(tmp_path / "index", store, 2)
    reader = damaged.reader()
    held = reader.current()
    shutil.rmtree(damaged.folder)
    try:
        assert results(held) == damaged.whole[held.name]  # an answer that was being given
    except LodestarError as error:
        assert SENTENCE.match(str(error))  # noqa: PT017
    assert results(reader.current()) == damaged.whole[min(damaged.whole)]
    assert NOTICE.match(reader.chosen().notice)
    shutil.rmtree(damaged.folder)
    with pytest.raises(VectorIndexError, match=r"CURRENT names no generation; run: python -m rag\.ingest --rebuild\.$"):
        reader.current()
    assert ingest(damaged.index, documents(3), store=store).manifest.name == reader.current().name


@pytest.mark.parametrize("store", STORES)
def test_its_files_removed_while_it_is_open_end_in_no_traceback(store: str, tmp_path: Path) -> None:
    damaged = make(tmp_path / "index", store, 2)
    reader = damaged.reader()
    reader.current()
    for path in [path for path in damaged.folder.rglob("*") if path.is_file()]:
        path.unlink()
    for _ in range(3):
        try:
            index = reader.current()
            assert results(index) == damaged.whole[index.name]
        except LodestarError as error:
            assert SENTENCE.match(str(error))  # noqa: PT017


@pytest.mark.parametrize("store", STORES)
def test_damage_found_in_the_background_switches_over(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a large file has been read whole, no library is let at it: a flipped bit there can end the process."""
    monkeypatch.setattr(damage_module, "_LARGE", 1000)
    monkeypatch.setattr(damage_module, "_BLOCK", 1)
    damaged = make(tmp_path / "index", store, 2)
    names = Manifest.read(damaged.folder).samples
    native = max(
        (name for name in names if name.startswith(store)), key=lambda name: (damaged.folder / name).stat().st_size
    )
    for name in (native, "tokens/tokens.npy", "chunks.jsonl"):
        path = damaged.folder / name
        data = bytearray(path.read_bytes())
        samples = {n * (len(data) - 1) // 63 for n in range(64)}
        at = next(at for at in range(len(data) // 3, len(data)) if at not in samples)
        whole, data[at] = data[at], data[at] ^ 4
        path.write_bytes(data)
        reader = damaged.reader()
        index = reader.current()
        if name == native:
            assert isinstance(index.store, Compared)
            assert results(index) == damaged.whole[index.name]
        reader.checked.wait(60)
        if name == native:
            assert isinstance(index.store, Compared)
        assert results(reader.current()) == damaged.whole[min(damaged.whole)]
        assert f"({name} has changed)" in reader.chosen().notice
        data[at] = whole
        path.write_bytes(data)
    let_go: list[RowFile] = []
    monkeypatch.setattr(RowFile, "let_go", lambda file: let_go.append(file))
    reader = damaged.reader()
    index = reader.current()
    reader.checked.wait(60)
    assert reader.current() is index
    assert not isinstance(index.store, Compared)
    assert index.vectors in let_go


@pytest.fixture(scope="module")
def two(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index by the real model, of two generations; the first one knows no heron. The published one is damaged."""
    folder = tmp_path_factory.mktemp("two")
    base = shutil.copytree(small_base, folder / "base")
    settings = Settings(knowledge_base=base, index=folder / "index")
    command.ingest(settings)
    write_documents(base, {"products/heron.md": "# Heron\n\nThe Heron probe costs £9,900 and weighs 7.7 kg."})
    command.ingest(settings)
    newest = published(folder / "index")
    assert newest is not None
    flip(next(newest.glob("chroma/*/data_level0.bin")), random.Random(5))
    return folder


def test_an_answer_and_the_page_name_the_generation_that_answers(two: Path, minilm: Embedder) -> None:
    settings = Settings(index=two / "index", llm="extractive")
    assistant = Assistant(settings, minilm, IndexReader(settings.index, minilm))
    earlier = generations(settings.index)[1].name
    overview = assistant.overview()
    assert overview.generation == earlier
    assert NOTICE.match(overview.notice)
    assert overview.notice in greeting(overview)
    assert assistant.ask("What does the Otter probe cost?").generation == earlier
    assert "9,900" not in assistant.ask("What does the Heron probe cost?").text
    assert assistant.overview().notice == overview.notice


def test_the_commands_say_so_and_what_they_name_mends_it(two: Path, tmp_path: Path) -> None:
    index = shutil.copytree(two / "index", tmp_path / "index")
    question = "What does the Heron probe cost?"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *arguments, "--index", str(index)]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(RAG_LLM="extractive"), timeout=300
        )

    said = run("rag.search", question)
    assert said.returncode == 0
    assert "otter.md" in said.stdout
    assert "heron.md" not in said.stdout
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("lodestar: ")]
    assert NOTICE.match(line)
    assert "data_level0.bin has changed" in line
    shutil.rmtree(generations(index)[1])
    said = run("rag.ask", question)
    assert said.returncode == 2
    assert "Traceback" not in said.stderr
    *_, line = said.stderr.splitlines()
    assert SENTENCE.match(line)
    mended = run("rag.ingest", "--rebuild", "--knowledge-base", str(two / "base"))
    assert mended.returncode == 0
    said = run("rag.ask", question)
    assert (said.returncode, said.stderr) == (0, "")
    assert "9,900" in said.stdout
