"""Chunks -> vectors and packed word pieces, row by row; those of texts that are known already are carried over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rag.index.embed import Embedder, Pieces, Vectors
from rag.index.embedded import EmbeddedWriter, Known
from rag.index.row_file import Rows
from rag.index.tokens import DIMS, Packed, fit_projection, pack
from rag.schema import Chunk

Progress = Callable[[int, int], None]
"""Called with how many chunks are embedded, of how many."""

_BATCH = 64
_AHEAD = 2  # batches that are embedded while earlier ones are packed and written

Made = tuple[Vectors, list[Pieces]]


@dataclass(frozen=True, slots=True)
class _Where:
    """For each row of the new index: which of `known` holds its text (-1: none) and in which row."""

    which: Rows
    row: Rows

    @property
    def missing(self) -> Rows:
        return np.flatnonzero(self.which < 0)


def embed_chunks(
    chunks: Sequence[Chunk],
    embedder: Embedder,
    known: Sequence[Known],
    writer: Callable[[Vectors], EmbeddedWriter],
    progress: Progress,
) -> int:
    """Hand every row to the writer, which `writer` opens for a projection; how many rows were embedded is returned.

    The projection of what is known is kept, so that old and new word pieces can be compared.
    """
    where = _look_up(chunks, known)
    missing = where.missing
    progress(0, len(missing))
    sample: dict[int, tuple[Vectors, Packed]] = {}
    if known:
        projection = known[0].projection
    else:  # fitted on chunks spread over all of them
        spread = missing[:: max(1, len(missing) // _BATCH)][:_BATCH].tolist()
        vectors, pieces = embedder.embed_many([chunks[row].text for row in spread])
        projection = fit_projection([text.vectors for text in pieces], min(DIMS, embedder.dim))
        packed = pack([text.vectors for text in pieces], projection)
        sample = dict(zip(spread, zip(vectors, packed, strict=True), strict=True))
    done = len(sample)
    out = writer(projection)
    try:
        for rows, wanted, made in _embedded(chunks, embedder, where, sample):
            ready = dict(sample)
            if wanted:
                vectors, pieces = made
                packed = pack([text.vectors for text in pieces], projection)
                ready |= dict(zip(wanted, zip(vectors, packed, strict=True), strict=True))
            every = [ready[row] if where.which[row] < 0 else _carried(known, where, row) for row in rows]
            out.append(np.stack([vector for vector, _ in every]), [packed for _, packed in every])
            done += len(wanted)
            progress(done, len(missing))
    except BaseException:
        out.stop()
        raise
    out.close()
    return len(missing)


def _look_up(chunks: Sequence[Chunk], known: Sequence[Known]) -> _Where:
    where = _Where(np.full(len(chunks), -1), np.zeros(len(chunks), np.int64))
    for row, chunk in enumerate(chunks) if known else ():
        for which, one in enumerate(known):
            if (old := one.row_of(chunk.text)) is not None:
                where.which[row], where.row[row] = which, old
                break
    return where


def _carried(known: Sequence[Known], where: _Where, row: int) -> tuple[Vectors, Packed]:
    one, old = known[where.which[row]], int(where.row[row])
    return one.vectors[old], one.tokens.packed(old)


def _embedded(
    chunks: Sequence[Chunk], embedder: Embedder, where: _Where, sample: dict[int, tuple[Vectors, Packed]]
) -> Iterator[tuple[range, list[int], Made]]:
    """Batch by batch its rows, those that had to be embedded, and what the model made of them."""
    waiting: deque[tuple[range, list[int], Future[Made]]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as ahead:
        try:
            for at in range(0, len(chunks), _BATCH):
                rows = range(at, min(at + _BATCH, len(chunks)))
                wanted = [row for row in rows if where.which[row] < 0 and row not in sample]
                texts = [chunks[row].text for row in wanted]
                waiting.append((rows, wanted, ahead.submit(embedder.embed_many, texts)))
                if len(waiting) > _AHEAD:
                    yield _finished(waiting)
            while waiting:
                yield _finished(waiting)
        finally:
            ahead.shutdown(wait=True, cancel_futures=True)


def _finished(waiting: deque[tuple[range, list[int], Future[Made]]]) -> tuple[range, list[int], Made]:
    rows, wanted, made = waiting.popleft()
    return rows, wanted, made.result()
