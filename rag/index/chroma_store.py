"""Chroma, embedded: an ordinary collection that LangChain's own class can open too.

Left to itself Chroma 1.5.9 writes to its files whenever they are opened: a row into a table that it locks by, and, as long
as it has not stored its graph of vectors, the beginnings of one. Here it stores the graph at once and the row is left out,
so that a published store never changes, and each byte of it can be held against its hash before Chroma reads it. It must
be: where the graph is missing Chroma silently answers from what is left, and where it is damaged the process may die.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.index.embed import Vectors
from rag.index.nearest import Found, Held, find_themselves, nearest, sample, score, searching, widened
from rag.schema import Chunk, VectorIndexError

if TYPE_CHECKING:
    from rag.index.store import Scope

COLLECTION = "chunks"
# Chroma starts its system per path and keeps it in a table of the process: two threads that open at once break each other.
_CHROMA_LOCK = threading.RLock()
_WIDTHS = [200, 400, 800, 1600]
_DATABASE = "chroma.sqlite3"
# Chroma opens its database with an insert, for the lock that comes with it; the lock is there without the row too.
_UNCHANGED = "CREATE TRIGGER published BEFORE INSERT ON acquire_write BEGIN SELECT RAISE(IGNORE); END"
_UNREADABLE = "The Chroma store cannot be read; run: python -m rag.ingest --rebuild."


def _chroma_client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    # Said here, for Chroma also reads the environment and a file .env, and either could name a server or a collector.
    settings = ChromaSettings(
        anonymized_telemetry=False,
        allow_reset=False,
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        chroma_otel_collection_endpoint="",
    )
    return chromadb.PersistentClient(path=str(folder.resolve()), settings=settings)


def build_chroma(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Write a Chroma collection whose ids are the rows, and how it is to be searched."""
    folder.mkdir(parents=True)
    with _CHROMA_LOCK:
        client = _chroma_client(folder)
        try:
            hnsw = {
                "space": "cosine",
                "ef_construction": 200,
                "ef_search": _WIDTHS[0],
                "max_neighbors": 32,
                "batch_size": 1,
                "sync_threshold": 1,  # else the graph of the last thousand is made anew whenever it is opened
            }
            collection = client.create_collection(COLLECTION, embedding_function=None, configuration={"hnsw": hnsw})
            for at in _batches(len(chunks), min(client.get_max_batch_size(), 2048)):
                collection.add(
                    ids=[str(row) for row in range(at.start, at.stop)],
                    embeddings=vectors[at],
                    documents=[chunk.text for chunk in chunks[at]],
                    metadatas=[_metadata(chunk) for chunk in chunks[at]],
                )
            how = widened(sample(vectors), lambda vector, k, width: _search(collection, vector, k, width), _WIDTHS)
            if how.width > _WIDTHS[0]:  # takes hold when the collection is opened again
                collection.modify(configuration={"hnsw": {"ef_search": how.width}})
            how.write(folder)
        finally:
            client.close()
    with closing(sqlite3.connect(folder / _DATABASE)) as database:
        database.execute(_UNCHANGED)
        database.commit()


def _search(collection: Any, vector: Vectors, k: int, width: int = 0) -> Found:
    """The `k` nearest; Chroma looks at least as widely as it is asked for results, and gives fewer where there are fewer."""
    most = width if width > _WIDTHS[0] else k
    # Texts and metadata are in `chunks`: to leave them out of the answer takes a third of the time.
    found = collection.query(query_embeddings=[vector], n_results=most, include=["distances"])
    return [
        (int(row), score(1.0 - distance))
        for row, distance in zip(found["ids"][0][:k], found["distances"][0][:k], strict=True)
    ]


class ChromaStore:
    """A Chroma collection; Chroma's Python server is never started."""

    def __init__(self, folder: Path, vectors: Held) -> None:
        how = searching(folder) if (folder / _DATABASE).is_file() else None
        if how is None:  # Chroma would make an empty one instead of failing
            raise VectorIndexError("The Chroma store is missing; run: python -m rag.ingest --rebuild.")
        self._how = how
        self._vectors = vectors
        with _CHROMA_LOCK:
            try:
                client = _chroma_client(folder)
                weakref.finalize(self, client.close)
                self._collection = client.get_collection(COLLECTION, embedding_function=None)
                found = find_themselves(vectors, lambda vector, k: _search(self._collection, vector, k))
            except BaseException as error:
                if not failed(error):
                    raise
                raise VectorIndexError(_UNREADABLE) from error
        if not found:
            raise VectorIndexError(_UNREADABLE)

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> Found:
        k = min(k, len(self._vectors) if scope is None else len(scope.rows))
        if k == 0:
            return []
        if scope is not None or self._how.exact:
            # Chroma looks up every chunk that a filter leaves in its database, which takes ten times as long as to compare it.
            return nearest(self._vectors, vector, k, scope.rows if scope else None)
        try:
            return _search(self._collection, vector, k)
        except BaseException as error:
            if not failed(error):
                raise
            # Its files may have been taken away since; the vectors are at hand, and say the same.
            return nearest(self._vectors, vector, k)


def failed(error: BaseException) -> bool:
    """Whether it tells of a fault. Chroma's Rust half panics past Exception; what else does asks this process to stop."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _metadata(chunk: Chunk) -> dict[str, str | int]:
    return {
        name: getattr(chunk, name) for name in ("chunk_id", "source", "doc_type", "title", "heading", "start", "end")
    }


def _batches(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))
