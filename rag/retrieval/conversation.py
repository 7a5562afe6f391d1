"""A question read within what was said before it.

The model reads both as one text, so "she" and "there" come to mean whom and what the conversation is about, and the few words of
"and in winter?" are met by what winter is asked of. What was said before counts by its share, the question itself fully.

Whether a question leans on the talk at all is told by its words and by what is found: where the best chunk within the talk is
met better than the best for the question alone, it was meant so. Weights as `python -m benchmarks.follow_ups --fit` prints them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rag.index.embed import Embedder, Pieces, Vectors
from rag.retrieval.telling import Telling, telling

Said = tuple[str, float]
"""A text and its share: how much each of its word pieces counts beside one of the question's, from 0 to 1."""

BIAS, BY_WORDS, BY_FOUND = 0.16, 1.10, 23.4


class Within(NamedTuple):
    """A question, and what was said before it, oldest first."""

    question: str
    said: Sequence[Said] = ()


class Talk(NamedTuple):
    """What was said before a question, oldest first, and the logarithm of the odds by its words that it leans on that."""

    said: Sequence[Said]
    odds: float

    @property
    def likely(self) -> float:
        """How likely it is by its words that the question leans on the talk."""
        return 1 / (1 + math.exp(-self.odds))

    def meant(self, alone: float, within: float) -> float:
        """How likely it is that the question leans on the talk, given the best chunk's score without it and within it."""
        return 1 / (1 + math.exp(-BIAS - BY_WORDS * self.odds - BY_FOUND * (within - alone)))


def readings(question: str, talk: Talk | None) -> list[tuple[Within, float]]:
    """The ways to read a question, by itself and within its talk, each with how likely it was meant so by its words."""
    if talk is None or not talk.said:
        return [(Within(question), 1.0)]
    return [(Within(question), 1 - talk.likely), (Within(question, talk.said), talk.likely)]


class Asked(NamedTuple):
    """What is searched for: its text, the vectors to search with, and its word pieces with how much each tells."""

    text: str
    vectors: tuple[Vectors, ...]
    pieces: Pieces
    telling: Telling

    @property
    def vector(self) -> Vectors:
        """Their mean, whose cosine is the mean of theirs."""
        return np.asarray(np.mean(self.vectors, axis=0), np.float32)


@lru_cache(maxsize=64)
def encoded(query: str, embedder: Embedder) -> tuple[Vectors, Pieces]:
    """The query's vector, of shape (dim,), and its word pieces; kept for whoever judges what the search then found."""
    vectors, (pieces,) = embedder.embed_pieces([query])
    return vectors[0], pieces


def asked(query: str, before: Sequence[Said], embedder: Embedder, *, learned: bool = True) -> Asked:
    """`query` within what was said `before` it, oldest first, as far back as the model's window reaches.

    `learned`: whether what was learned of telling counts. Kept for whoever judges, or quotes from, what the search then found.
    """
    return _asked(query, tuple(before), embedder, learned)


@lru_cache(maxsize=64)
def _asked(query: str, before: tuple[Said, ...], embedder: Embedder, learned: bool) -> Asked:
    vector, pieces = encoded(query, embedder)
    said = _reaching(query, before, embedder)
    if not said:
        return Asked(query, (vector,), pieces, telling(query, pieces, embedder, learned=learned))
    text = " ".join([*(text for text, _ in said), query])
    whole, pieces = encoded(text, embedder)
    starts = [start for start, _ in embedder.word_pieces(text)[: len(pieces.ids)]]
    ends = np.cumsum([len(text) + 1 for text, _ in said])
    shares = np.array([*(share for _, share in said), 1.0], np.float32)[np.searchsorted(ends, starts, side="right")]
    return Asked(text, (vector, whole), pieces, telling(text, pieces, embedder, shares, learned=learned))


def _reaching(query: str, before: tuple[Said, ...], embedder: Embedder) -> list[Said]:
    """The last of what was said that fit into the window beside the question."""
    room = embedder.window - 2 - len(embedder.word_pieces(query))
    kept: list[Said] = []
    for text, share in reversed(before):
        room -= len(embedder.word_pieces(text))
        if room < 0:
            break
        if text.strip():
            kept.insert(0, (text, share))
    return kept
