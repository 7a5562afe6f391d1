"""python -m benchmarks.scale: how quick and how large the index is at a thousand, ten thousand, a hundred thousand chunks.

The chunks are made up (benchmarks/scale_corpus.py), their index is built by the project's own builders and searched in a process
of its own. Embedding the question is not counted: it takes the same time at every size. Beside it stands the plain recipe:
Chroma as it comes, vectors alone. A million chunks take 9 GB of disk and some 20 minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale_corpus import DIM, DOC_TYPES, PER_DOCUMENT, PROJECTION, Asked, Corpus, TableEmbedder, questions
from benchmarks.table import Row as Figure
from rag.index.chunks import Chunks, build_columns
from rag.index.damage import file_hashes, file_samples
from rag.index.generation import CHUNKS, LEXICAL, TOKENS, VECTORS, WORDS, Manifest, Recipe, publish, published
from rag.index.lexical import build_lexical
from rag.index.nearest import nearest, searching
from rag.index.open import IndexReader
from rag.index.spelling import build_words
from rag.index.store import Scope, store_kind
from rag.index.tokens import TokensWriter, count_pieces
from rag.retrieval.hybrid import retrieve

Row = dict[str, Any]

_LARGE = 100_000  # chunks

_ASKED, _WARM, _MEANWHILE = 200, 10, 50
PLAIN, _MOST_CHROMA = (
    "plain Chroma",
    200_000,
)  # chunks; beyond, Chroma takes hours to build and more memory than is allowed
_AT_ONCE = 1000  # chunks
_NAME = "gen-scale"


def measure(counts: Sequence[int], stores: Sequence[str], at: Path, *, keep: bool = False) -> list[Row]:
    """A row for each size and store, and one of the plain recipe where it is feasible; milliseconds, bytes and shares."""
    rows: list[Row] = []
    for count in counts:
        index = at / f"scale-{count}"
        shutil.rmtree(index, ignore_errors=True)
        try:
            build_all(index, count)
            for store in stores:
                if store == "chroma" and count > _MOST_CHROMA:
                    print(f"Chroma is left out at {count} chunks.", file=sys.stderr)
                    continue
                seconds = build_store(index, count, store)
                rows.append({**_apart("--search", index, count, store), "store_build_s": seconds})
            if "chroma" in stores and count <= _MOST_CHROMA:
                rows.append(_apart("--plain", index, count, PLAIN))
        finally:
            if not keep:
                shutil.rmtree(index, ignore_errors=True)
    return rows


def goals(rows: Sequence[Row]) -> list[Figure]:
    """What of `measure` a goal is set for: 25 and 50 ms at up to 100,000 chunks; beyond, 100 ms, 2.5 GB and 5 s to open."""
    figures = []
    recipes = {row["chunks"]: row for row in rows if row["store"] == PLAIN}
    for row in rows:
        if row["store"] == PLAIN:
            continue
        count, recipe = row["chunks"], recipes.get(row["chunks"], {})
        name = f"{count:,} chunks, {row['store']}, {row['vector_search']}"
        large = count > _LARGE
        for part, what in (("search", "search"), ("filtered", "search with a filter")):
            median, last = f"{part}_ms", f"{part}_p95_ms"
            figures.append(Figure(f"{name}: {what}, ms", recipe.get(median), row[median], None if large else 25))
            figures.append(Figure(f"{name}: {what}, p95 ms", recipe.get(last), row[last], 100 if large else 50))
        figures.append(
            Figure(f"{name}: memory at most, MB", recipe.get("peak_mb"), row["peak_mb"], 2560 if large else None)
        )
        figures.append(Figure(f"{name}: to open, s", recipe.get("open_s"), row["open_s"], 5 if large else None))
        for part, what in (
            ("recall_at_10", "neighbours missed of ten, %"),
            ("filtered_recall_at_10", "the same, with a filter"),
        ):
            missed = recipe.get(part)
            figures.append(
                Figure(f"{name}: {what}", None if missed is None else 100 * (1 - missed), 100 * (1 - row[part]), 3)
            )
    return figures


def build_all(index: Path, count: int) -> None:
    """Everything but a store. Says on standard error what each part took."""
    corpus, folder = Corpus(count), index / f"{_NAME}.tmp"
    folder.mkdir(parents=True)
    _timed("corpus", lambda: _write_truth(folder, corpus))
    _timed("columns", lambda: build_columns(folder))
    chunks = Chunks(folder)
    _timed("lexical", lambda: build_lexical(folder / LEXICAL, (chunk.text for chunk in chunks)))
    _timed("words", lambda: build_words(folder / WORDS, (chunk.text for chunk in chunks)))
    pieces: Iterable[Sequence[int]] = (row.tolist() for block in corpus.blocks() for row in block.pieces)
    _timed("tokens", lambda: _write_tokens(folder / TOKENS, corpus))
    _timed("pieces", lambda: count_pieces(folder / TOKENS, pieces))
    _manifest(folder, count, "").write(folder)
    publish(index, folder, _NAME)


def build_store(index: Path, count: int, store: str) -> float:
    """Adds a store and lets the manifest name it; the seconds that took."""
    folder = index / _NAME
    started = time.perf_counter()
    vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    store_kind(store).build(folder / store, Chunks(folder), vectors)
    seconds = round(time.perf_counter() - started, 1)
    _manifest(folder, count, store).write(folder)
    return seconds


def _write_truth(folder: Path, corpus: Corpus) -> None:
    vectors = np.lib.format.open_memmap(folder / VECTORS, "w+", np.float32, (corpus.count, DIM))
    row = 0
    with (folder / CHUNKS).open("w", encoding="utf-8") as file:
        for block in corpus.blocks():
            file.writelines(json.dumps(asdict(chunk), ensure_ascii=False) + "\n" for chunk in block.chunks)
            vectors[row : row + len(block.chunks)] = block.vectors
            row += len(block.chunks)
    vectors.flush()


def _write_tokens(folder: Path, corpus: Corpus) -> None:
    tokens = TokensWriter(folder, PROJECTION)
    for at in range(0, corpus.count, _AT_ONCE):
        tokens.append(corpus.packed[at : at + _AT_ONCE])
    tokens.close()


def _manifest(folder: Path, count: int, store: str) -> Manifest:
    files = file_hashes(folder)
    return Manifest(
        name=_NAME,
        created="",
        recipe=Recipe(TableEmbedder.identity, DIM, TableEmbedder.window, "float32", "made up", 0, 0, store),
        digest="",
        documents=-(-count // PER_DOCUMENT),
        doc_types=dict.fromkeys(DOC_TYPES, count // PER_DOCUMENT // len(DOC_TYPES)),
        skipped=(),
        chunks=count,
        examples=(),
        files=files,
        samples=file_samples(folder, files),
    )


def _apart(what: str, index: Path, count: int, store: str) -> Row:
    command = [sys.executable, "-m", "benchmarks.scale", what, "--at", str(index), "--chunks", str(count)]
    done = subprocess.run([*command, "--store", store], stdout=subprocess.PIPE, text=True, check=True)
    row: Row = json.loads(done.stdout)
    return row


def search(index: Path, count: int, store: str) -> Row:
    """Opens the index and asks it; to be called in a process that did nothing else yet."""
    corpus = Corpus(count)
    asked, kinds = questions(corpus, _ASKED + _WARM + _MEANWHILE), _kinds()
    embedder = TableEmbedder(corpus)
    del corpus
    before = _memory()["VmRSS"]
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
    memory = _memory()
    how = searching(index / _NAME / store)
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
        "rss_mb": memory["VmRSS"] // 1024,
        "peak_mb": memory["VmHWM"] // 1024,
        "rss_before_open_mb": before // 1024,
        "recall_at_10": round(float(np.mean(whole)), 4),
        "filtered_recall_at_10": round(float(np.mean(within)), 4),
        "bytes_per_chunk": {part: _size(index / _NAME / part) // count for part in parts},
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
        memory = _memory()
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
        "rss_mb": memory["VmRSS"] // 1024,
        "peak_mb": memory["VmHWM"] // 1024,
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


def _memory() -> dict[str, int]:
    """Resident memory now and at most, in KiB, touched pages of memory-mapped files counted in; as Linux tells it."""
    lines = (line.split() for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return {line[0].rstrip(":"): int(line[1]) for line in lines if line[0] in ("VmRSS:", "VmHWM:")}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(_size(inside) for inside in path.iterdir())


def _timed(what: str, do: Callable[[], None]) -> None:
    seconds = _milliseconds(do) / 1000
    print(f"{what}: {seconds:.1f} s, at most {_memory()['VmHWM'] // 1024} MB so far", file=sys.stderr, flush=True)


def _print(rows: Sequence[Row]) -> None:
    columns = {
        "chunks": "chunks", "store": "store", "vector_search": "vectors", "open_s": "open s", "search_ms": "median ms",
        "search_p95_ms": "p95 ms", "filtered_ms": "filtered ms", "filtered_p95_ms": "its p95 ms", "peak_mb": "peak MB",
        "recall_at_10": "recall@10", "filtered_recall_at_10": "filtered", "store_build_s": "store built s",
    }  # fmt: skip
    table = [list(columns.values()), *([str(row.get(name, "")) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000], metavar="N")
    parser.add_argument("--store", nargs="+", default=["chroma", "faiss"], metavar="STORE")
    parser.add_argument("--at", type=Path, help="folder for what is generated (the system's temporary folder)")
    parser.add_argument("--keep", action="store_true", help="leave what was generated there")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    parser.add_argument("--search", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search or arguments.plain:  # the process that measure() starts
        count, store = arguments.chunks[0], arguments.store[0]
        print(json.dumps(plain(arguments.at, count) if arguments.plain else search(arguments.at, count, store)))
        return
    if arguments.at is None and arguments.keep:
        parser.error("--keep needs --at, the folder to keep it in")
    with tempfile.TemporaryDirectory() as temporary:
        rows = measure(arguments.chunks, arguments.store, arguments.at or Path(temporary), keep=arguments.keep)
    if arguments.json:
        print("\n".join(json.dumps(row) for row in rows))
    else:
        _print(rows)


if __name__ == "__main__":
    main()
