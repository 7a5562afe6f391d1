"""python -m rag.mapping.drawing VECTORS FOLDER: draw the map of an index, in a process of its own.

t-SNE takes seconds for hundreds of chunks and minutes for ten thousand. Here it takes them at a low priority, so that
questions are answered as quickly as before, and the memory goes back to the system afterwards. Each line on standard output
is the share of the work that is done. `flat.npy` and then `deep.npy` appear in FOLDER when they are whole.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import Literal, TextIO

import numpy as np

from rag.index.row_file import Rows
from rag.visualize import NEIGHBOURS, Coordinates, neighbours, project

MOST = 20_000
"""How many chunks are drawn at most: with more than this, points hide each other and t-SNE takes an hour."""

_ITERATIONS = 1000
_ITERATION = re.compile(r"Iteration (\d+):")
_PARTS: tuple[tuple[Literal[2, 3], str, float, float], ...] = ((2, "flat", 0.04, 0.46), (3, "deep", 0.46, 1.0))


def drawn_rows(count: int) -> Rows:
    """Which chunks are drawn: all, or MOST of them spread over the whole index."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, MOST)).astype(np.int64))


class _Iterations(io.TextIOBase):
    """Stands in for standard output while scikit-learn prints how far it is; it has no other way to tell."""

    def __init__(self, begin: float, end: float, out: TextIO) -> None:
        self._begin, self._end, self._out = begin, end, out

    def write(self, text: str) -> int:
        if found := _ITERATION.search(text):
            share = min(1.0, int(found[1]) / _ITERATIONS)
            print(f"{self._begin + share * (self._end - self._begin):.3f}", file=self._out, flush=True)
        return len(text)


def draw(vectors_file: Path, folder: Path, out: TextIO) -> None:
    """Draw both maps into `folder`, telling `out` the share that is done."""
    held = np.load(vectors_file, mmap_mode="r", allow_pickle=False)
    vectors = np.asarray(held[drawn_rows(len(held))], np.float32)
    near = neighbours(vectors, NEIGHBOURS)
    for dimensions, name, begin, end in _PARTS:
        print(f"{begin:.3f}", file=out, flush=True)
        with contextlib.redirect_stdout(_Iterations(begin, end, out)):
            places = project(vectors, dimensions, near=near, verbose=2)
        _write(folder / f"{name}.npy", places)
    print("1.000", file=out, flush=True)


def _write(file: Path, places: Coordinates) -> None:
    beside = file.with_suffix(".tmp")
    with beside.open("wb") as open_file:
        np.save(open_file, places, allow_pickle=False)
    beside.replace(file)


if __name__ == "__main__":
    os.nice(10)
    draw(Path(sys.argv[1]), Path(sys.argv[2]), sys.stdout)
