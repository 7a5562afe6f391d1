"""FAISS: exact while that is quick; above, lists of like vectors in eight bits, of which a search reads the nearest ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.index.embed import Vectors
from rag.index.nearest import EXACT, Found, Held, highest, nearest, sample, score, searching, widened
from rag.index.row_file import Rows
from rag.schema import Chunk, VectorIndexError

if TYPE_CHECKING:
    from rag.index.store import Scope

MOST_EXACT = 50_000
"""Chunks. To compare with every one of them takes some 7 ms, which a search can spare; the lists take a third of one."""

_FILE = "faiss.index"
_FEW = 20_000  # rows: so many are compared in full in the time that it takes to search the lists with a filter
_SOME = 200_000  # rows: to compare so many in eight bits takes some 15 ms
_LEARNT = 64  # vectors a list from which the lists are learnt


def build_faiss(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Write an inner-product index, which on unit vectors is the cosine, and how it is to be searched."""
    import faiss

    folder.mkdir(parents=True)
    path = str(folder / _FILE)
    how = EXACT
    if len(vectors) > MOST_EXACT:
        index = _lists(vectors)
        faiss.write_index(index, path)
        widths = [width for n in range(3, 32) if (width := 2**n) < index.nlist] + [index.nlist]
        # Twice as wide as the check needs: a filter, and questions unlike those of the check, are harder.
        how = widened(sample(vectors), lambda question, k, width: _search(index, vectors, question, k, width), widths)
        how = how._replace(width=min(2 * how.width, index.nlist))
    if how.exact:
        flat = faiss.IndexFlatIP(vectors.shape[1])
        for at in range(0, len(vectors), MOST_EXACT):
            flat.add(np.ascontiguousarray(vectors[at : at + MOST_EXACT]))
        faiss.write_index(flat, path)
    how.write(folder)


def _lists(vectors: Vectors) -> Any:
    """Two lists for each of a list's vectors: so neither the lists nor their vectors take long to go through."""
    import faiss

    count, dim = vectors.shape
    lists = int(2 * count**0.5)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim), dim, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    some = np.sort(np.random.default_rng(0).permutation(count)[: _LEARNT * lists])
    index.train(np.ascontiguousarray(vectors[some]))
    for at in range(0, count, MOST_EXACT):
        index.add(np.ascontiguousarray(vectors[at : at + MOST_EXACT]))
    return index


def _search(index: Any, vectors: Held, vector: Vectors, k: int, width: int, rows: Rows | None = None) -> Found:
    """What `width` of the lists hold, weighed once more by the vectors themselves: eight bits mistake what is nearly alike."""
    import faiss

    options: dict[str, Any] = {}
    if rows is not None:
        allowed = np.zeros(len(vectors), bool)
        allowed[rows] = True
        bits = np.packbits(allowed, bitorder="little")
        options["sel"] = faiss.IDSelectorBitmap(bits)  # type: ignore[arg-type, call-arg]
    params = faiss.SearchParametersIVF(nprobe=width, **options)  # type: ignore[call-arg]
    _, (found,) = index.search(vector.reshape(1, -1), 2 * k + 20, params=params)
    found = np.sort(found[found >= 0])
    cosines = vectors[found] @ vector
    return [(int(found[n]), score(cosines[n])) for n in highest(cosines, k)]


class FaissStore:
    """A FAISS index, memory-mapped."""

    def __init__(self, folder: Path, vectors: Held) -> None:
        import faiss

        self._vectors = vectors
        try:
            self._index: Any = faiss.read_index(str(folder / _FILE), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError:
            raise VectorIndexError("The FAISS store cannot be read; run: python -m rag.ingest --rebuild.") from None
        if (how := searching(folder)) is None:
            raise VectorIndexError("The FAISS store cannot be read; run: python -m rag.ingest --rebuild.")
        if self._index.ntotal != len(vectors):
            raise VectorIndexError("The FAISS store does not fit its chunks; run: python -m rag.ingest --rebuild.")
        self._how = how

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> Found:
        count = self._index.ntotal if scope is None else len(scope.rows)
        k = min(k, count)
        if k == 0:
            return []
        if scope is not None and (self._how.exact or count <= _FEW):
            return nearest(self._vectors, vector, k, scope.rows)
        if self._how.exact:
            scores, rows = self._index.search(vector.reshape(1, -1), k)
            return [(int(row), score(cosine)) for row, cosine in zip(rows[0], scores[0], strict=True)]
        width = self._how.width
        if scope is not None:
            # What a filter leaves may lie in lists that are far from the question: few are looked for everywhere.
            width = (
                self._index.nlist if count <= _SOME else min(self._index.nlist, 4 * width * self._index.ntotal // count)
            )
        found = _search(self._index, self._vectors, vector, k, width, None if scope is None else scope.rows)
        return found if len(found) == k else nearest(self._vectors, vector, k, None if scope is None else scope.rows)
