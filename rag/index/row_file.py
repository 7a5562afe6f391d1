"""An array on disk of which a search reads a few rows here and there."""

from __future__ import annotations

import mmap
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

_LARGE = 16 * 2**20  # bytes; up to here all of it soon lies in memory


class RowFile:
    """A .npy file. Indexed like the array: a slice is memory-mapped, single rows of a large file are read by themselves.

    Through a memory map each row would draw the 64 KB around it into memory, and some thousand questions the whole file.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError where it is no such file."""
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        self.mapped: npt.NDArray[Any] = np.asarray(mapped)
        self._map = mapped.base
        self.shape: tuple[int, ...] = self.mapped.shape
        self._begin = int(mapped.offset)
        self._width = self.mapped.nbytes // max(1, len(mapped))
        self._descriptor: int | None = None
        if self.mapped.nbytes > _LARGE:
            self._descriptor = os.open(path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows | slice) -> npt.NDArray[Any]:
        if isinstance(rows, slice) or self._descriptor is None:
            return self.mapped[rows]
        edges = np.flatnonzero(np.diff(rows, prepend=-2, append=-2) != 1)
        return self.spans(rows[edges[:-1]], rows[edges[1:] - 1] + 1)

    def spans(self, starts: Rows, ends: Rows) -> npt.NDArray[Any]:
        """The rows from each start to before its end, one after the other."""
        if self._descriptor is None:
            parts = [self.mapped[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
            return np.concatenate([self.mapped[:0], *parts])
        found = np.empty((int((ends - starts).sum()), *self.shape[1:]), self.mapped.dtype)
        at = 0
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            part = found[at : at + end - start]
            if os.preadv(self._descriptor, [part.data], self._begin + start * self._width) != part.nbytes:
                raise OSError("a file of the index ends too early")
            at += end - start
        return found

    def let_go(self) -> None:
        """Give back the memory that a large file was drawn into through its map; what is needed again is drawn in again."""
        if self._descriptor is not None and isinstance(self._map, mmap.mmap) and hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)
