"""Chunks -> vectors, those of texts that an earlier generation holds carried over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.index.embed import Embedder, Vectors
from rag.index.tokens import DIMS, Packed, Tokens, fit_projection, pack
from rag.schema import Chunk

Progress = Callable[[int, int], None]
"""Called with how many chunks are embedded, of how many."""

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier generation by the same embedder: text -> row, and what its rows hold."""

    rows: Mapping[str, int]
    vectors: Vectors
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Embedded:
    """Row by row what the model made of the chunks; `embedded` of them are new."""

    vectors: Vectors
    packed: list[Packed]
    projection: Vectors
    embedded: int


def embed_chunks(chunks: Sequence[Chunk], embedder: Embedder, known: Known | None, progress: Progress) -> Embedded:
    """Embed what `known` does not hold. Its projection is kept, so that old and new word pieces can be compared."""
    vectors = np.empty((len(chunks), embedder.dim), np.float32)
    packed: list[Packed | None] = [None] * len(chunks)
    missing: list[int] = []
    for row, chunk in enumerate(chunks):
        old = known.rows.get(chunk.text) if known else None
        if known is None or old is None:
            missing.append(row)
        else:
            vectors[row], packed[row] = known.vectors[old], known.tokens.packed(old)
    projection = known.tokens.projection if known else None
    progress(0, len(missing))
    done = 0
    for rows in _batches(chunks, missing):
        vectors[rows], pieces = embedder.embed_many([chunks[row].text for row in rows])
        if projection is None:  # the first batch is a sample of the whole
            projection = fit_projection([text.vectors for text in pieces], min(DIMS, embedder.dim))
        for row, text in zip(rows, pieces, strict=True):
            packed[row] = pack(text.vectors, projection)
        done += len(rows)
        progress(done, len(missing))
    assert projection is not None
    return Embedded(vectors, [chunk for chunk in packed if chunk is not None], projection, len(missing))


def _batches(chunks: Sequence[Chunk], missing: Sequence[int]) -> list[list[int]]:
    """A sample spread over all, then the rest with texts of like length together: a batch is padded to its longest."""
    sample = list(missing[:: max(1, len(missing) // _BATCH)])[:_BATCH]
    rest = sorted(set(missing) - set(sample), key=lambda row: (len(chunks[row].text), row))
    return [batch for batch in (sample, *(rest[at : at + _BATCH] for at in range(0, len(rest), _BATCH))) if batch]
