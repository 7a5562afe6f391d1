"""Which generation answers: the published one, or where that is damaged the newest one before it that is whole."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rag.index.damage import visible_damage
from rag.index.generation import REBUILD, Manifest, generations, published
from rag.schema import VectorIndexError

_TRIES = 5
_AGAIN = 5.0  # seconds after which a damaged generation is looked at once more: its files may have been put back


class Chosen(NamedTuple):
    """A generation whose files are whole as far as a look can tell. `notice` says why it is not the published one."""

    folder: Path
    manifest: Manifest
    notice: str


class _Fault(NamedTuple):
    sentence: str
    until: float


class _Named(NamedTuple):
    """What CURRENT names, or what is wrong with it."""

    folder: Path | None
    fault: str


class Chooser:
    """Looks at a generation's files once. Safe to share between threads."""

    def __init__(self, index: Path, embedder: str) -> None:
        """`embedder` is the identity of the one that the questions are embedded with."""
        self._index = index
        self._embedder = embedder
        self._lock = threading.Lock()
        self._faults: dict[str, _Fault] = {}
        self._last: tuple[_Named, Chosen, float] | None = None

    def choose(self) -> Chosen:
        """Raises VectorIndexError where no generation is whole, or the published one was made by another embedder."""
        for _ in range(_TRIES):
            named = self._named()
            if chosen := self._still(named):
                return chosen
            with self._lock:
                if chosen := self._still(named):
                    return chosen
                try:
                    chosen = self._newest_whole(named)
                except VectorIndexError:
                    if self._named() == named:
                        raise
                    continue
                # A writer may have published again, and dropped what was looked at here.
                if chosen.notice and self._named() != named:
                    continue
                self._last = named, chosen, time.monotonic() + _AGAIN if chosen.notice else math.inf
                return chosen
        raise VectorIndexError(f"The index in {self._index} changes faster than it can be opened; try again.")

    def refuse(self, folder: Path, sentence: str, *, for_good: bool = False) -> None:
        """Choose another generation than this one from now on: what a look could not see is wrong with it."""
        self._faults[folder.name] = _Fault(sentence, math.inf if for_good else time.monotonic() + _AGAIN)

    def _named(self) -> _Named:
        try:
            folder = published(self._index)
        except VectorIndexError as error:
            return _Named(None, str(error))
        if folder is None and generations(self._index):
            return _Named(None, f"{self._index / 'CURRENT'} is missing; {REBUILD} --rebuild.")
        return _Named(folder, "" if folder else f"There is no index in {self._index} yet; {REBUILD}.")

    def _still(self, named: _Named) -> Chosen | None:
        """What was chosen last, where nothing has happened since that asks for another look."""
        if self._last is None:
            return None
        before, chosen, until = self._last
        if before != named or chosen.folder.name in self._faults or time.monotonic() > until:
            return None
        return chosen if not chosen.notice or chosen.folder.is_dir() else None

    def _newest_whole(self, named: _Named) -> Chosen:
        every, fault = generations(self._index), named.fault
        if named.folder is not None:
            every = [named.folder, *(folder for folder in every if folder.name < named.folder.name)]
        for folder in every:
            try:
                manifest = Manifest.read(folder)
                ours = manifest.recipe.embedder == self._embedder
                if ours:
                    self._look(folder, manifest)
            except VectorIndexError as error:
                fault = fault or str(error)
                continue
            if ours:
                return Chosen(folder, manifest, _notice(fault, manifest) if fault else "")
            if not fault:
                raise VectorIndexError(f"The index was built with another embedding model; {REBUILD}.")
        raise VectorIndexError(fault)

    def _look(self, folder: Path, manifest: Manifest) -> None:
        """Raises VectorIndexError where the files are not what was published, as found now or a moment ago."""
        known = self._faults.get(folder.name)
        if known and time.monotonic() < known.until:
            raise VectorIndexError(known.sentence)
        if found := visible_damage(folder, manifest):
            self.refuse(folder, str(error := damaged(folder, found)))
            raise error
        self._faults.pop(folder.name, None)


def damaged(folder: Path, fault: str) -> VectorIndexError:
    return VectorIndexError(f"The index {folder.name} is damaged ({fault}); {REBUILD} --rebuild.")


def _notice(fault: str, manifest: Manifest) -> str:
    """One sentence: what is wrong with the published generation, which one answers, and what mends it."""
    what, _, remedy = fault.rpartition("; ")
    when = datetime.fromisoformat(manifest.created).astimezone(UTC)
    return f"{what}, so answers come from the index of {when.day} {when:%B %Y, %H:%M} UTC; {remedy}"
