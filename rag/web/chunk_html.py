"""A chunk's Markdown as HTML that is safe to show, with the words that prove the answer marked.

A small reader of its own, not a Markdown library: marks are offsets into the source text, so each letter must be followed
from the file to the page, and a document is untrusted, so nothing it says may become a tag, an image or a link.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

Span = tuple[int, int]

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?=\S)")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,4}[.)])\s+")
_BOX = re.compile(r"\[([ xX])\]\s+(?=\S)")
_QUOTED = re.compile(r"\s{0,3}>\s?")
_RULE = re.compile(r"\s{0,3}([-*_])(?:\s*\1){2,}\s*$")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_DIVIDER = re.compile(r"(?=.*-)[\s|:-]+$")
_CELL = re.compile(r"(?:\\\||[^|])+")
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>(?=\S).+?(?<=\S))\*\*"
    r"|(?<!\w)__(?P<bold2>(?=\S).+?(?<=\S))__(?!\w)"
    r"|(?<![\w*])\*(?P<em>(?=[^\s*]).+?(?<=[^\s*]))\*(?![\w*])"
    r"|(?<!\w)_(?P<em2>(?=[^\s_]).+?(?<=[^\s_]))_(?!\w)"
    r"|!?\[(?P<label>[^\]\n]*)\]\([^()\n]*\)",
    re.DOTALL,
)
_TAGS = {"code": "code", "bold": "strong", "bold2": "strong", "em": "em", "em2": "em", "label": "span"}


@dataclass(frozen=True, slots=True)
class _Piece:
    html: str
    marked: bool


def chunk_html(text: str, marks: Sequence[Span] = (), *, top: int = 0) -> str:
    """`text` as HTML; each span of `marks` (offsets into `text`) stands in `<mark>`.

    Headings are of one level, or, where `top` says that of the highest, of the levels they have in the text.
    """
    return "\n".join(_blocks(text, sorted(marks), top))


def _blocks(text: str, marks: Sequence[Span], top: int) -> Iterator[str]:
    lines = _lines(text)
    at = 0
    while at < len(lines):
        start, end = lines[at]
        line = text[start:end]
        at += 1
        if not line.strip():
            continue
        if _FENCE.match(line):
            at, html = _fenced(text, lines, at, marks)
            yield html
        elif heading := _HEADING.match(line):
            level = min(6, top + heading[0].count("#") - 1) if top else 4
            yield f"<h{level}>{_inline(text, start + heading.end(), end, marks)}</h{level}>"
        elif _RULE.match(line):
            yield "<hr>"
        elif line.lstrip().startswith("|"):
            at, html = _table(text, lines, at - 1, marks)
            yield html
        else:
            item = _ITEM.match(line)
            opening = item or _QUOTED.match(line)
            start += opening.end() if opening else 0
            box = _BOX.match(text, start, end) if item else None
            start = box.end() if box else start
            while at < len(lines) and not _opens_block(text[slice(*lines[at])]):
                end = lines[at][1]
                at += 1
            inside = _inline(text, start, end, marks)
            if item:
                bullet = item.group(2) if item.group(2)[0].isdigit() else "•"
                if box:
                    bullet = "☐" if box[1] == " " else "☑"
                level = min(len(item.group(1).expandtabs(4)) // 2, 5)
                yield f'<p class="item level-{level}" data-bullet="{escape(bullet)}">{inside}</p>'
            else:
                yield f"<blockquote>{inside}</blockquote>" if opening else f"<p>{inside}</p>"


def _lines(text: str) -> list[Span]:
    ends = [found.start() for found in re.finditer("\n", text)] + [len(text)]
    return list(zip([0, *(end + 1 for end in ends[:-1])], ends, strict=True))


def _opens_block(line: str) -> bool:
    starts = (_HEADING, _ITEM, _QUOTED, _RULE, _FENCE)
    return not line.strip() or line.lstrip().startswith("|") or any(pattern.match(line) for pattern in starts)


def _fenced(text: str, lines: Sequence[Span], at: int, marks: Sequence[Span]) -> tuple[int, str]:
    first = at
    while at < len(lines) and not _FENCE.match(text[slice(*lines[at])]):
        at += 1
    inside = _join(_leaf(text, lines[first][0], lines[at - 1][1], marks)) if at > first else ""
    return at + 1, f"<pre>{inside}</pre>"


def _table(text: str, lines: Sequence[Span], at: int, marks: Sequence[Span]) -> tuple[int, str]:
    rows: list[str] = []
    while at < len(lines) and text[slice(*lines[at])].lstrip().startswith("|"):
        start, end = lines[at]
        at += 1
        if _DIVIDER.match(text[start:end]):
            rows[-1:] = [row.replace("<td>", "<th>").replace("</td>", "</th>") for row in rows[-1:]]
            continue
        first = start + text[start:end].index("|") + 1
        cells = [_cell(text, first, found.span(), marks) for found in _CELL.finditer(text[first:end].rstrip())]
        if any(cell != "<td></td>" for cell in cells):  # a table needs a head in Markdown, even an empty one
            rows.append(f"<tr>{''.join(cells)}</tr>")
    return at, f'<div class="table"><table>{"".join(rows)}</table></div>'


def _cell(text: str, first: int, span: Span, marks: Sequence[Span]) -> str:
    start, end = first + span[0], first + span[1]
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return f"<td>{_inline(text, start, max(start, end - len(words) + len(words.rstrip())), marks)}</td>"


def _inline(text: str, start: int, end: int, marks: Sequence[Span]) -> str:
    return _join(_pieces(text, start, end, marks))


def _pieces(text: str, start: int, end: int, marks: Sequence[Span]) -> list[_Piece]:
    pieces: list[_Piece] = []
    for found in _INLINE.finditer(text, start, end):
        kind = found.lastgroup or "label"
        inner_start, inner_end = found.span(kind)
        read = _leaf if kind == "code" else _pieces
        inner = read(text, inner_start, inner_end, marks)
        pieces += _leaf(text, start, found.start(), marks)
        # A tag that is marked as a whole goes inside one <mark> with its neighbours, so that a sentence stays one piece.
        whole = bool(inner) and all(piece.marked for piece in inner)
        html = "".join(piece.html for piece in inner) if whole else _join(inner)
        pieces.append(_Piece(f"<{_TAGS[kind]}>{html}</{_TAGS[kind]}>", whole))
        start = found.end()
    return pieces + _leaf(text, start, end, marks)


def _leaf(text: str, start: int, end: int, marks: Sequence[Span]) -> list[_Piece]:
    cuts = sorted({start, end, *(cut for mark in marks for cut in mark if start < cut < end)})
    return [
        _Piece(escape(text[a:b]), any(mark_start <= a and b <= mark_end for mark_start, mark_end in marks))
        for a, b in itertools.pairwise(cuts)
    ]


def _join(pieces: Sequence[_Piece]) -> str:
    html = ""
    open_mark = False
    for piece in pieces:
        if piece.marked != open_mark:
            html += "<mark>" if piece.marked else "</mark>"
            open_mark = piece.marked
        html += piece.html
    return html + ("</mark>" if open_mark else "")
