"""The documents of the index as a table, and one of them opened, cut as the model sees it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.index.contents import Listed
from rag.schema import Chunk
from rag.web.chunk_html import chunk_html
from rag.web.labels import count, doc_type_label

ROWS = 50
CHUNKS = 50


def matching(documents: Sequence[Listed], doc_type: str, words: str) -> list[Listed]:
    """Those of a doc_type, "" for any, whose title or source holds every one of the words."""
    wanted = words.casefold().split()
    return [
        one
        for one in documents
        if (not doc_type or one.doc_type == doc_type)
        and all(word in f"{one.title}\n{one.source}".casefold() for word in wanted)
    ]


def documents_html(found: Sequence[Listed], page: int) -> str:
    """One page of the table, with the way to the others."""
    if not found:
        return '<p class="none">No document is called that.</p>'
    page = max(0, min(page, (len(found) - 1) // ROWS))
    rows = "".join(
        f'<tr><td><button type="button" data-document="{escape(one.source)}" data-page="{page}">{escape(one.title or one.source)}'
        f'</button><span class="path">{escape(one.source)}</span></td><td>{escape(doc_type_label(one.doc_type))}</td>'
        f"<td>{one.chunks:,}</td><td>{one.characters:,}</td></tr>"
        for one in found[page * ROWS : (page + 1) * ROWS]
    )
    return (
        '<div class="table"><table class="documents"><thead><tr><th>Document</th><th>Type</th><th>Chunks</th>'
        f"<th>Characters</th></tr></thead><tbody>{rows}</tbody></table></div>{_ways(page, ROWS, len(found), 'document')}"
    )


def document_html(listed: Listed, chunks: Sequence[Chunk], first: int, back: int, *, may: bool) -> str:
    """A document opened: its chunks one below the other, each with the line that the model reads above it."""
    shown = "".join(_chunk(chunk, first + at, listed.chunks) for at, chunk in enumerate(chunks))
    source = escape(listed.source)
    remove = f'<button type="button" data-remove="{source}">Remove</button>' if may else ""
    ways = _ways(first // CHUNKS, CHUNKS, listed.chunks, "chunk", f' data-document="{source}" data-back="{back}"')
    return (
        f'<article class="document"><header><button type="button" data-page="{back}">&lsaquo; All documents</button>{remove}'
        f'</header><h3 tabindex="-1">{escape(listed.title or listed.source)}</h3>'
        f'<p class="path">{source}</p><p class="about">{escape(doc_type_label(listed.doc_type))}, '
        f"{count(listed.chunks, 'chunk')}, {count(listed.characters, 'character')}. The lines show where it is cut.</p>"
        f"{shown}{ways}</article>"
    )


def _chunk(chunk: Chunk, number: int, of: int) -> str:
    context = chunk.text[: len(chunk.text) - (chunk.end - chunk.start)].strip()
    above = f'<p class="context">The model also reads: {escape(context)}</p>' if context else ""
    return (
        f'<section class="cut" aria-label="Chunk {number + 1} of {of}"><p class="number">{number + 1}</p>'
        f'{above}<div class="body">{chunk_html(chunk.body)}</div></section>'
    )


def _ways(page: int, size: int, total: int, what: str, attributes: str = "") -> str:
    if total <= size:
        return f'<p class="ways">{count(total, what)}</p>' if what == "document" else ""
    first, last = page * size + 1, min((page + 1) * size, total)
    name = "data-first" if attributes else "data-page"
    step = size if attributes else 1
    at = page * step
    before = f'<button type="button" {name}="{at - step}"{attributes}>Previous</button>' if page else ""
    after = f'<button type="button" {name}="{at + step}"{attributes}>Next</button>' if last < total else ""
    return f'<p class="ways"><span>{first:,} to {last:,} of {count(total, what)}</span>{before}{after}</p>'
