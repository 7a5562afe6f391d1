"""A .npy file that grows row by row, so that what is written need not fit into memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_ZEROS = 2**18


class NpyRows:
    """Its header counts no row until `close`; numpy leaves room in it for the number to grow."""

    def __init__(self, path: Path, dtype: npt.DTypeLike, width: int | None = None) -> None:
        """Rows are single values, or `width` of them."""
        self._dtype, self._width = np.dtype(dtype), width
        self._rows = 0
        self._file = path.open("wb")
        self._header()
        self.start = self._file.tell()
        """Where the rows begin."""

    def append(self, rows: npt.NDArray[Any]) -> bytes:
        """Add rows; what was written is handed to the system before this returns, and to the caller."""
        data = np.ascontiguousarray(rows, self._dtype).tobytes()
        self._file.write(data)
        self._file.flush()
        self._rows += len(rows)
        return data

    def stop(self) -> None:
        """Let go of the file as it is."""
        with suppress(OSError):  # what a full disk did not take is tried once more
            self._file.close()

    def close(self) -> None:
        """Let the header tell how many rows there are."""
        self._file.seek(0)
        self._header()
        self._file.close()

    def _header(self) -> None:
        shape = (self._rows,) if self._width is None else (self._rows, self._width)
        head = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(self._file, head)


def memmap_written(path: Path, dtype: npt.DTypeLike, count: int) -> np.memmap[Any, np.dtype[Any]]:
    """A new array of zeros on disk, to be filled in any order.

    Written in full before it is mapped: a mapping that finds the disk full kills the process, without a word.
    """
    rows = NpyRows(path, dtype)
    try:
        for at in range(0, count, _ZEROS):
            rows.append(np.zeros(min(_ZEROS, count - at), dtype))
        rows.close()
    except BaseException:
        rows.stop()
        raise
    # Not `np.load`: Python 3.11 cannot read two headers at once, and another thread may be at it.
    return np.memmap(path, dtype, "r+", rows.start, (count,))


def read_unclosed(path: Path) -> npt.NDArray[Any]:
    """All whole rows of a file that may never have been closed, memory-mapped. Raises OSError or ValueError."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        (_, *width), _, dtype = np.lib.format.read_array_header_2_0(file)
        start = file.tell()
    row = dtype.itemsize * int(np.prod(width, dtype=np.int64))
    rows = (path.stat().st_size - start) // row
    return np.memmap(path, dtype, "r", start, (rows, *width)) if rows else np.empty((0, *width), dtype)
