"""A vector store without a library: it compares with every vector, so its answers can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.index.embed import Vectors
from rag.index.store import Scope, StoreKind
from rag.schema import Chunk


class ExactStore:
    def __init__(self, folder: Path, vectors: Vectors) -> None:
        self._vectors: Vectors = np.load(folder / "vectors.npy")

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        rows = np.arange(len(self._vectors)) if scope is None else scope.rows
        cosines = np.clip(self._vectors[rows] @ vector, 0.0, 1.0)
        return [(int(rows[i]), float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:k]]


def build_exact(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    folder.mkdir(parents=True)
    np.save(folder / "vectors.npy", vectors)


EXACT = StoreKind(build_exact, ExactStore)
