"""Vectors of single word pieces, for late interaction: how well each piece of a question is met somewhere in a chunk.

The model makes them on its way to the chunk's one vector, so they cost no second pass. Stored small: projected to the
directions that carry most (fitted on a sample of the corpus) and rounded to int8, memory-mapped when read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.index.blas import one_thread
from rag.index.embed import Vectors
from rag.index.npy_rows import NpyRows
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
    values, directions = np.linalg.eigh(every.T @ every / max(1, len(every)))
    return np.ascontiguousarray(directions[:, np.argsort(-values, kind="stable")[:dims]], np.float32)


def project(pieces: Vectors, projection: Vectors) -> Vectors:
    """Unit vectors in the smaller space."""
    small = pieces @ projection
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(small / np.maximum(norms, 1e-12), np.float32)


def pack(texts: Sequence[Vectors], projection: Vectors) -> list[Packed]:
    """Project and round the word pieces of each text."""
    with one_thread():
        small = project(np.concatenate(texts), projection)
    scales = np.asarray(np.maximum(np.abs(small).max(axis=1), 1e-12) / 127, np.float32)
    rounded = np.round(small / scales[:, None]).astype(np.int8)
    edges = np.cumsum([0, *(len(text) for text in texts)])
    return [Packed(rounded[start:end], scales[start:end]) for start, end in itertools.pairwise(edges)]


def count_pieces(folder: Path, piece_ids: Iterable[Sequence[int]]) -> None:
    """Write in how many chunks each word piece stands; `piece_ids` are the vocabulary ids in each chunk's text."""
    folder.mkdir(exist_ok=True)
    holding: dict[int, int] = {}
    for ids in piece_ids:
        for piece in set(ids):
            holding[piece] = holding.get(piece, 0) + 1
    counts = np.zeros(max(holding, default=0) + 1, np.int32)
    counts[list(holding)] = list(holding.values())
    np.save(folder / "pieces.npy", counts, allow_pickle=False)


class TokensWriter:
    """Writes packed word pieces chunk by chunk into a new folder. It can be read once it is closed and `count_pieces` ran."""

    def __init__(self, folder: Path, projection: Vectors) -> None:
        folder.mkdir(exist_ok=True)
        np.save(folder / "projection.npy", projection, allow_pickle=False)
        self._tokens = NpyRows(folder / "tokens.npy", np.int8, projection.shape[1])
        self._scales = NpyRows(folder / "scales.npy", np.float32)
        self._offsets = NpyRows(folder / "offsets.npy", np.int64)
        self._offsets.append(np.zeros(1, np.int64))
        self._end = 0

    def append(self, packed: Sequence[Packed]) -> bytes:
        """Add chunks; returns the bytes that were written of them."""
        written = self._tokens.append(np.concatenate([chunk.tokens for chunk in packed]))
        written += self._scales.append(np.concatenate([chunk.scales for chunk in packed]))
        ends = self._end + np.cumsum([len(chunk.tokens) for chunk in packed])
        self._end = int(ends[-1])
        return written + self._offsets.append(ends)

    def close(self) -> None:
        for rows in (self._tokens, self._scales, self._offsets):
            rows.close()

    def stop(self) -> None:
        for rows in (self._tokens, self._scales, self._offsets):
            rows.stop()


class PackedTokens:
    """The packed word pieces of rows that follow each other."""

    def __init__(
        self, tokens: npt.NDArray[np.int8], scales: npt.NDArray[np.float32], offsets: npt.NDArray[np.int64]
    ) -> None:
        """`offsets`: where each row's pieces begin, and where the last row's end; shape (rows + 1,)."""
        self._tokens, self._scales, self._offsets = tokens, scales, offsets

    def packed(self, row: int) -> Packed:
        """One chunk's word pieces as they are stored."""
        span = slice(int(self._offsets[row]), int(self._offsets[row + 1]))
        return Packed(np.array(self._tokens[span]), np.array(self._scales[span]))


class Tokens(PackedTokens):
    """Opened word-piece vectors."""

    def __init__(self, folder: Path) -> None:
        read = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES)
        offsets, projection, pieces = map(np.asarray, read)
        self._token_file, self._scale_file = RowFile(folder / "tokens.npy"), RowFile(folder / "scales.npy")
        super().__init__(self._token_file.mapped, self._scale_file.mapped, offsets)
        self.projection: Vectors = np.array(projection)
        self._pieces = np.array(pieces)

    def packed(self, row: int) -> Packed:
        """One chunk's word pieces as they are stored, and no more of the file drawn into memory than that."""
        begin, end = self._offsets[row : row + 1], self._offsets[row + 1 : row + 2]
        return Packed(self._token_file.spans(begin, end), self._scale_file.spans(begin, end))

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
        tokens = self._token_file.spans(begins, ends).astype(np.float32)
        scales = self._scale_file.spans(begins, ends)
        starts = np.concatenate([[0], np.cumsum(ends - begins)[:-1]])
        with one_thread():
            met[met_at] = np.maximum.reduceat((tokens @ question.T) * scales[:, None], starts, axis=0)
        return met
