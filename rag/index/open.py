"""An opened generation, and the reader that always hands out the published one."""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from rag.index.embed import Embedder, Vectors
from rag.index.generation import CHUNKS, LEXICAL, REBUILD, TOKENS, VECTORS, WORDS, Manifest, damage, hold, published
from rag.index.lexical import Lexical
from rag.index.spelling import Spelling
from rag.index.store import Scope, Store, store_kind
from rag.index.tokens import Tokens
from rag.schema import Chunk, VectorIndexError

_TRIES = 5


def read_chunks(folder: Path) -> list[Chunk]:
    """The chunks of a generation in row order."""
    with (folder / CHUNKS).open(encoding="utf-8") as file:
        return [Chunk(**json.loads(line)) for line in file]


class OpenIndex:
    """One generation, read-only. Hold it for as long as one answer takes, then ask the reader again."""

    def __init__(self, folder: Path) -> None:
        """Raises VectorIndexError when the generation is incomplete or damaged."""
        self.manifest = Manifest.read(folder)
        weakref.finalize(self, os.close, hold(folder))
        if fault := damage(folder, self.manifest):
            raise VectorIndexError(f"The index {folder.name} is damaged ({fault}); {REBUILD} --rebuild.")
        recipe = self.manifest.recipe
        try:
            self.chunks = read_chunks(folder)
            self.vectors: Vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            self.lexical = Lexical(folder / LEXICAL)
            self.tokens = Tokens(folder / TOKENS)
            self.spelling = Spelling(folder / WORDS)
            self.store: Store = store_kind(recipe.store).open(folder / recipe.store, self.chunks)
        except (OSError, ValueError, KeyError, TypeError):
            raise VectorIndexError(f"The index {folder.name} cannot be read; {REBUILD} --rebuild.") from None

    @property
    def name(self) -> str:
        return self.manifest.name

    def rows(self, chunks: Sequence[Chunk]) -> np.ndarray:
        """The rows of these chunks of the index; chunks of one id hold the same text, so either's row will do."""
        return np.array([self._rows[chunk.chunk_id] for chunk in chunks], dtype=np.int64)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {chunk.chunk_id: row for row, chunk in enumerate(self.chunks)}

    @cached_property
    def _doc_types(self) -> np.ndarray:
        return np.array([chunk.doc_type for chunk in self.chunks], dtype=object)

    @cached_property
    def _sources(self) -> np.ndarray:
        return np.array([chunk.source for chunk in self.chunks], dtype=object)

    def neighbours(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each row that of the chunk before it, and after it, in its document; the row itself where there is none."""
        before, after = np.maximum(rows - 1, 0), np.minimum(rows + 1, len(self.chunks) - 1)
        same = [self._sources[rows] == self._sources[other] for other in (before, after)]
        return np.where(same[0], before, rows), np.where(same[1], after, rows)

    def scope(self, doc_type: str | None = None, sources: Sequence[str] = ()) -> Scope | None:
        """The filter as a Scope, or None for the whole index. A Scope without rows matches nothing."""
        if doc_type is None and not sources:
            return None
        keep = np.ones(len(self.chunks), bool)
        if doc_type is not None:
            keep &= self._doc_types == doc_type
        if sources:
            keep &= np.isin(self._sources, list(sources))
        return Scope(doc_type, tuple(sources), np.flatnonzero(keep))


class IndexReader:
    """Hands out the published generation, opening a new one when CURRENT has moved. Safe to share between threads."""

    def __init__(self, index: Path, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._lock = threading.Lock()
        self._opened: OpenIndex | None = None

    def manifest(self) -> Manifest:
        """What the published generation says of itself, without opening it. Raises VectorIndexError where there is none."""
        return Manifest.read(self._published())

    def _published(self) -> Path:
        folder = published(self._index)
        if folder is None:
            raise VectorIndexError(f"There is no index in {self._index} yet; {REBUILD}.")
        return folder

    def current(self) -> OpenIndex:
        """The published generation. Raises VectorIndexError where there is none, or where this embedder did not make it."""
        for _ in range(_TRIES):
            folder = self._published()
            opened = self._opened
            if opened is not None and opened.name == folder.name:
                return opened
            with self._lock:
                if self._opened is not None and self._opened.name == folder.name:
                    return self._opened
                try:
                    opened = OpenIndex(folder)
                except Exception:
                    # A writer may have published again and dropped this one between the look and the end of opening;
                    # what fails then, and how, hangs on the library that was just reading.
                    if published(self._index) == folder:
                        raise
                    continue
                if opened.manifest.recipe.embedder != self._embedder.identity:
                    raise VectorIndexError(f"The index was built with another embedding model; {REBUILD}.")
                self._opened = opened
                return opened
        raise VectorIndexError(f"The index in {self._index} changes faster than it can be opened; try again.")
