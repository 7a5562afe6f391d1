"""Vector stores: build one from vectors, open it, ask it. One row in STORES per kind.

Raw distances exist in this file only. What leaves it is a score: the cosine, cut off below 0, so in [0, 1] and higher is
better.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rag.index.embed import Vectors
from rag.schema import Chunk, SettingsError, VectorIndexError

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the index a search may look at: the filter as values, and the rows it leaves, ascending."""

    doc_type: str | None
    sources: tuple[str, ...]
    rows: Rows


class Store(Protocol):
    """An opened vector store."""

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """The `k` rows nearest to the unit `vector` within `scope`, with their scores, best first."""


class StoreKind(NamedTuple):
    """How one kind of store is built in an empty folder and opened again."""

    build: Callable[[Path, Sequence[Chunk], Vectors], None]
    open: Callable[[Path, Sequence[Chunk]], Store]
    mutable: bool
    """Whether opening rewrites files, so that their hashes cannot be held against them."""


# --- Chroma -----------------------------------------------------------------------------------------------------------

COLLECTION = "chunks"
# Chroma starts its system per path and keeps it in a table of the process: two threads that open at once break each other.
_CHROMA_LOCK = threading.RLock()


def _chroma_client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    settings = ChromaSettings(anonymized_telemetry=False, allow_reset=False)
    return chromadb.PersistentClient(path=str(folder.resolve()), settings=settings)


def build_chroma(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Write a Chroma collection that LangChain's own Chroma class can open too."""
    folder.mkdir(parents=True)
    with _CHROMA_LOCK:
        client = _chroma_client(folder)
        try:
            hnsw = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
            collection = client.create_collection(COLLECTION, embedding_function=None, configuration={"hnsw": hnsw})
            for at in _batches(len(chunks), min(client.get_max_batch_size(), 2048)):
                collection.add(
                    ids=[chunk.chunk_id for chunk in chunks[at]],
                    embeddings=vectors[at],
                    documents=[chunk.text for chunk in chunks[at]],
                    metadatas=[_metadata(chunk) for chunk in chunks[at]],
                )
        finally:
            client.close()


class ChromaStore:
    """A Chroma collection, embedded; its Python server is never started."""

    def __init__(self, folder: Path, chunks: Sequence[Chunk]) -> None:
        if not (folder / "chroma.sqlite3").is_file():  # Chroma would make an empty one instead of failing
            raise VectorIndexError("The Chroma store is missing; run: python -m rag.ingest --rebuild.")
        self._rows = {chunk.chunk_id: row for row, chunk in enumerate(chunks)}
        with _CHROMA_LOCK:
            try:
                client = _chroma_client(folder)
                weakref.finalize(self, client.close)
                self._collection = client.get_collection(COLLECTION, embedding_function=None)
            except Exception as error:  # whatever Chroma, SQLite and its Rust half raise
                raise VectorIndexError(
                    "The Chroma store cannot be read; run: python -m rag.ingest --rebuild."
                ) from error

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        k = min(k, len(self._rows) if scope is None else len(scope.rows))
        if k == 0:
            return []
        # Texts and metadata are in `chunks`: to leave them out of the answer takes a third of the time.
        found: Any = self._collection.query(
            query_embeddings=[vector], n_results=k, where=_where(scope) if scope else None, include=["distances"]
        )
        return [
            (self._rows[name], _score(1.0 - distance))
            for name, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]


def _where(scope: Scope) -> dict[str, Any] | None:
    clauses: list[dict[str, Any]] = []
    if scope.doc_type is not None:
        clauses.append({"doc_type": scope.doc_type})
    if scope.sources:
        clauses.append({"source": {"$in": list(scope.sources)}})
    return {"$and": clauses} if len(clauses) > 1 else clauses[0] if clauses else None


def _metadata(chunk: Chunk) -> dict[str, str | int]:
    return {name: getattr(chunk, name) for name in ("source", "doc_type", "title", "heading", "start", "end")}


# --- FAISS ------------------------------------------------------------------------------------------------------------


def build_faiss(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Write an exact inner-product index; on unit vectors that is the cosine."""
    import faiss

    folder.mkdir(parents=True)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    faiss.write_index(index, str(folder / "faiss.index"))


class FaissStore:
    """A FAISS index in memory. FAISS knows rows only, so the filter reaches it as the rows that may be found."""

    def __init__(self, folder: Path, chunks: Sequence[Chunk]) -> None:
        import faiss

        try:
            self._index = faiss.read_index(str(folder / "faiss.index"))
        except RuntimeError:
            raise VectorIndexError("The FAISS store cannot be read; run: python -m rag.ingest --rebuild.") from None
        if self._index.ntotal != len(chunks):
            raise VectorIndexError("The FAISS store does not fit its chunks; run: python -m rag.ingest --rebuild.")

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        import faiss

        k = min(k, self._index.ntotal if scope is None else len(scope.rows))
        if k == 0:
            return []
        params = faiss.SearchParameters(sel=faiss.IDSelectorBatch(scope.rows)) if scope else None  # type: ignore[call-arg]
        scores, rows = self._index.search(vector.reshape(1, -1), k, params=params)
        return [(int(row), _score(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]


STORES: dict[str, StoreKind] = {
    "chroma": StoreKind(build_chroma, ChromaStore, mutable=True),
    "faiss": StoreKind(build_faiss, FaissStore, mutable=False),
}


def store_kind(name: str) -> StoreKind:
    """The row of STORES. Raises SettingsError for a name that is not in the table."""
    if name not in STORES:
        raise SettingsError(f"The store {name} is not known; choose one of {', '.join(STORES)}.")
    return STORES[name]


def _score(cosine: float) -> float:
    return min(1.0, max(0.0, float(cosine)))


def _batches(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))
