"""Chunks that stay on disk: read like a list, found by text, place and filter without being read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from rag.index.chunks import Chunks, build_columns
from rag.index.generation import CHUNKS
from rag.schema import Chunk


def chunk(source: str, start: int, text: str) -> Chunk:
    doc_type = source.split("/")[0]
    return Chunk(f"{source}:{start}", text, source, doc_type, "Title", "", start, start + len(text))


EVERY = [
    chunk("animals/ant.md", 0, "An ant."),
    chunk("animals/ant.md", 9, "It carries \u2028 leaves: 契約."),
    chunk("animals/bee.md", 0, "A bee."),
    chunk("plants/ant.md", 0, "An ant."),
    chunk("plants/fern.md", 0, "A fern."),
    chunk("plants/fern.md", 5, "It wants\nshade \U0001f642."),
    chunk("plants/fern.md", 70, "An ant."),
]


def written(folder: Path, chunks: Sequence[Chunk] = EVERY) -> Chunks:
    lines = (json.dumps(asdict(chunk), ensure_ascii=False) + "\n" for chunk in chunks)
    (folder / CHUNKS).write_text("".join(lines), "utf-8")
    build_columns(folder)
    return Chunks(folder)


@pytest.fixture
def chunks(tmp_path: Path) -> Chunks:
    return written(tmp_path)


def test_they_are_read_like_a_list(chunks: Chunks) -> None:
    assert list(chunks) == EVERY
    assert len(chunks) == len(EVERY)
    assert [chunks[row] for row in range(-len(EVERY), len(EVERY))] == EVERY * 2
    assert chunks[np.int64(2)] == EVERY[2]
    for part in (slice(1, 3), slice(None, None, -2), slice(5, 99), slice(3, 3)):
        assert chunks[part] == EVERY[part]
    assert EVERY[4] in chunks
    assert replace(EVERY[4], text="else") not in chunks
    for row in (len(EVERY), -len(EVERY) - 1):
        with pytest.raises(IndexError):
            chunks[row]


def test_a_chunks_row_is_found_by_its_place(chunks: Chunks) -> None:
    assert chunks.rows(EVERY[::-1]).tolist() == list(range(len(EVERY)))[::-1]
    assert chunks.rows([]).tolist() == []


def test_a_texts_row_is_the_last_that_holds_it(chunks: Chunks) -> None:
    assert [chunks.row_of(chunk.text) for chunk in EVERY] == [6, 1, 2, 6, 4, 5, 6]
    assert chunks.row_of("An ant") is None


def test_texts_that_share_a_digest_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.chunks._digest", len)
    chunks = written(tmp_path)
    assert [chunks.row_of(chunk.text) for chunk in EVERY] == [6, 1, 2, 6, 4, 5, 6]
    assert chunks.row_of("A wasp.") is None


def test_the_rows_of_a_document_share_its_number(chunks: Chunks) -> None:
    assert chunks.documents_of(np.arange(len(EVERY))).tolist() == [0, 0, 1, 2, 3, 3, 3]


@pytest.mark.parametrize("doc_type", [None, "animals", "plants", "minerals"])
@pytest.mark.parametrize("sources", [(), ("plants/fern.md",), ("animals/bee.md", "plants/ant.md", "no.md"), ("no.md",)])
def test_a_filter_leaves_the_rows_that_fit(chunks: Chunks, doc_type: str | None, sources: tuple[str, ...]) -> None:
    assert chunks.scope(doc_type, sources).tolist() == [
        row
        for row, chunk in enumerate(EVERY)
        if doc_type in (None, chunk.doc_type) and (not sources or chunk.source in sources)
    ]


def test_columns_of_other_chunks_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    with (tmp_path / CHUNKS).open("a", encoding="utf-8") as file:
        file.write("{}\n")
    with pytest.raises(ValueError, match="made of other chunks"):
        Chunks(tmp_path)
