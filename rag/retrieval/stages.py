"""A search taken apart: what vectors, BM25, both together and the last look find, each with its scores and its time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.retrieval.hybrid import DEFAULTS, Score, best, by_sentences, by_vectors, by_words, spelled, together
from rag.schema import Retrieved


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage found, all of it, best first, and how long it took."""

    found: tuple[Retrieved, ...] = ()
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Stages:
    """A search from the question to the order in which an answer is given its chunks.

    `fused` holds what either of the two before it found, in the order of their mixed scores; `reranked` the same chunks as
    `retrieve` orders them. `searched` is the question with its spelling put right.
    """

    searched: str
    vectors: Stage = Stage()
    words: Stage = Stage()
    fused: Stage = Stage()
    reranked: Stage = Stage()
    spelling_ms: float = 0.0
    embedding_ms: float = 0.0

    @property
    def ms(self) -> float:
        return sum(stage.ms for stage in (self.vectors, self.words, self.fused, self.reranked)) + (
            self.spelling_ms + self.embedding_ms
        )


def stages(
    query: str, index: OpenIndex, embedder: Embedder, *, doc_type: str | None = None, settings: Settings = DEFAULTS
) -> Stages:
    """The stages of `retrieve` for a question that leans on no other. Each does there what it does here."""
    with index.reading():
        scope = index.scope(doc_type)
        if not query.strip() or (scope is not None and not len(scope.rows)):
            return Stages(query)
        clock = _Clock()
        searched = spelled(query, index, embedder, settings)
        spelling_ms = clock.ms()
        score = Score(searched, index, embedder, settings)
        embedding_ms = clock.ms()
        near = by_vectors(index, score, scope, settings)
        vectors_ms = clock.ms()
        worded = by_words(score, scope, settings)
        words_ms = clock.ms()
        rows = together(near, worded)
        mixed = score.mixed(score.near(rows), rows)
        fused_ms = clock.ms()
        final = by_sentences(score(rows), rows, [(score, 1.0)], index, embedder, settings)
        reranked_ms = clock.ms()
        held = worded[score.words[worded] > 0]  # the others hold no word of the question: they only fill the list up
        return Stages(
            searched,
            Stage(tuple(Retrieved(index.chunks[row], round(cosine, 6)) for row, cosine in near), vectors_ms),
            Stage(tuple(best(index, held, score.words[held], len(held))), words_ms),
            Stage(tuple(best(index, rows, np.asarray(mixed), len(rows))), fused_ms),
            Stage(tuple(best(index, rows, np.asarray(final), len(rows))), reranked_ms),
            spelling_ms,
            embedding_ms,
        )


class _Clock:
    """Milliseconds since it was asked last."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def ms(self) -> float:
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        return spent * 1000
