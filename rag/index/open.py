"""An opened generation, and the reader that hands out the published one, or the newest before it that is whole."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rag.index.choose import Chooser, Chosen, damaged
from rag.index.chunks import Chunks
from rag.index.damage import hidden_damage, visible_damage
from rag.index.embed import Embedder
from rag.index.generation import LEXICAL, REBUILD, TOKENS, VECTORS, WORDS, Manifest, hold
from rag.index.lexical import Lexical
from rag.index.nearest import Compared
from rag.index.row_file import RowFile, Rows
from rag.index.spelling import Spelling
from rag.index.store import Scope, Store, store_kind
from rag.index.tokens import Tokens
from rag.schema import VectorIndexError

_log = logging.getLogger("lodestar")

_TRIES = 8
_REST = 0.002  # seconds, twice what a megabyte takes: whoever asks meanwhile comes first


class OpenIndex:
    """One generation, read-only. Hold it for as long as one answer takes, then ask the reader again."""

    def __init__(self, folder: Path, looked_at: Manifest | None = None) -> None:
        """Raises VectorIndexError when the generation is incomplete or damaged.

        `looked_at` is its manifest where `visible_damage` was asked a moment ago. Of large files that is but a look, and
        what a store's library does with a damaged file is not for us to say: until `read_whole` it is not let at one.
        """
        self.manifest = looked_at or Manifest.read(folder)
        self._folder = folder
        try:
            weakref.finalize(self, os.close, hold(folder))
            if looked_at is None and (fault := visible_damage(folder, self.manifest)):
                raise damaged(folder, fault)
            self.chunks = Chunks(folder)
            self.vectors = RowFile(folder / VECTORS)
            self.lexical = Lexical(folder / LEXICAL)
            self.tokens = Tokens(folder / TOKENS)
            self.spelling = Spelling(folder / WORDS)
            within = self.manifest.recipe.store + "/"
            large = looked_at is not None and any(name.startswith(within) for name in self.manifest.samples)
            self.store: Store = Compared(self.vectors) if large else self._open_store()
        except (OSError, ValueError, KeyError, TypeError):
            raise VectorIndexError(f"The index {folder.name} cannot be read; {REBUILD} --rebuild.") from None

    def _open_store(self) -> Store:
        name = self.manifest.recipe.store
        return store_kind(name).open(self._folder / name, self.vectors)

    def read_whole(self, rest: float = 0.0) -> str:
        """Read the large files to their end; returns what is wrong with them. A store that had to wait for it is opened."""
        store = self.manifest.recipe.store
        fault = hidden_damage(self._folder, self.manifest, rest=rest, within=store)
        if not fault and isinstance(self.store, Compared):
            self.store = self._open_store()
        fault = fault or hidden_damage(self._folder, self.manifest, rest=rest, without=store)
        self.vectors.let_go()  # until a store was opened, each search went through all of them
        return fault

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

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it, what a file does that was damaged since it was looked at becomes a VectorIndexError."""
        try:
            yield
        except OSError:
            raise damaged(self._folder, "its files have changed while it was open") from None
        except (ValueError, IndexError, KeyError, TypeError):
            if not self.manifest.samples:
                raise
            raise damaged(self._folder, "one of its large files has changed") from None


class IndexReader:
    """Hands out the generation that answers, opening a new one when CURRENT has moved. Safe to share between threads."""

    def __init__(self, index: Path, embedder: Embedder) -> None:
        self._index = index
        self._chooser = Chooser(index, embedder.identity)
        self._lock = threading.Lock()
        self._opened: OpenIndex | None = None
        self.checked = threading.Event()
        """Set once the large files of what was opened last have been read whole."""
        self.checked.set()

    def chosen(self) -> Chosen:
        """Which generation answers and, where it is not the published one, why. Nothing is opened for that.

        Raises VectorIndexError as `current` does.
        """
        return self._chooser.choose()

    def manifest(self) -> Manifest:
        """What the generation that answers says of itself."""
        return self.chosen().manifest

    def current(self) -> OpenIndex:
        """The published generation, or the newest one before it that is whole; that it is not the published one is logged.

        Raises VectorIndexError where there is none, or this embedder did not make it. Large files are read whole in the
        background once it is open: if that finds damage, the next call hands out another.
        """
        for _ in range(_TRIES):
            chosen = self.chosen()
            opened = self._opened
            if opened is not None and opened.name == chosen.folder.name:
                return opened
            with self._lock:
                if self._opened is not None and self._opened.name == chosen.folder.name:
                    return self._opened
                try:
                    opened = OpenIndex(chosen.folder, chosen.manifest)
                except VectorIndexError as error:
                    # Or a writer has published again and dropped this one: then that is chosen now.
                    self._chooser.refuse(chosen.folder, str(error))
                    continue
                self._opened = opened
                if chosen.notice:
                    _log.warning("lodestar: %s", chosen.notice)
                if opened.manifest.samples:
                    self.checked.clear()
                    threading.Thread(target=self._read_whole, args=(opened, chosen.folder), daemon=True).start()
                return opened
        raise VectorIndexError(f"The index in {self._index} changes faster than it can be opened; try again.")

    def _read_whole(self, opened: OpenIndex, folder: Path) -> None:
        try:
            fault = opened.read_whole(_REST)
        except VectorIndexError as error:
            self._chooser.refuse(folder, str(error), for_good=True)
        else:
            if fault and folder.is_dir():  # it may have been dropped for a newer one meanwhile
                self._chooser.refuse(folder, str(damaged(folder, fault)), for_good=True)
        self.checked.set()
