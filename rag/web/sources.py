"""The panel beside the chat: for each answer, the chunks it cites, in the order of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rag.schema import Answer, Chunk, Citation
from rag.web.chunk_html import Span, chunk_html
from rag.web.doubts_html import doubts_html
from rag.web.found import found_html
from rag.web.labels import doc_type_label, place_label
from rag.web.reading import place_of

_CLOSEST = 3
_EMPTY = """<div class="sources-empty"><h2>Sources</h2>
<p>The passages that prove an answer appear here, with the words it rests on highlighted.</p></div>"""


def sources_html(answers: Iterable[tuple[int, Answer]]) -> str:
    """The whole panel. Every turn has a section of its own; the newest is shown, the page's script shows the others."""
    turns = list(answers)
    if not turns:
        return _EMPTY
    sections = [_turn(position, turns) for position in range(len(turns))]
    return f'<div class="sources">{"".join(sections)}</div>'


def cited(answer: Answer) -> dict[int, list[Citation]]:
    """The citations of an answer by number, in ascending order."""
    numbers = sorted({citation.n for citation in answer.citations})
    return {n: [citation for citation in answer.citations if citation.n == n] for n in numbers}


def marks(chunk: Chunk, citations: Sequence[Citation]) -> list[Span]:
    """Where the quotes stand in the chunk's body. A quote that is not where it says is looked for, or left unmarked."""
    body = chunk.body
    spans: list[Span] = []
    for citation in citations:
        start, end = citation.start - chunk.start, citation.end - chunk.start
        if citation.quote and (start < 0 or body[start:end] != citation.quote):
            start = body.find(citation.quote)
            end = start + len(citation.quote)
        if 0 <= start < end <= len(body):
            spans.append((start, end))
    return spans


def _turn(position: int, turns: Sequence[tuple[int, Answer]]) -> str:
    turn, answer = turns[position]
    newest = position == len(turns) - 1
    ways = ""
    if len(turns) > 1:
        earlier = f'href="#turn-{turns[position - 1][0]}"' if position else 'aria-disabled="true"'
        later = f'href="#turn-{turns[position + 1][0]}"' if not newest else 'aria-disabled="true"'
        ways = (
            f'<nav><a {earlier} aria-label="Sources of the answer before">&lsaquo;</a>'
            f"<span>{position + 1} of {len(turns)}</span>"
            f'<a {later} aria-label="Sources of the next answer">&rsaquo;</a></nav>'
        )
    return (
        f'<section class="turn{" shown" if newest else ""}" id="turn-{turn}">'
        f'<header><h2>Sources</h2>{ways}<button type="button" data-close="sources" aria-label="Close">&times;</button></header>'
        f'<p class="asked">{escape(answer.question)}</p>{doubts_html(turn, answer)}'
        f"{_chunks(turn, answer)}{found_html(answer)}</section>"
    )


def _chunks(turn: int, answer: Answer) -> str:
    groups = cited(answer)
    if groups:
        return "".join(_cited(n, citations, turn) for n, citations in groups.items())
    closest = "".join(_source(found.chunk, found.score, []) for found in answer.retrieved[:_CLOSEST])
    if answer.fault:
        said = "No answer arrived, so nothing is quoted."
    elif answer.refused:
        said = "Nothing in the documents answers this."
    else:
        said = "This answer quotes no document."
    if closest:
        said += " These passages came closest:"
    return f'<p class="none">{said}</p>{closest}'


def _cited(n: int, citations: Sequence[Citation], turn: int) -> str:
    """What one number leads to: the chunks of its citations, the number at the first."""
    chunks = {citation.chunk.chunk_id: citation for citation in citations}
    shown = []
    for at, (name, one) in enumerate(chunks.items()):
        quotes = [citation for citation in citations if citation.chunk.chunk_id == name]
        shown.append(_source(one.chunk, one.score, marks(one.chunk, quotes), n if at == 0 else 0, turn))
    return "".join(shown)


def _source(chunk: Chunk, score: float, spans: Sequence[Span], n: int = 0, turn: int = 0) -> str:
    label = escape(place_label(chunk))
    anchor = f' id="s{turn}-{n}" data-label="{escape(chunk.source)}" tabindex="-1"' if n else ""
    number = f'<span class="n">{n}</span>' if n else ""
    percent = round(max(0.0, min(1.0, score)) * 100)
    match = (
        f'<span class="score" title="How well it matches the question: {score:.2f} of 1">'
        f'<i class="bar"><i style="width:{percent}%"></i></i>{score:.2f}</span>'
    )
    return (
        f'<article class="source"{anchor}><header>{number}<h3>{label}</h3>{match}</header>'
        f'<div class="body">{chunk_html(chunk.body, spans)}</div>'
        f'<footer><span class="doc-type">{escape(doc_type_label(chunk.doc_type))}</span>'
        f'<span class="path" title="{escape(chunk.source)}">{escape(chunk.source)}</span>'
        f'<button type="button" class="read" data-read="{escape(place_of(chunk, spans))}" aria-haspopup="dialog">Open document'
        f'<span class="hidden-title">: {label}</span></button></footer></article>'
    )
