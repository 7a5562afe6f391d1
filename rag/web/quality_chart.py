"""The chart by category: a bar for each side with its interval. The same is said in words for whoever cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rag.evaluation.metrics import METRICS
from rag.evaluation.run import LABELS, OURS, PLAIN
from rag.evaluation.statistics import Estimate
from rag.web.quality_html import capital, estimate, headline

_BAR, _GAP = 9, 4  # pixels


def chart_html(report: Mapping[str, Any]) -> str:
    """The most telling figure of each category; nothing where there is but one."""
    retrieval = report.get("retrieval")
    if not retrieval or len(retrieval["categories"]) < 2:
        return ""
    sides = [side for side in (OURS, PLAIN) if side in retrieval["chunks"]]
    key = headline(retrieval["groups"]["all"][OURS])[0]
    name = next(metric.name for metric in METRICS if metric.key == key)
    rows = []
    for category in retrieval["categories"]:
        group = retrieval["groups"][category]
        values = [(side, estimate(group[side][key])) for side in sides if key in group[side]]
        if values:
            words = str(category).replace("_", " ")
            numbers = "".join(f'<span class="{side}">{value.mean:.2f}</span>' for side, value in values)
            rows.append(
                f"<b>{escape(words)}<small>{int(group['n']):,}</small></b>{bars_svg(words, values)}<span>{numbers}</span>"
            )
    legend = "".join(f'<span><i class="{side}"></i>{escape(LABELS[side])}</span>' for side in sides)
    shown = legend if len(sides) > 1 else ""
    return (
        f"<h3>{escape(capital(name))} by category</h3>"
        f'<p class="key">{shown}<span>The thin line is the 95 % interval.</span></p><div class="chart">{"".join(rows)}</div>'
    )


def bars_svg(name: str, values: Sequence[tuple[str, Estimate]]) -> str:
    """One bar a side, as wide as its mean is of 1, and a thin line where its interval lies. Colours are the page's."""
    height = len(values) * _BAR + (len(values) - 1) * _GAP
    label = f"{name}: " + "; ".join(_words(side, value) for side, value in values)
    drawn = ""
    for n, (side, value) in enumerate(values):
        top = n * (_BAR + _GAP)
        drawn += f'<rect class="track" x="0" y="{top}" width="100%" height="{_BAR}" rx="2"/>'
        drawn += f'<rect class="{side}" x="0" y="{top}" width="{_percent(value.mean)}" height="{_BAR}" rx="2"/>'
        if value.low is not None and value.high is not None:
            middle = top + _BAR / 2
            drawn += f'<line x1="{_percent(value.low)}" x2="{_percent(value.high)}" y1="{middle}" y2="{middle}" class="interval"/>'
    return f'<svg role="img" aria-label="{escape(label)}" width="100%" height="{height}">{drawn}</svg>'


def _words(side: str, value: Estimate) -> str:
    within = "" if value.low is None or value.high is None else f", between {value.low:.2f} and {value.high:.2f}"
    return f"{LABELS.get(side, side)} {value.mean:.2f}{within}"


def _percent(share: float) -> str:
    return f"{100 * max(0.0, min(1.0, share)):.1f}%"
