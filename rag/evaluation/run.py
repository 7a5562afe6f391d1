"""Questions through one side or two, in turn, each scored. The only place of this room that searches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from rag.answering.condense import condense
from rag.answering.leaning import talk
from rag.config import Settings
from rag.evaluation.metrics import BUDGET, FEW, Pool, figures, within
from rag.evaluation.questions import Question
from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import DEFAULTS, retrieve
from rag.schema import Chunk, Retrieved

OURS, PLAIN = "lodestar", "plain"
LABELS = {OURS: "Lodestar", PLAIN: "plain recipe"}
_DEEP = 50
"""How many chunks are fetched to fill a budget of characters where k of them do not."""

Progress = Callable[[int, int], None]


class Query(NamedTuple):
    """A question as it is searched: made to stand alone, or as it was asked, within what was said before."""

    text: str
    asked: str
    talk: Talk | None = None


class Side(Protocol):
    """Something that searches: every chunk it can find, and a search."""

    chunks: Sequence[Chunk]

    def search(self, query: Query, k: int) -> list[Retrieved]:
        """At most k chunks with their scores, best first."""


class Lodestar:
    """This project's search over one opened index."""

    def __init__(self, index: OpenIndex, embedder: Embedder, settings: Settings = DEFAULTS) -> None:
        self.chunks: Sequence[Chunk] = index.chunks
        self._settings = settings
        self._index = index
        self._embedder = embedder

    def search(self, query: Query, k: int) -> list[Retrieved]:
        return retrieve(query.asked, self._index, self._embedder, k, talk=query.talk, settings=self._settings)


@dataclass(frozen=True, slots=True)
class Result:
    """What one side found for one question, in what time, and how good it is."""

    found: tuple[Chunk, ...]
    figures: Mapping[str, float]
    ms: float
    scores: tuple[float, ...] = ()
    """Of each chunk found, as this side scores."""
    reworded_mrr: float | None = None
    """MRR when the question's `reworded` form is searched instead."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question, what was searched for it, and the result of each side by name."""

    question: Question
    query: str
    results: Mapping[str, Result] = field(default_factory=dict)


def query_of(question: Question) -> Query:
    """What is searched for: a follow-up as the embedded default searches it, and made to stand alone for other searches."""
    text = condense(question.question, question.turns)
    return Query(text, question.question, talk(question.question, question.turns))


def run(
    questions: Sequence[Question],
    sides: Mapping[str, Side],
    k: int,
    progress: Progress = lambda done, total: None,
) -> list[Row]:
    """A row for each measurable question, in order. Sides take turns at going first; none pays for a model's first use."""
    asked = [question for question in questions if question.measurable]
    pools = {name: Pool(side.chunks) for name, side in sides.items()}
    if asked:
        for side in sides.values():
            side.search(query_of(asked[0]), k)
    rows = []
    for n, question in enumerate(asked):
        progress(n, len(asked))
        query = query_of(question)
        names = list(sides) if n % 2 == 0 else list(sides)[::-1]
        results = {name: _result(question, query, sides[name], pools[name], k) for name in names}
        rows.append(Row(question, query.text, {name: results[name] for name in sides}))
    progress(len(asked), len(asked))
    return rows


def _result(question: Question, query: Query, side: Side, pool: Pool, k: int) -> Result:
    started = time.perf_counter()
    retrieved = side.search(query, k)
    ms = (time.perf_counter() - started) * 1000
    found = _chunks(retrieved)
    deep = found
    if question.references and len(found) == k < pool.size and (k < FEW or _characters(found) < BUDGET):
        deep = _chunks(side.search(query, min(pool.size, max(k, _DEEP))))
    reworded = None
    if question.reworded and (question.keywords or question.references):
        plainly = _chunks(side.search(Query(question.reworded, question.reworded), k))
        reworded = figures(question, plainly, (), pool, k)["mrr"]
    scores = tuple(item.score for item in retrieved)
    return Result(tuple(found), figures(question, found, deep, pool, k), ms, scores, reworded)


def _chunks(retrieved: Sequence[Retrieved]) -> list[Chunk]:
    return [item.chunk for item in retrieved]


def _characters(chunks: Sequence[Chunk]) -> int:
    return sum(end - start for _, start, end in within(chunks))
