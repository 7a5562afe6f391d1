"""The questions that tell most, as HTML: what each side found for them, right chunks marked and keywords highlighted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from rag.evaluation.evaluation import Evaluation, relevant
from rag.evaluation.questions import Question
from rag.evaluation.run import LABELS, OURS, PLAIN, Result, Row
from rag.evaluation.summary import Summary
from rag.schema import Chunk

_SHOWN = 15


def questions(evaluation: Evaluation) -> Iterator[str]:
    """With two sides those that differ most, else those that went worst."""
    summary = evaluation.summary
    if summary is None:
        return
    if PLAIN in summary.sides:
        moved = [(row, _score(row, OURS) - _score(row, PLAIN)) for row in evaluation.rows]
        better = sorted((item for item in moved if item[1] > 0), key=lambda item: -item[1])
        worse = sorted((item for item in moved if item[1] < 0), key=lambda item: item[1])
        yield from _part("Found better than by the plain recipe", [row for row, _ in better], summary)
        yield from _part("Found worse than by the plain recipe", [row for row, _ in worse], summary)
    else:
        rows = sorted((row for row in evaluation.rows if _score(row, OURS) < 1), key=lambda row: _score(row, OURS))
        yield from _part("The questions that went worst", rows, summary)


def _part(title: str, rows: Sequence[Row], summary: Summary) -> Iterator[str]:
    if not rows:
        return
    yield f"<h2>{escape(title)}</h2>"
    which = f"The {_SHOWN} that stand out most, of {len(rows)}." if len(rows) > _SHOWN else ""
    yield f'<p class="soft">{which} Open one to see what was found.</p>'
    for row in rows[:_SHOWN]:
        yield from _question(row, summary)


def _question(row: Row, summary: Summary) -> Iterator[str]:
    question = row.question
    ranks = ", ".join(f"{LABELS[side]} {_score(row, side):.2f}" for side in summary.sides)
    yield "<details><summary>"
    yield f'<b>{escape(question.question)}</b><span class="rank">{_key(row)[1]}: {escape(ranks)}</span>'
    yield f"<small>{escape(question.id)}, {escape(question.category.replace('_', ' '))}</small>"
    yield '</summary><div class="inside">'
    for turn in question.turns:
        yield f'<p class="soft">Before: {escape(turn.question)} {escape(turn.answer)}</p>'
    if row.query != question.question:
        yield f'<p class="soft">Searched for: {escape(row.query)}</p>'
    if question.answer:
        yield f"<p>Expected: {escape(question.answer)}</p>"
    if question.keywords:
        yield f"<p>Keywords: {', '.join(f'<mark>{escape(word)}</mark>' for word in question.keywords)}</p>"
    elif not question.references:
        yield f"<p>Right files: {escape(', '.join(question.sources))}</p>"
    yield '<div class="sides">'
    for side in summary.sides:
        yield f"<section><h4>{escape(LABELS[side])}</h4>{_found(question, row.results[side])}</section>"
    yield "</div></div></details>"


def _found(question: Question, result: Result) -> str:
    if not result.found:
        return '<p class="soft">Nothing was found.</p>'
    return f"<ol>{''.join(_chunk(question, chunk) for chunk in result.found)}</ol>"


def _chunk(question: Question, chunk: Chunk) -> str:
    right = relevant(question, chunk)
    where = f"{chunk.source}, characters {chunk.start} to {chunk.end}"
    kind, said = (' class="relevant"', " <b>relevant</b>") if right else ("", "")
    return f'<li{kind}><div class="where">{escape(where)}{said}</div><pre>{highlighted(question, chunk)}</pre></li>'


def highlighted(question: Question, chunk: Chunk) -> str:
    """The chunk's text as HTML: keywords in `<mark>`, the characters of references in `<mark class="proof">`."""
    text = chunk.text
    kinds = [""] * len(text)
    # A chunk that was joined anew has no place for offsets of its file.
    body = len(text) - (chunk.end - chunk.start)
    for reference in question.references if body >= 0 else ():
        if reference.source == chunk.source:
            for at in range(max(reference.start, chunk.start), min(reference.end, chunk.end)):
                kinds[body + at - chunk.start] = "proof"
    for keyword in question.keywords:
        for match in re.finditer(re.escape(keyword), text, re.IGNORECASE):
            kinds[match.start() : match.end()] = ["word"] * (match.end() - match.start())
    pieces, start = [], 0
    for at in range(1, len(text) + 1):
        if at == len(text) or kinds[at] != kinds[start]:
            piece = escape(text[start:at])
            opening = {"word": "<mark>", "proof": '<mark class="proof">'}.get(kinds[start], "")
            pieces.append(f"{opening}{piece}</mark>" if opening else piece)
            start = at
    return "".join(pieces)


def _score(row: Row, side: str) -> float:
    return row.results[side].figures[_key(row)[0]]


def _key(row: Row) -> tuple[str, str]:
    """The figure that a question is judged by, and its name."""
    return ("mrr", "MRR") if "mrr" in row.results[OURS].figures else ("hit", "hit rate")
