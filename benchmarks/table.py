"""Figures of two sides, as rows and as a table for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """A line of the table; `plain` is the other side, `goal` the most that `ours` may be, either may be missing."""

    what: str
    plain: float | None
    ours: float
    goal: float | None


def table(rows: Sequence[Row]) -> str:
    """The rows for a person."""
    shown = [("what", "plain", "ours", "goal"), *((row.what, *map(_figure, row[1:])) for row in rows)]
    width = max(len(line[0]) for line in shown)
    return "\n".join(f"{what:<{width}}" + "".join(f"{cell:>10}" for cell in cells) for what, *cells in shown)


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, with the share that ours is of the other side, and whether the goal is reached."""
    lines = ["| | plain | Lodestar | ratio | goal | reached |", "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = f"{row.ours / row.plain:.2f}" if row.plain else ""
        reached = "" if row.goal is None else "yes" if row.ours <= row.goal else "no"
        goal = "" if row.goal is None else f"at most {_figure(row.goal)}"
        lines.append(f"| {row.what} | {_figure(row.plain)} | {_figure(row.ours)} | {ratio} | {goal} | {reached} |")
    return "\n".join(lines)


def _figure(value: float | str | None) -> str:
    return "-" if value is None else f"{value:.2f}" if float(value) < 100 else f"{value:.0f}"
