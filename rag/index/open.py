"""An opened generation, and the reader that always hands out the published one."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.index.chunks import Chunks
from rag.index.damage import hidden_damage, visible_damage
from rag.index.embed import Embedder
from rag.index.generation import LEXICAL, REBUILD, TOKENS, VECTORS, WORDS, Manifest, hold, published
from rag.index.lexical import Lexical
from rag.index.row_file import RowFile, Rows
from rag.index.spelling import Spelling
from rag.index.store import Scope, Store, store_kind
from rag.index.tokens import Tokens
from rag.schema import VectorIndexError

_TRIES = 5
_REST = 0.002  # seconds, twice what a megabyte takes: whoever asks meanwhile comes first


class OpenIndex:
    """One generation, read-only. Hold it for as long as one answer takes, then ask the reader again."""

    def __init__(self, folder: Path) -> None:
        """Raises VectorIndexError when the generation is incomplete or damaged."""
        self.manifest = Manifest.read(folder)
        weakref.finalize(self, os.close, hold(folder))
        if fault := visible_damage(folder, self.manifest):
            raise _damaged(folder, fault)
        recipe = self.manifest.recipe
        try:
            self.chunks = Chunks(folder)
            self.vectors = RowFile(folder / VECTORS)
            self.lexical = Lexical(folder / LEXICAL)
            self.tokens = Tokens(folder / TOKENS)
            self.spelling = Spelling(folder / WORDS)
            self.store: Store = store_kind(recipe.store).open(folder / recipe.store, self.vectors)
        except (OSError, ValueError, KeyError, TypeError):
            raise VectorIndexError(f"The index {folder.name} cannot be read; {REBUILD} --rebuild.") from None

    @property
    def name(self) -> str:
        return self.manifest.name

    def neighbours(self, rows: Rows) -> tuple[Rows, Rows]:
        """For each row that of the chunk before it, and after it, in its document; the row itself where there is none."""
        before, after = np.maximum(rows - 1, 0), np.minimum(rows + 1, len(self.chunks) - 1)
        here = self.chunks.documents_of(rows)
        same = [here == self.chunks.documents_of(other) for other in (before, after)]
        return np.where(same[0], before, rows), np.where(same[1], after, rows)

    def scope(self, doc_type: str | None = None, sources: Sequence[str] = ()) -> Scope | None:
        """The filter as a Scope, or None for the whole index. A Scope without rows matches nothing."""
        if doc_type is None and not sources:
            return None
        return Scope(doc_type, tuple(sources), self.chunks.scope(doc_type, sources))


class IndexReader:
    """Hands out the published generation, opening a new one when CURRENT has moved. Safe to share between threads."""

    def __init__(self, index: Path, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._lock = threading.Lock()
        self._opened: OpenIndex | None = None
        self._faults: dict[str, str] = {}
        self.checked = threading.Event()
        """Set once the large files of what was opened last have been read whole."""
        self.checked.set()

    def manifest(self) -> Manifest:
        """What the published generation says of itself, without opening it. Raises VectorIndexError where there is none."""
        return Manifest.read(self._published())

    def _published(self) -> Path:
        folder = published(self._index)
        if folder is None:
            raise VectorIndexError(f"There is no index in {self._index} yet; {REBUILD}.")
        return folder

    def current(self) -> OpenIndex:
        """The published generation.

        Raises VectorIndexError where there is none, where this embedder did not make it, or where it is damaged. Large files
        are read whole in the background once it is open: if that finds damage, the next call says so.
        """
        for _ in range(_TRIES):
            folder = self._published()
            opened = self._opened
            if opened is not None and opened.name == folder.name:
                if fault := self._faults.get(opened.name):
                    raise _damaged(folder, fault)
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
                if opened.manifest.samples:
                    self.checked.clear()
                    threading.Thread(target=self._read_whole, args=(folder, opened.manifest), daemon=True).start()
                return opened
        raise VectorIndexError(f"The index in {self._index} changes faster than it can be opened; try again.")

    def _read_whole(self, folder: Path, manifest: Manifest) -> None:
        fault = hidden_damage(folder, manifest, rest=_REST)
        if fault and folder.is_dir():  # it may have been dropped for a newer one meanwhile
            self._faults[manifest.name] = fault
        self.checked.set()


def _damaged(folder: Path, fault: str) -> VectorIndexError:
    return VectorIndexError(f"The index {folder.name} is damaged ({fault}); {REBUILD} --rebuild.")
