"""A document of the published index to read, opened at the chunk that an answer cites.

Which document, which place: a browser says it, so anything may be said. It is checked, and what makes no sense gets a sentence.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from html import escape
from typing import Any, NamedTuple, TypeGuard

from rag.index.chunks import Chunks
from rag.index.open import OpenIndex
from rag.schema import Chunk, LodestarError
from rag.web.chunk_html import Span, chunk_html
from rag.web.labels import doc_type_label, place_label
from rag.web.needs import Assistant

Reply = dict[str, Any]

CHUNKS = 50  # shown at once
_AWAY = 200  # chunks that a cited one is looked for up and down from where it stood
_MOST_MARKS = 200
_MOST_CHARACTERS = 2**53
_LONG = 4_000  # characters of a paragraph that are read as one
_TOP = 3  # level of a document's highest headings: its title in the dialog is above them

_GONE = "This document is not in the index any more."
_OTHER = "The documents were ingested anew meanwhile; please close this one and open it again."
_CHANGED = "This document has changed since the answer: the passage it cites no longer stands here word for word."


def place_of(chunk: Chunk, spans: Sequence[Span]) -> str:
    """What a page hands back to have the document opened at this chunk, the words of `spans` (offsets into its body) marked."""
    asked = {"source": chunk.source, "start": chunk.start, "body": _digest(chunk.body), "marks": spans}
    return json.dumps(asked, separators=(",", ":"))


class Reading:
    """Answers the page's questions about documents."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def document(self, asked: object) -> Reply:
        """A document around the chunk that `place_of` names."""
        try:
            return document(self._assistant.index(), asked if isinstance(asked, dict) else {})
        except LodestarError as error:
            return {"fault": str(error)}

    def more(self, asked: object) -> Reply:
        """The chunks before number `before` of a document that is open, or those from number `from` on."""
        try:
            return more(self._assistant.index(), asked if isinstance(asked, dict) else {})
        except LodestarError as error:
            return {"fault": str(error)}


def document(opened: OpenIndex, asked: Reply) -> Reply:
    source, start = asked.get("source"), asked.get("start")
    chunks = opened.chunks
    place = chunks.place(source, start) if isinstance(source, str) and _within(start, _MOST_CHARACTERS) else None
    if place is None:
        return {"fault": _GONE}
    rows, near = place
    row = _same(chunks, rows, near, asked.get("body"))
    at = near if row is None else row
    first = max(rows.start, min(at - CHUNKS // 2, rows.stop - CHUNKS))
    shown = chunks[first : min(first + CHUNKS, rows.stop)]
    cited = shown[at - first]
    return {
        "title": cited.title.strip() or cited.source,
        "kind": doc_type_label(cited.doc_type),
        "path": cited.source,
        "notice": _CHANGED if row is None else "",
        **_part(opened, rows, first, shown),
        "html": document_html(shown, at - first, None if row is None else _marks(asked.get("marks"), len(cited.body))),
    }


def more(opened: OpenIndex, asked: Reply) -> Reply:
    source, before, start = asked.get("source"), asked.get("before"), asked.get("from")
    place = opened.chunks.place(source, 0) if isinstance(source, str) else None
    if place is None:
        return {"fault": _GONE}
    rows, _ = place
    if asked.get("generation") != opened.name:
        return {"fault": _OTHER}
    text = _Text()
    if _within(before, len(rows)):
        first, last = max(0, before - CHUNKS), before
        text = _Text(until=opened.chunks[rows[last]].start)
    elif _within(start, len(rows)):
        first, last = start, min(len(rows), start + CHUNKS)
        text = _Text(after=opened.chunks[rows[first - 1]].end if first else 0)
    else:
        return {"fault": _GONE}
    shown = opened.chunks[rows.start + first : rows.start + last]
    return {**_part(opened, rows, rows.start + first, shown), "html": text.html(shown)}


def document_html(chunks: Sequence[Chunk], at: int, marks: Sequence[Span] | None = ()) -> str:
    """Chunks of one document as the text that they were cut from, that at `at` set apart as the one cited.

    `marks` are offsets into its body; None: it stands where the cited one stood, but is another.
    """
    here = chunks[at]
    told = (
        f'class="cited" aria-label="The passage cited: {escape(place_label(here))}"'
        if marks is not None
        else 'class="near"'
    )
    return (
        f'{_Text(until=here.start).html(chunks[:at])}<section {told} tabindex="-1">'
        f"{chunk_html(here.body, marks or (), top=_TOP)}</section>{_Text(after=here.end).html(chunks[at + 1 :])}"
    )


class _Text(NamedTuple):
    """A stretch of a document, as far as it is not shown already."""

    after: int = 0
    until: int = sys.maxsize

    def html(self, chunks: Sequence[Chunk]) -> str:
        return "\n".join(chunk_html(text, top=_TOP) for text in self.parts(chunks))

    def parts(self, chunks: Sequence[Chunk]) -> Iterator[str]:
        """The text of chunks, what two of them share only once. A paragraph that goes on for ever comes in parts."""
        text, end = "", self.after
        for chunk in chunks:
            if len(text) - text.rfind("\n\n") > _LONG:
                yield text
                text = ""
            # Between chunks there were but blanks: one ends a line or a word, more of them a paragraph.
            text += "\n" * min(2, max(0, chunk.start - end)) if text else ""
            text += chunk.body[max(0, end - chunk.start) : max(0, self.until - chunk.start)]
            end = max(end, chunk.end)
        yield text


def _part(opened: OpenIndex, rows: range, first: int, shown: Sequence[Chunk]) -> Reply:
    """Which of the document's chunks these are, counted from 0."""
    start = first - rows.start
    return {"generation": opened.name, "first": start, "next": start + len(shown), "count": len(rows)}


def _same(chunks: Chunks, rows: range, near: int, body: object) -> int | None:
    """The nearest row to `near` whose chunk has that body."""
    around = range(max(rows.start, near - _AWAY), min(rows.stop, near + _AWAY + 1))
    return next(
        (row for row in sorted(around, key=lambda row: abs(row - near)) if _digest(chunks[row].body) == body), None
    )


def _marks(spans: object, length: int) -> list[Span]:
    """Those of the spans that make sense in a text of that length."""
    pairs = (
        [span for span in spans[:_MOST_MARKS] if isinstance(span, list) and len(span) == 2]
        if isinstance(spans, list)
        else []
    )
    return [(a, b) for a, b in pairs if _within(a, length) and _within(b, length + 1) and a < b]


def _within(value: object, end: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _digest(body: str) -> str:
    return blake2b(body.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
