"""Vectors of single word pieces, for late interaction: how well each piece of a question is met somewhere in a chunk.

The model makes them on its way to the chunk's one vector, so they cost no second pass. Stored small: projected to the
directions that carry most (fitted on a sample of the corpus) and rounded to int8, memory-mapped when read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.index.blas import one_thread
from rag.index.embed import Vectors
from rag.index.row_file import RowFile

DIMS = 128
"""Measured on the development questions: 384 lose nothing, 128 a hundredth of MRR, 64 two, 32 six."""

_FILES = ("offsets.npy", "projection.npy", "pieces.npy")


class Packed(NamedTuple):
    """A chunk's word pieces: int8 of shape (pieces, DIMS), and each piece's scale, float32 of shape (pieces,)."""

    tokens: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]


def fit_projection(sample: Sequence[Vectors], dims: int = DIMS) -> Vectors:
    """The `dims` directions that carry most of the sample's word-piece vectors; shape (embedder's dim, dims)."""
    every = np.concatenate(sample)
    values, directions = np.linalg.eigh(every.T @ every / len(every))
    return np.ascontiguousarray(directions[:, np.argsort(-values, kind="stable")[:dims]], np.float32)


def project(pieces: Vectors, projection: Vectors) -> Vectors:
    """Unit vectors in the smaller space."""
    small = pieces @ projection
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(small / np.maximum(norms, 1e-12), np.float32)


def pack(pieces: Vectors, projection: Vectors) -> Packed:
    """Project and round one chunk's word pieces."""
    small = project(pieces, projection)
    scales = np.maximum(np.abs(small).max(axis=1), 1e-12) / 127
    return Packed(np.round(small / scales[:, None]).astype(np.int8), scales.astype(np.float32))


def build_tokens(
    folder: Path, packed: Sequence[Packed], projection: Vectors, piece_ids: Iterable[Sequence[int]]
) -> None:
    """Write the chunks' packed word pieces, row by row; `piece_ids` are the vocabulary ids in each chunk's text."""
    folder.mkdir(parents=True)
    offsets = np.concatenate([[0], np.cumsum([len(chunk.tokens) for chunk in packed])]).astype(np.int64)
    # Written as it comes: in a memory map all of it would count as memory.
    with (folder / "tokens.npy").open("wb") as file:
        shape = (int(offsets[-1]), projection.shape[1])
        np.lib.format.write_array_header_2_0(file, {"descr": "|i1", "fortran_order": False, "shape": shape})
        file.writelines(chunk.tokens.tobytes() for chunk in packed)
    holding: dict[int, int] = {}
    for ids in piece_ids:
        for piece in set(ids):
            holding[piece] = holding.get(piece, 0) + 1
    counts = np.zeros(max(holding, default=0) + 1, np.int32)
    counts[list(holding)] = list(holding.values())
    np.save(folder / "scales.npy", np.concatenate([chunk.scales for chunk in packed]), allow_pickle=False)
    np.save(folder / "offsets.npy", offsets, allow_pickle=False)
    np.save(folder / "projection.npy", projection, allow_pickle=False)
    np.save(folder / "pieces.npy", counts, allow_pickle=False)


class Tokens:
    """Opened word-piece vectors."""

    def __init__(self, folder: Path) -> None:
        self._tokens, self._scales = RowFile(folder / "tokens.npy"), RowFile(folder / "scales.npy")
        read = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES)
        self._offsets, projection, pieces = map(np.asarray, read)
        self.projection: Vectors = np.array(projection)
        self._pieces = np.array(pieces)

    def packed(self, row: int) -> Packed:
        """One chunk's word pieces as they are stored."""
        span = self._offsets[row : row + 1], self._offsets[row + 1 : row + 2]
        return Packed(self._tokens.spans(*span), self._scales.spans(*span))

    def rarity(self, piece: int) -> float:
        """How much a word piece tells: the root of the logarithm of the share of chunks without it."""
        holding = int(self._pieces[piece]) if piece < len(self._pieces) else 0
        return math.sqrt(math.log(1 + (len(self._offsets) - 1) / (1 + holding)))

    def scores(self, pieces: Vectors, weights: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]) -> Vectors:
        """For each of `rows`: the weighted mean over the question's pieces of the best cosine within the chunk, in [0, 1]."""
        if not len(rows) or not len(pieces):
            return np.zeros(len(rows), np.float32)
        return np.asarray(np.clip(self.met(pieces, rows) @ (weights / weights.sum()), 0.0, 1.0), np.float32)

    def met(self, pieces: Vectors, rows: npt.NDArray[np.int64]) -> Vectors:
        """How well each of the question's pieces is met in each of `rows`: the best cosine; shape (len(rows), len(pieces))."""
        met = np.zeros((len(rows), len(pieces)), np.float32)
        if not met.size:
            return met
        question = project(pieces, self.projection)
        # A chunk of nothing that the model has a piece for meets nothing.
        begins, ends = self._offsets[rows], self._offsets[rows + 1]
        met_at = np.flatnonzero(ends > begins)
        if not len(met_at):
            return met
        begins, ends = begins[met_at], ends[met_at]
        tokens = self._tokens.spans(begins, ends).astype(np.float32)
        scales = self._scales.spans(begins, ends)
        starts = np.concatenate([[0], np.cumsum(ends - begins)[:-1]])
        with one_thread():
            met[met_at] = np.maximum.reduceat((tokens @ question.T) * scales[:, None], starts, axis=0)
        return met
