"""How well each word piece of some texts meets each word piece of a question: late interaction, kept piece by piece.

The index already holds the word pieces of its chunks, read within their chunk, so a chunk that was just found costs no pass of
the model; any other text is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from rag.index.blas import one_thread
from rag.index.embed import Embedder, Pieces, Vectors
from rag.index.open import OpenIndex
from rag.index.tokens import project
from rag.retrieval.conversation import Within, asked

Stored = Callable[[], OpenIndex]
"""Gives the published index."""

Read = Callable[[Sequence[str]], tuple[Vectors, list[Pieces]]]
"""One of an embedder's ways to read."""


class Met(NamedTuple):
    """A text's word pieces: their (start, end) offsets, and their cosines of shape (pieces, the question's pieces)."""

    spans: list[tuple[int, int]]
    cosines: Vectors


class Meeting(NamedTuple):
    """A question's vector, the weights of its word pieces, which sum to 1, and how each text meets them."""

    vector: Vectors
    weights: Vectors
    texts: list[Met]
    spans: list[tuple[int, int]]
    """Where the question's word pieces stand in it."""


Meet = Callable[[Sequence[Within], Sequence[str]], list[Meeting]]


class Texts:
    """Texts that questions meet, read when the first of those comes."""

    def __init__(self, texts: Sequence[str], embedder: Embedder, stored: Stored | None = None) -> None:
        """Rare word pieces weigh more where there is an index to tell them; else all alike."""
        self._texts = texts
        self._embedder = embedder
        self._stored = stored

    @cached_property
    def _index(self) -> OpenIndex | None:
        return self._stored() if self._stored else None

    @cached_property
    def _held(self) -> dict[str, Vectors]:
        return _read(self._texts, self._embedder, self._index)

    @cached_property
    def _spans(self) -> dict[str, list[tuple[int, int]]]:
        """Cut off where the model's window ends."""
        return {text: _spans(text, self._embedder)[: len(held)] for text, held in self._held.items()}

    def meet(self, said: Sequence[str], read: Read | None = None) -> list[Meeting]:
        """Each statement with all of the texts. `read` is how the statements are read, where it is known better."""
        if not said:
            return []
        stated = list(zip(said, *(read or self._embedder.embed_pieces)(said), strict=True))
        _ = self._spans
        with one_thread():
            return [self._meeting(text, vector, pieces, 1.0) for text, vector, pieces in stated]

    def meet_asked(self, questions: Sequence[Within]) -> list[Meeting]:
        """Each question with all of the texts; its word pieces weigh by what they tell, too."""
        asking = [asked(one.question, one.said, self._embedder) for one in questions]
        _ = self._spans
        with one_thread():
            return [self._meeting(one.text, one.vector, one.pieces, one.telling.pieces) for one in asking]

    def _meeting(self, text: str, vector: Vectors, asked: Pieces, tells: Vectors | float) -> Meeting:
        weights, pieces = np.ones(len(asked.ids), np.float32), asked.vectors
        if self._index is not None:
            weights = np.array([self._index.tokens.rarity(piece) for piece in asked.ids], np.float32)
            pieces = project(pieces, self._index.tokens.projection)
        weights = weights * tells
        met = {
            text: Met(at, np.asarray(self._held[text][: len(at)] @ pieces.T, np.float32))
            for text, at in self._spans.items()
        }
        spans = self._embedder.word_pieces(text)[: len(asked.ids)]
        total = max(float(weights.sum()), 1e-12)
        return Meeting(vector, weights / total, [met[text] for text in self._texts], spans)


def meet(
    questions: Sequence[Within], texts: Sequence[str], embedder: Embedder, stored: Stored | None = None
) -> list[Meeting]:
    """Each question with all of the texts."""
    return Texts(texts, embedder, stored).meet_asked(questions)


def _read(texts: Sequence[str], embedder: Embedder, index: OpenIndex | None) -> dict[str, Vectors]:
    """The vectors of each text's word pieces."""
    held: dict[str, Vectors] = {}
    if index is not None:
        found = {text: index.chunks.row_of(text) for text in texts}
        held = {text: _unpacked(index, row) for text, row in found.items() if row is not None}
    unread = [text for text in dict.fromkeys(texts) if text not in held]
    for text, read in zip(unread, embedder.embed_pieces(unread)[1], strict=True):
        held[text] = project(read.vectors, index.tokens.projection) if index is not None else read.vectors
    return held


@lru_cache(512)
def _spans(text: str, embedder: Embedder) -> list[tuple[int, int]]:
    """What is found for one question is found for others."""
    return embedder.word_pieces(text)


def _unpacked(index: OpenIndex, row: int) -> Vectors:
    packed = index.tokens.packed(row)
    return np.asarray(packed.tokens * packed.scales[:, None], np.float32)
