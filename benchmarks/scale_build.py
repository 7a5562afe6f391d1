"""An index of made-up chunks (benchmarks/scale_corpus.py), built by the project's own builders, part by part."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.scale_corpus import DIM, DOC_TYPES, PER_DOCUMENT, PROJECTION, Corpus, TableEmbedder
from benchmarks.scale_search import memory
from rag.index.chunks import Chunks, build_columns
from rag.index.damage import file_hashes, file_samples
from rag.index.generation import CHUNKS, LEXICAL, TOKENS, VECTORS, WORDS, Manifest, Recipe, publish
from rag.index.lexical import build_lexical
from rag.index.spelling import build_words
from rag.index.store import store_kind
from rag.index.tokens import TokensWriter, count_pieces

NAME = "gen-scale"

_AT_ONCE = 1000  # chunks


def build_all(index: Path, count: int) -> None:
    """Everything but a store. Says on standard error what each part took."""
    corpus, folder = Corpus(count), index / f"{NAME}.tmp"
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
    publish(index, folder, NAME)


def build_store(index: Path, count: int, store: str) -> float:
    """Adds a store and lets the manifest name it; the seconds that took."""
    folder = index / NAME
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
        name=NAME,
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


def _timed(what: str, do: Callable[[], None]) -> None:
    started = time.perf_counter()
    do()
    seconds = time.perf_counter() - started
    print(f"{what}: {seconds:.1f} s, at most {memory()['VmHWM'] // 1024} MB so far", file=sys.stderr, flush=True)
