"""Vectors and BM25 propose, late interaction decides, and the best sentences of the first chunks have the last word.

The same order from every store: it proposes, it does not score.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from rag.config import Settings
from rag.index.embed import Embedder, Vectors
from rag.index.nearest import Found, highest
from rag.index.open import OpenIndex
from rag.index.row_file import Rows
from rag.index.store import Scope
from rag.retrieval import best_sentence
from rag.retrieval.conversation import Said, Talk, asked
from rag.schema import Retrieved

DEFAULTS = Settings()
"""With every stage switched on; shares and switches are measured in benchmarks/RESULTS.md."""


def retrieve(
    query: str,
    index: OpenIndex,
    embedder: Embedder,
    k: int,
    *,
    doc_type: str | None = None,
    sources: Sequence[str] = (),
    talk: Talk | None = None,
    settings: Settings = DEFAULTS,
) -> list[Retrieved]:
    """The `k` chunks that fit `query` best within the filter; an empty list where the filter leaves nothing.

    With a `talk`, `query` is also read within it, and each reading counts as likely as it is that it was meant so.

    The score is a fixed mix in [0, 1]: how well the query's word pieces are met in the chunk (rare ones count more), BM25
    as a share of the most it could be, and a little of the same for the chunks before and after it; less what its best
    sentence falls short of that of others that are nearly as well met. It depends neither on k nor on the store.
    """
    with index.reading():
        scope = index.scope(doc_type, sources)
        if not query.strip() or (scope is not None and not len(scope.rows)):
            return []
        query = spelled(query, index, embedder, settings)
        score = Score(query, index, embedder, settings)
        rows = _proposed(index, score, scope, settings)
        if talk is None or not talk.said:
            return best(index, rows, by_sentences(score(rows), rows, [(score, 1.0)], index, embedder, settings), k)
        within = Score(query, index, embedder, settings, talk.said)
        rows = np.union1d(rows, _proposed(index, within, scope, settings))
        scores, otherwise = within(rows), score(rows)
        meant = talk.meant(float(otherwise.max()), float(scores.max()))
        mixed = np.asarray(meant * scores + (1 - meant) * otherwise, np.float32)
        ways = [(score, 1 - meant), (within, meant)]
        return best(index, rows, by_sentences(mixed, rows, ways, index, embedder, settings), k)


def by_sentences(
    scores: Vectors,
    rows: Rows,
    ways: Sequence[tuple[Score, float]],
    index: OpenIndex,
    embedder: Embedder,
    settings: Settings = DEFAULTS,
) -> Vectors:
    """The scores, less what the best sentences of the first chunks fall short of each other, where those are close.

    All others are taken to fall short by as much as the worst of these, so they stay in their order behind them.
    `ways`: the ways to read the question, each with how likely it was meant so.
    """
    order = _order(scores, rows)[: best_sentence.MOST]
    close = order[scores[order] >= scores[order[:1]] - best_sentence.CLOSE]
    if not settings.sentence_share or len(close) < 2:
        return scores
    near = sum(
        likely * best_sentence.likeness(way.asked, way.weights, rows[close], index, embedder) for way, likely in ways
    )
    short = np.full(len(rows), np.max(near) - np.min(near), np.float32)
    short[close] = np.max(near) - near
    return np.asarray(np.clip(scores - settings.sentence_share * short, 0, 1), np.float32)


def best(index: OpenIndex, rows: Rows, scores: Vectors, k: int) -> list[Retrieved]:
    """The `k` highest of the scores with their chunks."""
    return [Retrieved(index.chunks[rows[i]], round(float(scores[i]), 6)) for i in _order(scores, rows)[:k]]


def _order(scores: Vectors, rows: Rows) -> Rows:
    """Highest first. Ties break by row, so by source and place: the same every time."""
    return np.lexsort((rows, -np.round(scores, 6)))


def spelled(query: str, index: OpenIndex, embedder: Embedder, settings: Settings = DEFAULTS) -> str:
    """What is searched for: the query with its misspelled words put right."""
    return index.spelling.corrected(query, embedder.common_words) if settings.spelling else query


def by_vectors(index: OpenIndex, score: Score, scope: Scope | None, settings: Settings) -> Found:
    """What the vector store proposes: rows with their cosine, nearest first; for a question within others, for both."""
    if settings.words_share >= 1:
        return []
    return [found for vector in score.asked.vectors for found in index.store.search(vector, settings.candidates, scope)]


def by_words(score: Score, scope: Scope | None, settings: Settings) -> Rows:
    """The rows that BM25 proposes, highest first."""
    if settings.words_share <= 0:
        return np.empty(0, np.int64)
    if scope is None:
        return highest(score.words, settings.candidates)
    return scope.rows[highest(score.words[scope.rows], settings.candidates)]


def together(near: Found, worded: Rows) -> Rows:
    """The rows that either proposes, each once, in order."""
    return np.unique(np.concatenate([np.array([row for row, _ in near], dtype=np.int64), worded]))


def _proposed(index: OpenIndex, score: Score, scope: Scope | None, settings: Settings) -> Rows:
    return together(by_vectors(index, score, scope, settings), by_words(score, scope, settings))


class Score:
    """One query's score of any chunk."""

    def __init__(
        self, query: str, index: OpenIndex, embedder: Embedder, settings: Settings, before: Sequence[Said] = ()
    ) -> None:
        self._index = index
        self._settings = settings
        self.asked = asked(query, before, embedder, learned=settings.telling)

    @cached_property
    def words(self) -> Vectors:
        """BM25 of every chunk, as a share of the most it could be."""
        return self._index.lexical.scores(self.asked.text, self.asked.telling.words)

    def __call__(self, rows: Rows) -> Vectors:
        own = self.mixed(self._met(rows) if self._settings.rerank else self.near(rows), rows)
        share = self._settings.neighbours_share
        if not share:
            return own
        # Neighbours are only glanced at: to read them piece by piece as well takes three times as long and finds no more.
        before, after = self._index.neighbours(rows)
        half = self.mixed(self.near(rows), rows) / 2  # stands in for a neighbour where a document begins or ends
        beside = [np.where(other == rows, half, self.mixed(self.near(other), other)) for other in (before, after)]
        return np.asarray((own + share * (beside[0] + beside[1]) / 2) / (1 + share), np.float32)

    def mixed(self, meaning: Vectors, rows: Rows) -> Vectors:
        """Meaning and words, each with its share."""
        share = self._settings.words_share
        return np.asarray((1 - share) * meaning + share * self.words[rows], np.float32)

    def near(self, rows: Rows) -> Vectors:
        """Cosine of the chunk's one vector; the mean of both for a question within others."""
        vectors = self._index.vectors[rows]
        cosines = [np.clip(vectors @ vector, 0, 1) for vector in self.asked.vectors]
        return np.asarray(sum(cosines) / np.float32(len(cosines)), np.float32)

    @cached_property
    def weights(self) -> Vectors:
        """How much each of the query's word pieces counts: its rarity, and what it tells."""
        rarity = np.array([self._index.tokens.rarity(piece) for piece in self.asked.pieces.ids], np.float32)
        return rarity * self.asked.telling.pieces

    def _met(self, rows: Rows) -> Vectors:
        """Late interaction."""
        return self._index.tokens.scores(self.asked.pieces.vectors, self.weights, rows)
