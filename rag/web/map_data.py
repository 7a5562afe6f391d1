"""What the page's map asks for while somebody looks at it: places, the beginning of a text, a passage, a list.

What arrives here was sent by a browser, so anything may have been: it is checked, and what makes no sense gets no answer.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from html import escape, unescape
from typing import Any, TypeGuard

import numpy as np

from rag.index.open import OpenIndex
from rag.mapping.maps import ChunkMap, Maps
from rag.schema import Chunk, LodestarError
from rag.visualize import Coordinates
from rag.web.chunk_html import chunk_html
from rag.web.labels import doc_type_label, place_label
from rag.web.needs import Assistant

Reply = dict[str, Any]
_GLIMPSE = 220
_PAGE = 500  # of a list's rows, sent at once
_GONE: Reply = {"gone": True}


class MapData:
    """Answers the page's questions about the map of the published generation."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._maps = Maps(assistant.settings.index)

    def places(self, asked: object) -> Reply:
        """The map, or how far it is: coordinates are sent where the page has others or none."""
        return self._answer(asked, lambda opened, known: places(opened, self._maps.of(opened), known))

    def glimpse(self, asked: object) -> Reply:
        """Title, heading and the beginning of one chunk's text, as plain text."""
        return self._of_chunk(asked, glimpse)

    def passage(self, asked: object) -> Reply:
        """One chunk whole, as HTML that is safe to show."""
        return self._of_chunk(asked, lambda chunk: {"html": passage_html(chunk)})

    def listing(self, asked: object) -> Reply:
        """Some of the chunks of one doc_type, as HTML, and the number of the next one."""
        return self._answer(
            asked,
            lambda opened, known: (
                listing(opened, known.get("kind"), known.get("from"))
                if known.get("generation") == opened.name
                else _GONE
            ),
        )

    def follow(self, opened: OpenIndex) -> ChunkMap:
        return self._maps.of(opened)

    def _of_chunk(self, asked: object, show: Callable[[Chunk], Reply]) -> Reply:
        def answer(opened: OpenIndex, known: Reply) -> Reply:
            row = known.get("row")
            if known.get("generation") != opened.name or not _is_index(row, len(opened.chunks)):
                return _GONE
            return show(opened.chunks[row])

        return self._answer(asked, answer)

    def _answer(self, asked: object, answer: Callable[[OpenIndex, Reply], Reply]) -> Reply:
        try:
            return answer(self._assistant.index(), asked if isinstance(asked, dict) else {})
        except LodestarError as error:
            return {"fault": str(error)}


def places(opened: OpenIndex, drawn: ChunkMap, known: Reply) -> Reply:
    reply: Reply = {
        "generation": drawn.generation,
        "settled": drawn.settled,
        "progress": drawn.progress,
        "fault": drawn.fault,
    }
    if known.get("generation") == drawn.generation and known.get("settled") == drawn.settled:
        return reply
    kinds, names = opened.chunks.doc_types_of(drawn.rows)
    counts = np.bincount(kinds, minlength=len(names))
    order = sorted(range(len(names)), key=lambda kind: names[kind])
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return reply | {
        "chunks": len(opened.chunks),
        "kinds": [{"label": doc_type_label(names[kind]) or "No folder", "count": int(counts[kind])} for kind in order],
        "kind": _packed(rank[kinds], "<u2"),
        "rows": _packed(drawn.rows, "<u4"),
        "flat": _packed(spread(drawn.flat), "<u2"),
        "deep": _packed(spread(drawn.deep), "<u2"),
    }


def spread(coordinates: Coordinates) -> Coordinates:
    """Coordinates as numbers from 0 to 65535, all axes to one scale, the middle of each at 32767.5."""
    if not len(coordinates):
        return coordinates
    lowest, highest = coordinates.min(axis=0), coordinates.max(axis=0)
    half = float((highest - lowest).max()) / 2 or 1.0
    return np.asarray(np.round(32767.5 + (coordinates - (lowest + highest) / 2) / half * 32767.5), np.float32)


def glimpse(chunk: Chunk) -> Reply:
    text = beginning(chunk.body, _GLIMPSE)
    return {"title": chunk.title.strip() or chunk.source, "place": place_label(chunk), "text": text}


def beginning(markdown: str, room: int) -> str:
    """The first words of a text, without its headings and its Markdown, in about `room` characters."""
    shown = re.sub(r"<h4>.*?</h4>|<hr>", " ", chunk_html(markdown[: 4 * room]))
    words = " ".join(unescape(re.sub(r"</(?:p|td|th|pre|blockquote)>|<[^>]+>", _apart, shown)).split())
    return words if len(words) <= room else words[:room].rsplit(" ", 1)[0] + " …"


def _apart(tag: re.Match[str]) -> str:
    return " " if tag[0].startswith("</") and tag[0][2:-1] in ("p", "td", "th", "pre", "blockquote") else ""


def passage_html(chunk: Chunk) -> str:
    return (
        f'<article class="source" tabindex="-1"><header><h3>{escape(place_label(chunk))}</h3></header>'
        f'<div class="body">{chunk_html(chunk.body)}</div>'
        f'<footer><span class="doc-type">{escape(doc_type_label(chunk.doc_type))}</span>'
        f'<span class="path">{escape(chunk.source)}</span></footer></article>'
    )


def listing(opened: OpenIndex, kind: object, start: object) -> Reply:
    names = sorted(opened.chunks.doc_types_of(np.empty(0, np.int64))[1])
    if not _is_index(kind, len(names)):
        return _GONE
    rows = opened.chunks.scope(names[kind], ())
    first = start if _is_index(start, len(rows)) else 0
    shown = rows[first : first + _PAGE].tolist()
    html = "".join(
        f'<li><button type="button" data-row="{row}">{escape(place_label(opened.chunks[row]))}</button></li>'
        for row in shown
    )
    return {"html": html, "next": first + len(shown) if first + len(shown) < len(rows) else None}


def _is_index(value: object, count: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _packed(values: Any, kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode("ascii")
