"""The chunks of a generation, read from disk when they are looked at, and what tells where each of them stands.

`chunks.jsonl` is the truth: one chunk a line. Beside it lie columns that are derived from it, so that a filter, a chunk's
neighbours or the row of a text are found without reading a single chunk.
"""

from __future__ import annotations

import itertools
import json
import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import overload

import numpy as np

from rag.index.generation import CHUNKS, COLUMNS
from rag.index.row_file import Rows
from rag.schema import Chunk

_FILES = ("lines.npy", "starts.npy", "firsts.npy", "kinds.npy", "digests.npy", "digested.npy")
_NAMES = "names.json"


def build_columns(folder: Path) -> None:
    """Read `chunks.jsonl` once and write its columns beside it. Documents come one after the other, their chunks in order."""
    lines, starts, digests, firsts, kinds = array("q", [0]), array("q"), array("Q"), array("q"), array("i")
    sources: list[str] = []
    doc_types: dict[str, int] = {}
    with (folder / CHUNKS).open("rb") as file:
        for row, line in enumerate(file):
            chunk = Chunk(**json.loads(line))
            lines.append(lines[-1] + len(line))
            starts.append(chunk.start)
            digests.append(_digest(chunk.text))
            if not sources or chunk.source != sources[-1]:
                sources.append(chunk.source)
                firsts.append(row)
                kinds.append(doc_types.setdefault(chunk.doc_type, len(doc_types)))
    firsts.append(len(starts))
    order = np.argsort(np.asarray(digests), kind="stable")
    (folder / COLUMNS).mkdir()
    columns = (lines, starts, firsts, kinds, np.asarray(digests)[order], order.astype(np.int64))
    for name, column in zip(_FILES, columns, strict=True):
        np.save(folder / COLUMNS / name, np.asarray(column), allow_pickle=False)
    names = {"sources": sources, "doc_types": list(doc_types)}
    (folder / COLUMNS / _NAMES).write_text(json.dumps(names, ensure_ascii=False), "utf-8")


class Chunks(Sequence[Chunk]):
    """All chunks by row. Each is read anew from the file, so a million of them take no memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / COLUMNS
        self._file = os.open(folder / CHUNKS, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._lines, self._starts, self._firsts, self._kinds, self._digests, self._digested = (
            np.asarray(np.load(self._folder / name, mmap_mode="r", allow_pickle=False)) for name in _FILES
        )
        if self._lines[-1] != os.fstat(self._file).st_size:
            raise ValueError("the columns were made of other chunks")

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, row: int) -> Chunk: ...
    @overload
    def __getitem__(self, row: slice) -> list[Chunk]: ...
    def __getitem__(self, row: int | slice) -> Chunk | list[Chunk]:
        if isinstance(row, slice):
            return [self._read(n) for n in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        return self._read(row % len(self))

    def __iter__(self) -> Iterator[Chunk]:
        return map(self._read, range(len(self)))

    def _read(self, row: int) -> Chunk:
        start, end = self._lines[row : row + 2].tolist()
        return Chunk(**json.loads(os.pread(self._file, end - start, start)))

    def rows(self, chunks: Sequence[Chunk]) -> Rows:
        """Where these chunks of the index stand: within one document no two begin at one place."""
        rows = []
        for chunk in chunks:
            document = self._documents[chunk.source]
            first, last = self._firsts[document], self._firsts[document + 1]
            rows.append(first + np.searchsorted(self._starts[first:last], chunk.start))
        return np.array(rows, np.int64)

    def place(self, source: str, start: int) -> tuple[range, int] | None:
        """The rows of a document, and the one of them that its character `start` falls into; None where it is not there."""
        document = self._documents.get(source)
        if document is None:
            return None
        first, last = self._firsts[document : document + 2].tolist()
        row = first + int(np.searchsorted(self._starts[first:last], start, side="right")) - 1
        return range(first, last), max(first, row)

    def row_of(self, text: str) -> int | None:
        """The last row that holds just this text, or None."""
        digest = np.uint64(_digest(text))
        at = int(np.searchsorted(self._digests, digest, side="right")) - 1
        while at >= 0 and self._digests[at] == digest:
            if self[row := int(self._digested[at])].text == text:
                return row
            at -= 1
        return None

    def documents_of(self, rows: Rows) -> Rows:
        """The number of each row's document."""
        return np.searchsorted(self._firsts, rows, side="right") - 1

    def spans(self) -> list[tuple[int, int]]:
        """For each document its first row and the row after its last."""
        return list(itertools.pairwise(self._firsts.tolist()))

    def fingerprints(self) -> dict[str, str]:
        """For each source a digest of the texts of its chunks. No chunk is read for it."""
        by_row = np.empty(len(self), np.uint64)
        by_row[self._digested] = self._digests
        spans = zip(self._names["sources"], self.spans(), strict=True)
        return {source: blake2b(by_row[slice(*span)].tobytes(), digest_size=8).hexdigest() for source, span in spans}

    def doc_types_of(self, rows: Rows) -> tuple[Rows, list[str]]:
        """The doc_type of each row, as a number into the names that come with it."""
        return self._kinds[self.documents_of(rows)].astype(np.int64), self._doc_types

    def scope(self, doc_type: str | None, sources: Sequence[str]) -> Rows:
        """The rows that a filter leaves, ascending."""
        keep = np.ones(len(self._kinds), bool)
        if doc_type is not None:
            keep &= self._kinds == (self._doc_types.index(doc_type) if doc_type in self._doc_types else -1)
        if sources:
            named = np.zeros(len(keep), bool)
            named[[self._documents[source] for source in sources if source in self._documents]] = True
            keep &= named
        return np.flatnonzero(np.repeat(keep, np.diff(self._firsts)))

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = json.loads((self._folder / _NAMES).read_text("utf-8"))
        return names

    @property
    def _doc_types(self) -> list[str]:
        return self._names["doc_types"]

    @cached_property
    def _documents(self) -> dict[str, int]:
        return {source: number for number, source in enumerate(self._names["sources"])}


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
