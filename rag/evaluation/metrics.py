"""How well a list of found chunks answers a question. Pure functions on plain data.

What a question asks to be found is a list of targets: its keywords, or where it has none its references. A chunk is relevant to
a keyword that stands in its text, case aside, and to a reference whose characters it shares. Figures are means over targets.

Characters are counted in the source files: a chunk is its `source`, `start` and `end`. One that two chunks share counts once,
also towards a budget: repeating itself neither helps nor costs a recipe anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rag.evaluation.questions import Question, Reference
from rag.schema import Chunk

BUDGET = 4000
"""Characters of the budget; about what ten chunks hold."""

FEW = 5
"""The second, shorter list for which recall, precision and IoU are given."""

Span = tuple[str, int, int]
"""source, start, end (exclusive)."""


class Metric(NamedTuple):
    """A figure's key in JSON, its name on paper, and what it says, in one line."""

    key: str
    name: str
    says: str


METRICS = (
    Metric(
        "mrr",
        "MRR",
        "how high the first chunk with each keyword (or passage) stands: 1 at the top, 1/2 in second place, …",
    ),
    Metric(
        "ndcg",
        "nDCG",
        "whether all chunks with a keyword (or passage) come first, held against every such chunk of the index",
    ),
    Metric(
        "ndcg_retrieved",
        "nDCG, found only",
        "nDCG held against the best order of what was found alone, as often published",
    ),
    Metric("coverage", "keywords", "share of the keywords that stand in any chunk found"),
    Metric("hit", "hit rate", "share of questions for which a chunk of a right file was found"),
    Metric("recall", "recall", "share of the proving passages' characters that was found"),
    Metric("precision", "precision", "share of the characters found that belongs to the proving passages"),
    Metric("iou", "IoU", "characters in both, of the characters in either: found, or in the proving passages"),
    Metric("recall_5", "recall at 5", "recall of the first five chunks"),
    Metric("precision_5", "precision at 5", "precision of the first five chunks"),
    Metric("iou_5", "IoU at 5", "IoU of the first five chunks"),
    Metric("recall_budget", "recall in 4,000", "share of the proving passages in the first 4,000 characters found"),
)


class Pool:
    """All chunks of an index, to know how many are relevant to a target."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.size = len(chunks)
        self._texts = [chunk.text.casefold() for chunk in chunks]
        self._spans: dict[str, list[tuple[int, int]]] = {}
        for chunk in chunks:
            self._spans.setdefault(chunk.source, []).append((chunk.start, chunk.end))

    def relevant(self, question: Question) -> list[int]:
        """For each target the number of relevant chunks."""
        if question.keywords:
            return [sum(word in text for text in self._texts) for word in map(str.casefold, question.keywords)]
        return [
            sum(start < reference.end and reference.start < end for start, end in self._spans.get(reference.source, []))
            for reference in question.references
        ]


def marks(question: Question, found: Sequence[Chunk]) -> list[list[bool]]:
    """For each target, whether each found chunk is relevant to it; shape (targets, len(found))."""
    if question.keywords:
        texts = [chunk.text.casefold() for chunk in found]
        return [[word in text for text in texts] for word in map(str.casefold, question.keywords)]
    return [[overlaps(chunk, reference) for chunk in found] for reference in question.references]


def overlaps(chunk: Chunk, reference: Reference) -> bool:
    """Whether they share a character."""
    return chunk.source == reference.source and chunk.start < reference.end and reference.start < chunk.end


def reciprocal_rank(marked: Sequence[Sequence[bool]]) -> float:
    """Mean over the targets of 1 / rank of the first relevant chunk, 0 where there is none."""
    return _mean(1 / (row.index(True) + 1) if True in row else 0.0 for row in map(list, marked))


def coverage(marked: Sequence[Sequence[bool]]) -> float:
    """Share of the targets that any chunk is relevant to."""
    return _mean(float(any(row)) for row in marked)


def ndcg(marked: Sequence[Sequence[bool]], relevant: Sequence[int], k: int) -> float:
    """Mean over the targets of the discounted gain, as a share of that of the best list of `k` chunks.

    `relevant`: for each target how many chunks the best list may draw on. A target with none counts 0.
    """
    gains = []
    for row, count in zip(marked, relevant, strict=True):
        ideal = sum(_discount(rank) for rank in range(1, min(k, count) + 1))
        gains.append(sum(_discount(rank) for rank, hit in enumerate(row, 1) if hit) / ideal if ideal else 0.0)
    return _mean(gains)


def within(chunks: Iterable[Chunk], budget: int | None = None) -> list[Span]:
    """What the chunks cover, as spans that do not overlap, in order of finding; the last one cut where the budget ends."""
    covered: list[Span] = []
    left = math.inf if budget is None else budget
    for chunk in chunks:
        for source, start, end in _minus((chunk.source, chunk.start, chunk.end), covered):
            if left <= 0:
                return covered
            end = int(min(end, start + left))
            covered.append((source, start, end))
            left -= end - start
    return covered


def recall_precision_iou(spans: Sequence[Span], references: Sequence[Reference]) -> tuple[float, float, float]:
    """In characters: found of referenced, referenced of found, and both of either. `spans` must not overlap."""
    wanted: list[Span] = []
    for reference in references:
        wanted += _minus((reference.source, reference.start, reference.end), wanted)
    both = sum(
        max(0, min(end, other_end) - max(start, other_start))
        for source, start, end in spans
        for other, other_start, other_end in wanted
        if source == other
    )
    found, referenced = _length(spans), _length(wanted)
    return both / referenced, both / found if found else 0.0, both / (found + referenced - both)


def figures(question: Question, found: Sequence[Chunk], deep: Sequence[Chunk], pool: Pool, k: int) -> dict[str, float]:
    """Every metric this question can have, by key. `found`: at most k; `deep`: the same list, going on."""
    result: dict[str, float] = {}
    if question.keywords or question.references:
        marked = marks(question, found)
        result["mrr"] = reciprocal_rank(marked)
        result["ndcg"] = ndcg(marked, pool.relevant(question), k)
        result["ndcg_retrieved"] = ndcg(marked, [sum(row) for row in marked], k)
        if question.keywords:
            result["coverage"] = coverage(marked)
    if question.sources:
        result["hit"] = float(any(chunk.source in question.sources for chunk in found))
    if question.references:
        for suffix, chunks in (("", found), (f"_{FEW}", deep[:FEW])):
            both = recall_precision_iou(within(chunks), question.references)
            result |= {
                f"{name}{suffix}": value for name, value in zip(("recall", "precision", "iou"), both, strict=True)
            }
        result["recall_budget"] = recall_precision_iou(within(deep, BUDGET), question.references)[0]
    return result


def _minus(span: Span, covered: Iterable[Span]) -> list[Span]:
    """The parts of a span that none of the others covers, in order."""
    source, start, end = span
    parts = []
    for _, other_start, other_end in sorted(other for other in covered if other[0] == source):
        if other_start < end and start < other_end:
            if start < other_start:
                parts.append((source, start, other_start))
            start = max(start, other_end)
    return [*parts, (source, start, end)] if start < end else parts


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for _, start, end in spans)


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def _mean(values: Iterable[float]) -> float:
    collected = list(values)
    return sum(collected) / len(collected)
