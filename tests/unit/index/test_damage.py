"""Files that are too large to be read whole while someone waits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.index import damage as damage_module
from rag.index.damage import damage, file_hashes, file_samples, visible_damage
from rag.index.generation import Manifest, Recipe
from rag.index.open import IndexReader
from rag.schema import VectorIndexError
from tests.doubles.embedder import LetterEmbedder
from tests.unit.index.building import ingest

SIZE = 4_000_000


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """What is said of a folder with a file that counts as large, and a small one."""
    monkeypatch.setattr(damage_module, "_LARGE", 1000)
    (tmp_path / "large").write_bytes(bytes(range(250)) * (SIZE // 250))
    (tmp_path / "small").write_bytes(b"small")
    files = file_hashes(tmp_path)
    return replace(_manifest(), files=files, samples=file_samples(tmp_path, files))


def _manifest() -> Manifest:
    return Manifest(
        "gen-1", "", Recipe("letters@1", 27, 64, "float32", "structure-1", 64, 0, "exact"), "", 1, {}, (), 1, ()
    )


def _change(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def test_only_large_files_are_sampled(tmp_path: Path, large: Manifest) -> None:
    assert list(large.samples) == ["large"]
    assert visible_damage(tmp_path, large) == damage(tmp_path, large) == ""


@pytest.mark.parametrize("at", [0, SIZE - 1, SIZE // 63 * 5 + 10])
def test_a_change_in_a_sample_is_seen_at_once(tmp_path: Path, large: Manifest, at: int) -> None:
    _change(tmp_path / "large", at)
    assert visible_damage(tmp_path, large) == damage(tmp_path, large) == "large has changed"


def test_another_size_or_a_missing_file_is_seen_at_once(tmp_path: Path, large: Manifest) -> None:
    with (tmp_path / "large").open("ab") as file:
        file.write(b"\0")
    assert visible_damage(tmp_path, large) == "large has changed"
    (tmp_path / "large").unlink()
    assert visible_damage(tmp_path, large) == damage(tmp_path, large) == "large is missing"


def test_a_change_between_the_samples_takes_reading_all(tmp_path: Path, large: Manifest) -> None:
    _change(tmp_path / "large", SIZE // 63 * 5 + 40_000)
    assert visible_damage(tmp_path, large) == ""
    assert damage(tmp_path, large) == "large has changed"


def test_a_reader_tells_the_next_question_of_damage_that_opening_could_not_see(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is changed where no sample lies, so the index opens; what reading it whole then finds is told."""
    monkeypatch.setattr(damage_module, "_LARGE", 1000)
    monkeypatch.setattr(damage_module, "_BLOCK", 1)
    folder = ingest(index, {f"a/{n}.md": f"# Ant\n\nAn ant carries leaf {n}." for n in range(40)}).folder
    assert "chunks.jsonl" in Manifest.read(folder).samples
    text = (folder / "chunks.jsonl").read_bytes()
    size = len(text)
    samples = {n * (size - 1) // 63 for n in range(64)}
    at = next(at for at in range(size) if at not in samples and text[at : at + 1] == b"c")
    _change(folder / "chunks.jsonl", at)
    reader = IndexReader(index, LetterEmbedder())
    reader.current()
    reader.checked.wait(60)
    for _ in range(2):
        with pytest.raises(VectorIndexError, match=r"damaged \(chunks\.jsonl has changed\); run: .* --rebuild\.$"):
            reader.current()
    assert ingest(index, {"a/0.md": "# Ant"}).manifest.name == reader.current().name
