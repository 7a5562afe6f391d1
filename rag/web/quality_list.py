"""The questions of an evaluation as a list, each opened to what was found for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rag.evaluation.run import LABELS, OURS, PLAIN
from rag.web.labels import count
from rag.web.quality_rows import ALL, BETTER, MISSED, Asked, Standing, standing

ROWS = 25
_NONE = {
    ALL: "No question was measured.",
    MISSED: "No question was missed.",
    BETTER: "No question got better.",
}


def list_html(questions: Sequence[Asked], which: str, page: int) -> str:
    """One page of the list, with the way to the others."""
    if not questions:
        return f'<p class="none">{_NONE.get(which, "No question got worse.")}</p>'
    page = max(0, min(page, (len(questions) - 1) // ROWS))
    rows = "".join(map(_question, questions[page * ROWS : (page + 1) * ROWS]))
    return f'<div class="questions">{rows}</div>{_ways(page, len(questions))}'


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _place(standing: Standing) -> str:
    return ordinal(standing.rank) if standing.rank else "missed"


def _question(one: Asked) -> str:
    row = one.row
    place = _place(one.now)
    tag = ""
    if one.moved and one.other is not None:
        was = f", was {_place(one.other)}" if one.other.rank != one.now.rank else ""
        tag = f'<span class="{one.moved}">{one.moved}{was}</span>'
    category = str(row["category"]).replace("_", " ")
    query = str(row["query"])
    searched = f'<p class="hint">Searched for: {escape(query)}</p>' if query != row["question"] else ""
    sides = [side for side in (OURS, PLAIN) if side in row["results"]]
    found = "".join(_side(row["results"][side], LABELS[side] if len(sides) > 1 else "") for side in sides)
    return (
        f'<details><summary><span class="rank{"" if one.now.rank else " missed"}">{place}</span>'
        f'<span class="words">{escape(str(row["question"]))}<small>{escape(category)}{tag}</small></span></summary>'
        f'<div class="inside">{searched}<div class="sides">{found}</div>'
        f'<button type="button" data-try="{escape(query)}">Look at it in the playground</button></div></details>'
    )


def _side(result: Mapping[str, Any], label: str) -> str:
    title = f"<h4>{escape(label)}: {_place(standing(result))}</h4>" if label else ""
    return f"<section>{title}{_found(result)}</section>"


def _found(result: Mapping[str, Any]) -> str:
    if not result["found"]:
        return '<p class="hint">Nothing was found.</p>'
    return f"<ol>{''.join(map(_chunk, result['found']))}</ol>"


def _chunk(found: Mapping[str, Any]) -> str:
    title, heading = str(found.get("title") or ""), str(found.get("heading") or "")
    parts = [part.strip() for part in heading.split(">") if part.strip()]
    if title and title not in parts[:1]:
        parts.insert(0, title)
    source = escape(str(found["source"]))
    where = f"characters {int(found['start']):,} to {int(found['end']):,}"
    first, second = (escape(" › ".join(parts)), source) if parts else (source, where)
    name = f"{first}<small>{second}</small>"
    score = f"{float(found['score']):.2f}" if found.get("score") is not None else ""
    right = ' class="right"' if found["relevant"] else ""
    said = "<em>right</em>" if found["relevant"] else ""
    return f'<li{right}><span class="place">{name}</span>{said}<span class="score">{score}</span></li>'


def _ways(page: int, total: int) -> str:
    if total <= ROWS:
        return f'<p class="ways">{count(total, "question")}</p>'
    first, last = page * ROWS + 1, min((page + 1) * ROWS, total)
    before = f'<button type="button" data-page="{page - 1}">Previous</button>' if page else ""
    after = f'<button type="button" data-page="{page + 1}">Next</button>' if last < total else ""
    return f'<p class="ways"><span>{first} to {last} of {count(total, "question")}</span>{before}{after}</p>'
