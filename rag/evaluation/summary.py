"""Rows -> the figures of each group of questions, with their intervals, and the pairs between the two sides. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation.metrics import METRICS
from rag.evaluation.run import OURS, PLAIN, Row
from rag.evaluation.statistics import Estimate, Paired, Times, estimate, paired, times

ALL = "all"


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the questions. `figures`: side -> metric -> estimate, only metrics that a question of the group has."""

    name: str
    n: int
    figures: Mapping[str, Mapping[str, Estimate]]
    pairs: Mapping[str, Paired]


@dataclass(frozen=True, slots=True)
class Reworded:
    """Questions that lean on a conversation or are misspelt, against the same put plainly. MRR by side."""

    category: str
    n: int
    as_asked: Mapping[str, float]
    reworded: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of a run. `groups` begins with all questions; splits come next, then categories."""

    k: int
    sides: tuple[str, ...]
    chunks: Mapping[str, int]
    groups: tuple[Group, ...]
    splits: tuple[Group, ...]
    categories: tuple[Group, ...]
    reworded: tuple[Reworded, ...]
    times: Mapping[str, Times]

    @property
    def whole(self) -> Group:
        return self.groups[0]


def summarise(rows: Sequence[Row], chunks: Mapping[str, int], k: int) -> Summary:
    """The figures of at least one row. `chunks`: how many each side searches."""
    sides = tuple(chunks)
    splits = _grouped(rows, sides, lambda row: row.question.split)
    categories = _grouped(rows, sides, lambda row: row.question.category)
    splits = splits if len(splits) > 1 else ()
    return Summary(
        k=k,
        sides=sides,
        chunks=dict(chunks),
        groups=(_group(ALL, rows, sides), *splits, *categories),
        splits=splits,
        categories=categories,
        reworded=tuple(_reworded(rows, sides)),
        times={side: times([row.results[side].ms for row in rows]) for side in sides},
    )


def _grouped(rows: Sequence[Row], sides: Sequence[str], key: Callable[[Row], str]) -> tuple[Group, ...]:
    names = sorted({key(row) for row in rows} - {""})
    return tuple(_group(name, [row for row in rows if key(row) == name], sides) for name in names)


def _group(name: str, rows: Sequence[Row], sides: Sequence[str]) -> Group:
    figures: dict[str, dict[str, Estimate]] = {side: {} for side in sides}
    pairs: dict[str, Paired] = {}
    for metric in METRICS:
        values = {side: _values(rows, side, metric.key) for side in sides}
        for side in sides:
            if values[side]:
                figures[side][metric.key] = estimate(values[side])
        if PLAIN in sides and values[PLAIN]:
            pairs[metric.key] = paired(values[OURS], values[PLAIN])
    return Group(name, len(rows), figures, pairs)


def _values(rows: Sequence[Row], side: str, key: str) -> list[float]:
    return [row.results[side].figures[key] for row in rows if key in row.results[side].figures]


def _reworded(rows: Sequence[Row], sides: Sequence[str]) -> list[Reworded]:
    found = []
    for category in sorted({row.question.category for row in rows}):
        both = [
            row
            for row in rows
            if row.question.category == category and all(row.results[side].reworded_mrr is not None for side in sides)
        ]
        if both:
            found.append(
                Reworded(
                    category,
                    len(both),
                    {side: statistics.fmean(_values(both, side, "mrr")) for side in sides},
                    {side: statistics.fmean(row.results[side].reworded_mrr or 0.0 for row in both) for side in sides},
                )
            )
    return found
