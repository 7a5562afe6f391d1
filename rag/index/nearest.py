"""Which vectors are nearest, by comparing with every one; and how much of that a quicker search finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.index.blas import one_thread
from rag.index.embed import Vectors
from rag.index.row_file import RowFile, Rows

if TYPE_CHECKING:
    from rag.index.store import Scope

Held = Vectors | RowFile
"""The vectors of an index, in memory or on disk."""
Found = list[tuple[int, float]]

LEAST_RECALL = 0.97
"""What a search that does not compare with every vector must find of the ten nearest."""
_AT = 10
_SAMPLE = 100
_BLOCK = 16_384
_PROBES, _NEAR, _SAME = 4, 5, 0.9999
_STRETCHES = 8  # for each of the values that are looked for
_FILE = "search.json"


class Searching(NamedTuple):
    """How a store searches. `width` is how widely, in the store's own measure; 0 compares with every vector."""

    width: int
    recall: float

    @property
    def exact(self) -> bool:
        return self.width == 0

    def __str__(self) -> str:
        if self.exact:
            return "exact"
        return f"approximate, finding {self.recall:.1%} of the {_AT} nearest in a check of {_SAMPLE} questions"

    def write(self, folder: Path) -> None:
        (folder / _FILE).write_text(json.dumps(self._asdict()), "utf-8")


EXACT = Searching(0, 1.0)


def searching(folder: Path) -> Searching | None:
    """How the store in this folder searches; None where it does not say, or not readably."""
    try:
        return Searching(**json.loads((folder / _FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def highest(values: Vectors, k: int) -> Rows:
    """Where the `k` highest values stand, highest first; of equal ones the first. Sorts no more than it must."""
    stretch = len(values) // max(1, _STRETCHES * k)
    if k < 1 or stretch < 2:
        return np.argsort(-values, kind="stable")[: max(0, k)]
    # The k-th highest of the stretches' maxima: at least k values reach it, and few are higher. To look for the k-th highest
    # value itself takes ten times as long, and a hundred times where many are equal.
    maxima = values[: len(values) // stretch * stretch].reshape(-1, stretch).max(axis=1)
    bound = np.sort(maxima)[-k]
    best = np.flatnonzero(values > bound)
    if len(best) < k:
        best = np.sort(np.concatenate([best, np.flatnonzero(values == bound)[: k - len(best)]]))
    return best[np.argsort(-values[best], kind="stable")][:k]


def nearest(vectors: Held, vector: Vectors, k: int, rows: Rows | None = None) -> Found:
    """The `k` of `vectors`, or of those in `rows`, nearest to the unit `vector`: rows and scores, best first."""
    with one_thread():
        cosines = np.concatenate([block @ vector for block in _blocks(vectors, rows)] or [np.empty(0, np.float32)])
    best = highest(cosines, k)
    return [(int(best[n] if rows is None else rows[best[n]]), score(cosines[best[n]])) for n in range(len(best))]


class Compared:
    """A store that is nothing but its vectors: each search compares with every one."""

    def __init__(self, vectors: Held) -> None:
        self._vectors = vectors

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> Found:
        return nearest(self._vectors, vector, k, None if scope is None else scope.rows)


def score(cosine: float) -> float:
    return min(1.0, max(0.0, float(cosine)))


def _blocks(vectors: Held, rows: Rows | None) -> Iterator[Vectors]:
    """The vectors of the rows, a few at a time; those that lie side by side, as those of one doc_type do, are not copied."""
    if rows is not None and len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        vectors, rows = vectors[rows[0] : rows[-1] + 1], None
    count = len(vectors) if rows is None else len(rows)
    for at in range(0, count, _BLOCK):
        yield vectors[at : at + _BLOCK] if rows is None else vectors[rows[at : at + _BLOCK]]


def find_themselves(vectors: Held, search: Callable[[Vectors, int], Found]) -> bool:
    """Whether a store finds what it holds: most of a few vectors, spread over it, come up when they are searched for."""
    rows = np.unique(np.linspace(0, len(vectors) - 1, _PROBES).astype(np.int64))
    hits = 0
    for vector in vectors[rows]:
        near = np.array([row for row, _ in search(vector, min(_NEAR, len(vectors)))], np.int64)
        # A twin may stand in for it: the same text, or one that the model cannot tell from it.
        known = near[(near >= 0) & (near < len(vectors))]
        hits += bool(len(known)) and float((vectors[known] @ vector).max()) > _SAME
    return 2 * hits > len(rows)


class Sample(NamedTuple):
    """Questions, and the rows that truly are nearest to each."""

    questions: Vectors
    nearest: list[set[int]]


def sample(vectors: Vectors) -> Sample:
    """Questions that lie between two chunks, nearer to one of them, as a person's do: a chunk's own vector is found too easily."""
    random = np.random.default_rng(0)
    one, other = random.integers(0, len(vectors), (2, _SAMPLE))
    mixed = vectors[one] + 0.5 * vectors[other]
    questions = np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12), np.float32)
    best = np.full((_SAMPLE, _AT), -np.inf, np.float32)
    rows = np.zeros((_SAMPLE, _AT), np.int64)
    for at in range(0, len(vectors), _BLOCK):
        cosines = np.hstack([best, questions @ vectors[at : at + _BLOCK].T])
        numbers = np.hstack(
            [rows, np.broadcast_to(np.arange(at, at + cosines.shape[1] - _AT), (_SAMPLE, cosines.shape[1] - _AT))]
        )
        kept = np.argpartition(-cosines, _AT - 1, axis=1)[:, :_AT]
        best, rows = np.take_along_axis(cosines, kept, axis=1), np.take_along_axis(numbers, kept, axis=1)
    return Sample(questions, [set(found[near > -np.inf].tolist()) for found, near in zip(rows, best, strict=True)])


def widened(asked: Sample, search: Callable[[Vectors, int, int], Found], widths: list[int]) -> Searching:
    """The first of `widths` at which `search(question, k, width)` finds enough of what is nearest; else EXACT."""
    for width in widths:
        found = sum(
            len(near & {row for row, _ in search(question, _AT, width)})
            for question, near in zip(asked.questions, asked.nearest, strict=True)
        )
        recall = found / max(1, sum(map(len, asked.nearest)))
        if recall >= LEAST_RECALL:
            return Searching(width, round(recall, 4))
    return EXACT
