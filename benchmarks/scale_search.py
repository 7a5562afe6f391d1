"""What a search of made-up chunks costs: by the project's index, and by the plain recipe. Each in a process of its own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale_corpus import DOC_TYPES, Asked, Corpus, TableEmbedder, questions
from rag.index.chunks import Chunks
from rag.index.generation import CHUNKS, LEXICAL, TOKENS, VECTORS, WORDS, published
from rag.index.nearest import nearest, searching
from rag.index.open import IndexReader
from rag.index.store import Scope
from rag.retrieval.hybrid import retrieve

Row = dict[str, Any]

PLAIN = "plain Chroma"

_ASKED, _WARM, _MEANWHILE = 200, 10, 50


def search(index: Path, count: int, store: str) -> Row:
    """Opens the index and asks it; to be called in a process that did nothing else yet."""
    corpus = Corpus(count)
    asked, kinds = questions(corpus, _ASKED + _WARM + _MEANWHILE), _kinds()
    embedder = TableEmbedder(corpus)
    del corpus
    before = memory()["VmRSS"]
    reader = IndexReader(index, embedder)
    started = time.perf_counter()
    opened = reader.current()
    seconds = time.perf_counter() - started

    def ask(question: Asked, doc_type: str | None = None) -> None:
        embedder.vector = question.vector
        retrieve(question.text, reader.current(), embedder, 10, doc_type=doc_type)

    first = _milliseconds(lambda: ask(asked[0]))
    meanwhile = [_milliseconds(partial(ask, question)) for question in asked[_ASKED + _WARM :]]
    reader.checked.wait()
    checked = time.perf_counter() - started
    free = _times(asked, ask)
    filtered = _times(list(zip(asked, kinds, strict=False)), lambda pair: ask(pair[0], pair[1]))
    used = memory()
    how = searching(index / opened.name / store)
    whole = [_recall(opened.store.search, opened.vectors, question.vector, None) for question in asked[:100]]
    within = [
        _recall(opened.store.search, opened.vectors, question.vector, opened.scope(kind))
        for question, kind in zip(asked[:100], kinds, strict=False)
    ]
    parts = [CHUNKS, VECTORS, "columns", LEXICAL, WORDS, TOKENS, store]
    return {
        "chunks": count,
        "store": store,
        "vector_search": "exact" if how is None or how.exact else "approximate",
        "open_s": round(seconds, 3),
        "first_ms": round(first, 1),
        **_quantiles("while_checked", meanwhile),
        "checked_s": round(checked, 1),
        **_quantiles("search", free),
        **_quantiles("filtered", filtered),
        "rss_mb": used["VmRSS"] // 1024,
        "peak_mb": used["VmHWM"] // 1024,
        "rss_before_open_mb": before // 1024,
        "recall_at_10": round(float(np.mean(whole)), 4),
        "filtered_recall_at_10": round(float(np.mean(within)), 4),
        "bytes_per_chunk": {part: _size(index / opened.name / part) // count for part in parts},
    }


def plain(index: Path, count: int) -> Row:
    """Chroma as it comes: the vectors with their texts and doc_types, the ten nearest."""
    import chromadb

    folder = published(index)
    assert folder is not None
    chunks, vectors = Chunks(folder), np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    corpus = Corpus(count)
    asked, kinds = questions(corpus, _ASKED + _WARM), _kinds()
    with tempfile.TemporaryDirectory(dir=index) as at:
        client: Any = chromadb.PersistentClient(at, chromadb.config.Settings(anonymized_telemetry=False))
        space: Any = {"hnsw": {"space": "cosine"}}
        collection = client.create_collection("plain", embedding_function=None, configuration=space)
        started = time.perf_counter()
        for row in range(0, count, 2000):
            some = chunks[row : row + 2000]
            collection.add(
                ids=[chunk.chunk_id for chunk in some],
                embeddings=np.array(vectors[row : row + 2000]),
                documents=[chunk.text for chunk in some],
                metadatas=[{"source": chunk.source, "doc_type": chunk.doc_type} for chunk in some],
            )
        seconds = round(time.perf_counter() - started, 1)

        def ask(question: Asked, doc_type: str | None = None) -> set[str]:
            where: Any = None if doc_type is None else {"doc_type": doc_type}
            return set(collection.query(query_embeddings=question.vector[None], n_results=10, where=where)["ids"][0])

        free = _times(asked, lambda question: ask(question))
        filtered = _times(list(zip(asked, kinds, strict=False)), lambda pair: ask(pair[0], pair[1]))
        used = memory()
        found = [
            len(ask(question) & {chunks[row].chunk_id for row, _ in nearest(vectors, question.vector, 10)}) / 10
            for question in asked[:100]
        ]
        size = _size(Path(at))
        client.close()
    return {
        "chunks": count,
        "store": PLAIN,
        "vector_search": "approximate",
        **_quantiles("search", free),
        **_quantiles("filtered", filtered),
        "rss_mb": used["VmRSS"] // 1024,
        "peak_mb": used["VmHWM"] // 1024,
        "recall_at_10": round(float(np.mean(found)), 4),
        "bytes_per_chunk": {"chroma": size // count},
        "store_build_s": seconds,
    }


def _kinds() -> list[str]:
    """A doc_type for each question: seldom its own."""
    return [DOC_TYPES[n] for n in np.random.default_rng(5).integers(0, len(DOC_TYPES), _ASKED + _WARM)]


def _recall(ask: Callable[..., list[tuple[int, float]]], vectors: Any, vector: Any, scope: Scope | None) -> float:
    exact = {row for row, _ in nearest(vectors, vector, 10, None if scope is None else scope.rows)}
    return len(exact & {row for row, _ in ask(vector, 10, scope)}) / max(1, len(exact))


def _times(questions: Sequence[Any], ask: Callable[[Any], object]) -> list[float]:
    for question in questions[_ASKED : _ASKED + _WARM]:
        ask(question)
    return [_milliseconds(partial(ask, question)) for question in questions[:_ASKED]]


def _milliseconds(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def _quantiles(name: str, times: list[float]) -> Row:
    return {
        f"{name}_ms": round(float(np.median(times)), 2),
        f"{name}_p95_ms": round(float(np.percentile(times, 95)), 2),
    }


def memory() -> dict[str, int]:
    """Resident memory now and at most, in KiB, touched pages of memory-mapped files counted in; as Linux tells it."""
    lines = (line.split() for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return {line[0].rstrip(":"): int(line[1]) for line in lines if line[0] in ("VmRSS:", "VmHWM:")}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(_size(inside) for inside in path.iterdir())
