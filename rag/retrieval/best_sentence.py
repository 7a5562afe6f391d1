"""The sentence of a chunk that meets a question best, read by itself: what a chunk's other sentences blur, it may say.

A chunk's vectors hold all that the chunk says. Where several chunks are about what is asked, the one that answers has one
sentence that does, and that sentence's own meaning is nearer to the question's than those of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rag.documents.quotable import quotables
from rag.index.blas import one_thread
from rag.index.embed import Embedder, Vectors
from rag.index.open import OpenIndex
from rag.index.row_file import Rows
from rag.index.tokens import project
from rag.retrieval.conversation import Asked

MOST = 3
"""Chunks whose best sentences are compared, the first ones: each takes a pass of the model."""

CLOSE = 0.035
"""How far a chunk's score may lie behind the first one's to be compared; a wider gap no sentence makes up for."""


class _Sentence(NamedTuple):
    """What the model is given to read, and which of the chunk's word pieces it has."""

    text: str
    pieces: slice


def likeness(asked: Asked, weights: Vectors, rows: Rows, index: OpenIndex, embedder: Embedder) -> Vectors:
    """Cosine of what is asked with the best sentence of the chunk in each of `rows`; shape (len(rows),), in [0, 1].

    `weights`: how much each of the question's word pieces counts. A chunk without a sentence is taken as a whole.
    """
    pieces = project(asked.pieces.vectors, index.tokens.projection)
    texts = [_best(int(row), pieces, weights, index, embedder) for row in rows]
    return np.asarray(np.clip(vectors(texts, embedder) @ asked.vector, 0, 1), np.float32)


def vectors(texts: Sequence[str], embedder: Embedder) -> Vectors:
    """As the embedder's `embed`, on all processors; what was read for one question is kept for the next ones."""
    kept = {text: _kept(text, embedder) for text in texts}
    unread = [text for text, vector in kept.items() if not vector]
    if unread:
        for text, vector in zip(unread, embedder.embed_many(unread)[0], strict=True):
            kept[text][:] = [vector]
    return np.stack([kept[text][0] for text in texts]) if texts else embedder.embed([])


def forget() -> None:
    """Forget what was read for earlier questions, so that a measurement starts afresh."""
    _kept.cache_clear()
    _sentences.cache_clear()


@lru_cache(4096)
def _kept(text: str, embedder: Embedder) -> list[Vectors]:
    """Where a text's vector is put once it is known."""
    return []


def _best(row: int, pieces: Vectors, weights: Vectors, index: OpenIndex, embedder: Embedder) -> str:
    text = index.chunks[row].text
    sentences = _sentences(text, embedder)
    if not sentences or not len(pieces):
        return text
    packed = index.tokens.packed(row)
    with one_thread():
        cosines = np.clip((packed.tokens.astype(np.float32) @ pieces.T) * packed.scales[:, None], 0, 1)
        met = [float(cosines[one.pieces].max(axis=0, initial=0) @ weights) for one in sentences]
    return sentences[int(np.argmax(met))].text


@lru_cache(1024)
def _sentences(text: str, embedder: Embedder) -> list[_Sentence]:
    """Those of a chunk; what is found for one question is found for others."""
    starts, ends = np.array(embedder.word_pieces(text) or [(0, 0)]).T
    return [
        _Sentence(
            f"{one.about}: {one.text}",
            slice(int(np.searchsorted(ends, one.start, side="right")), int(np.searchsorted(starts, one.end))),
        )
        for one in quotables([text])
    ]
