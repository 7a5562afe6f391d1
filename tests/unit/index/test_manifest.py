"""A manifest that is not what was written, and files that are no files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from rag.index.damage import damage
from rag.index.generation import MANIFEST, Abstention, Manifest, published
from rag.schema import VectorIndexError
from tests.unit.index.test_generation import make


@pytest.mark.parametrize(
    ("of", "into"), [('"chunks": 1', '"chunks": 2'), ("0.25", "0.75"), ("chunks.jsonl", "chunks.jsonm"), ("[]", "[1]")]
)
def test_a_manifest_of_which_anything_has_changed_is_told(tmp_path: Path, of: str, into: str) -> None:
    folder, manifest = make(tmp_path)
    replace(manifest, abstention=Abstention("1", 0.25)).write(folder)
    written = (folder / MANIFEST).read_text()
    assert of in written
    (folder / MANIFEST).write_text(written.replace(of, into, 1))
    with pytest.raises(VectorIndexError, match=r"manifest cannot be read\); run: python -m rag\.ingest --rebuild\.$"):
        Manifest.read(folder)


def test_the_manifest_of_another_generation_is_told(tmp_path: Path) -> None:
    make(tmp_path, "gen-1")
    other, _ = make(tmp_path, "gen-2")
    (other / MANIFEST).write_bytes((tmp_path / "gen-1.tmp" / MANIFEST).read_bytes())
    with pytest.raises(VectorIndexError, match="manifest cannot be read"):
        Manifest.read(other)


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    """A named pipe lets who opens it wait until somebody writes."""
    folder, manifest = make(tmp_path)
    (folder / "chunks.jsonl").unlink()
    os.mkfifo(folder / "chunks.jsonl")
    assert damage(folder, manifest) == "chunks.jsonl cannot be read"
    (folder / MANIFEST).unlink()
    os.mkfifo(folder / MANIFEST)
    with pytest.raises(VectorIndexError, match="manifest cannot be read"):
        Manifest.read(folder)
    os.mkfifo(tmp_path / "CURRENT")
    with pytest.raises(VectorIndexError, match=r"CURRENT cannot be read"):
        published(tmp_path)


def test_the_point_of_abstention_is_kept(tmp_path: Path) -> None:
    _, without = make(tmp_path)
    assert Manifest.read(tmp_path / "gen-1.tmp") == without
    chosen = replace(without, abstention=Abstention("1", 0.25))
    chosen.write(tmp_path / "gen-1.tmp")
    assert Manifest.read(tmp_path / "gen-1.tmp") == chosen
