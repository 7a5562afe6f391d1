"""Documents -> chunks. Pure: the same text, limits and word pieces give the same chunks with the same ids.

Every place where a chunk may begin has a price (a heading is free, the middle of a sentence dear), every chunk a price for
being small, and every heading inside a chunk a price for mixing subjects. The cheapest way through the document is found
exactly, by dynamic programming, so that chunks come out whole and even, with no leftover at the end.
"""

from __future__ import annotations

import hashlib
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

from rag.documents.markdown import AT_SENTENCE, AT_WORD, Outline, outline
from rag.schema import Chunk, Document

CHUNKER = "structure-1"
"""Name of this way of splitting; a change of it makes old indexes stale."""

WordPieces = Callable[[str], Sequence[tuple[int, int]]]
"""A text's word pieces as (start, end) offsets, special tokens left out."""

_SPECIAL = 2  # [CLS] and [SEP] are part of the model's window
_CHUNK = 0.2  # price of a chunk, so that not every paragraph becomes one
_SMALL = 0.5  # price of an empty chunk; falls with the square of how full it is
_MIXED = 0.4  # price of a heading inside a chunk


def split(
    document: Document, word_pieces: WordPieces, *, chunk_size: int, chunk_overlap: int = 0, salt: str = ""
) -> list[Chunk]:
    """Cut `document` into chunks of at most `chunk_size` word pieces, context line and special tokens counted.

    Together the chunks cover every character that is not white space; `document.text[chunk.start:chunk.end]` is a chunk's
    body. `chunk_overlap` word pieces are repeated where a paragraph had to be cut. `salt` enters the ids: give it the
    embedder's identity.
    """
    text = document.text
    plan = outline(text, document.source)
    begins = [start for start, _ in word_pieces(text)]
    count = lru_cache(maxsize=4096)(lambda line: len(word_pieces(line)))
    overlap = min(chunk_overlap, chunk_size // 3)

    def room(position: int, cost: float) -> int:
        """Word pieces left for the body of a chunk that begins here."""
        repeated = overlap if cost >= AT_SENTENCE else 0
        return max(8, chunk_size - _SPECIAL - count(_context(plan, position, count, chunk_size // 2)) - repeated)

    def dressed(start: int, end: int) -> tuple[int, int, str]:
        """The span without the blanks around it, and the text of its chunk."""
        piece = text[start:end]
        end = start + len(piece.rstrip())
        start = min(end, start + len(piece) - len(piece.lstrip("\ufeff \t\r\n\f\v")))
        context = _context(plan, start, count, chunk_size // 2)
        return start, end, f"{context}\n{text[start:end]}" if context else text[start:end]

    cuts = _with_word_cuts(plan.cuts, text, begins, lambda p: room(p, AT_WORD))
    chunks: list[Chunk] = []
    seen: dict[str, int] = {}
    waiting = _cheapest(cuts, begins, plan, room, chunk_size)[::-1]
    while waiting:
        cut, until = waiting.pop()
        start, end, whole = dressed(cut, until)
        if start >= end:
            continue
        if len(word_pieces(whole)) > chunk_size - _SPECIAL:
            # Half a word can have more word pieces than the whole one had.
            middle = begins[(bisect_left(begins, start) + bisect_left(begins, end)) // 2]
            if start < middle < end:
                waiting += [(middle, until), (cut, middle)]
                continue
        if overlap and chunks and cuts.get(cut, AT_WORD) >= AT_SENTENCE:
            repeating = dressed(_earlier(list(cuts), begins, cut, overlap), until)
            # A longer context may stand above the repeated words than above the cut; and a whole chunk is not repeated.
            if repeating[0] > chunks[-1].start and len(word_pieces(repeating[2])) <= chunk_size - _SPECIAL:
                start, end, whole = repeating
        seen[whole] = seen.get(whole, 0) + 1
        key = "\0".join((salt, document.source, whole, str(seen[whole])))
        chunk_id = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        heading = _heading(plan, text, start, end)
        chunks.append(Chunk(chunk_id, whole, document.source, document.doc_type, plan.title, heading, start, end))
    return chunks


def _cheapest(
    cuts: dict[int, float], begins: list[int], plan: Outline, room: Callable[[int, float], int], chunk_size: int
) -> list[tuple[int, int]]:
    """The sequence of spans between cuts that costs least and in which every span fits."""
    positions = list(cuts)
    pieces = [bisect_left(begins, position) for position in positions]
    headings = [bisect_left(plan.headings, position, key=lambda heading: heading.start) for position in positions]
    best = [0.0] + [float("inf")] * (len(positions) - 1)
    back = [0] * len(positions)
    for i in range(len(positions) - 1):
        start_cost = cuts[positions[i]]
        limit = room(positions[i], start_cost)
        for j in range(i + 1, len(positions)):
            size = pieces[j] - pieces[i]
            if size > limit and j > i + 1:
                break
            mixed = max(0, headings[j] - headings[i] - 1)
            cost = best[i] + start_cost + _CHUNK + _SMALL * (1 - min(1.0, size / chunk_size)) ** 2 + _MIXED * mixed
            if cost < best[j]:
                best[j], back[j] = cost, i
    spans = []
    at = len(positions) - 1
    while at > 0:
        spans.append((positions[back[at]], positions[at]))
        at = back[at]
    return spans[::-1]


def _with_word_cuts(
    cuts: dict[int, float], text: str, begins: list[int], room: Callable[[int], int]
) -> dict[int, float]:
    """Add cuts between words, and inside them at twice the price, where a stretch is longer than a chunk may be."""
    added: dict[int, float] = {}
    positions = list(cuts)
    for start, end in itertools.pairwise(positions):
        first, last = bisect_left(begins, start), bisect_left(begins, end)
        limit = room(start)
        if last - first > limit:
            step = max(1, limit // 12)
            for n in range(first + step, last, step):
                word = next((m for m in range(n, n - step, -1) if text[begins[m] - 1].isspace()), None)
                added[begins[n if word is None else word]] = 2 * AT_WORD if word is None else AT_WORD
    return dict(sorted((added | cuts).items()))


def _earlier(positions: list[int], begins: list[int], start: int, overlap: int) -> int:
    """The earliest cut from which no more than `overlap` word pieces lead to `start`."""
    least = begins[max(0, bisect_left(begins, start) - overlap)]
    return positions[bisect_left(positions, least)] if least < start else start


def _context(plan: Outline, position: int, count: Callable[[str], int], most: int) -> str:
    """Title and heading path above a chunk, as far as its own text does not show them, and a cut table's header."""
    path = plan.heading_path(position)
    above = [heading.text for heading in path if heading.start < position]
    titled_here = any(heading.start >= position and heading.text == plan.title for heading in path)
    if not titled_here and plan.title not in above:
        above.insert(0, plan.title)
    line = " > ".join(above)
    while len(above) > 1 and count(line) > most // 2:
        above.pop(1 if len(above) > 2 else 0)
        line = " > ".join(above)
    while line and count(line) > most // 2:
        line = line[: len(line) * 3 // 4].rstrip()
    at = bisect_right(plan.tables, position, key=lambda table: table.start) - 1
    if at >= 0:
        table = plan.tables[at]
        if table.start + len(table.header) < position < table.end and count(table.header) <= most // 2:
            line = f"{line}\n{table.header}" if line else table.header
    return line


def _heading(plan: Outline, text: str, start: int, end: int) -> str:
    """The heading path of a chunk's first text, the headings it opens with counted in, the title left out."""
    path = plan.heading_path(start)
    while path and path[-1].start >= start and (rest := text[path[-1].end : end].lstrip()):
        start = path[-1].end
        path = plan.heading_path(end - len(rest))
    return " > ".join(heading.text for heading in path if heading.text != plan.title)
