"""The questions of an evaluation, question by question: where the first right chunk stood, and whether that is better than before.

Read from the object that `rag.evaluate --json` prints, as it was kept. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ALL, MISSED, BETTER, WORSE = "all", "missed", "better", "worse"
OURS, PLAIN = "lodestar", "plain"
_TIE = 1e-6

Report = Mapping[str, Any]
Key = tuple[str, str]


class Standing(NamedTuple):
    """How well one side did on a question: the rank of the first right chunk, 0 where there is none, and a score in [0, 1]."""

    rank: int
    score: float


class Asked(NamedTuple):
    """A question with what was found for it, and how it stood before or with another recipe; None where it was not asked."""

    row: Mapping[str, Any]
    now: Standing
    other: Standing | None = None

    @property
    def moved(self) -> str:
        """BETTER, WORSE or "" against the other."""
        if self.other is None or abs(self.now.score - self.other.score) <= _TIE:
            return ""
        return BETTER if self.now.score > self.other.score else WORSE


def standing(result: Mapping[str, Any]) -> Standing:
    """By MRR, or where a question names only its document by the rank of the first chunk of it."""
    rank = next((n for n, found in enumerate(result["found"], 1) if found["relevant"]), 0)
    return Standing(rank, float(result["figures"].get("mrr", 1 / rank if rank else 0.0)))


def standings(report: Report, side: str = OURS) -> dict[Key, Standing]:
    """Of every question that was measured. A question is known by its words and what was searched for it: numbers of lines move."""
    return {_key(row): standing(row["results"][side]) for row in report["rows"] if side in row["results"]}


def asked(report: Report, other: Mapping[Key, Standing]) -> list[Asked]:
    """Every question that was measured, held against others."""
    return [Asked(row, standing(row["results"][OURS]), other.get(_key(row))) for row in report["rows"]]


def chosen(questions: Sequence[Asked], which: str) -> list[Asked]:
    """Those that were missed, or went better or worse; the furthest first."""
    if which == MISSED:
        return [one for one in questions if not one.now.rank]
    if which in (BETTER, WORSE):
        moved = [one for one in questions if one.moved == which]
        return sorted(moved, key=lambda one: -abs(one.now.score - (one.other or one.now).score))
    return list(questions)


def counts(questions: Sequence[Asked]) -> tuple[int, int, int]:
    """How many are better, worse and the same, of those that both were asked."""
    both = [one for one in questions if one.other is not None]
    better, worse = (sum(one.moved == which for one in both) for which in (BETTER, WORSE))
    return better, worse, len(both) - better - worse


def _key(row: Mapping[str, Any]) -> Key:
    return str(row["question"]), str(row["query"])
