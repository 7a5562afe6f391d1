"""Documents -> chunks. Pure: the same text, limits and word pieces give the same chunks with the same ids.

Every place where a chunk may begin has a price (a heading is free, the middle of a sentence dear), every chunk a price for
being small, and every heading inside a chunk a price for mixing subjects. The cheapest way through the document is found
exactly, by dynamic programming, so that chunks come out whole and even, with no leftover at the end.
"""

from __future__ import annotations

import hashlib
import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from rag.documents.markdown import AT_SENTENCE, AT_WORD, LABEL, Outline, outline
from rag.schema import Chunk, Document

CHUNKER = "structure-2"
"""Name of this way of splitting; a change of it makes old indexes stale."""

WordPieces = Callable[[str], Sequence[tuple[int, int]]]
"""A text's word pieces as (start, end) offsets, special tokens left out."""

_SPECIAL = 2  # [CLS] and [SEP] are part of the model's window
_CHUNK = 0.2  # price of a chunk, so that not every paragraph becomes one
_SMALL = 0.5  # price of an empty chunk; falls with the square of how full it is
_MIXED = 0.4  # price of a heading inside a chunk
_PART = 1 << 17  # characters that are counted at once: a megabyte's word pieces take a hundred megabytes
_UNSEEN = (
    400  # characters without a word piece, such as blanks and signs the model has no piece for; more are cut as if
)
_UNSEEN_STEP = 100  # each of so many were one, for a megabyte of them is no chunk


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
    begins = _begins(text, word_pieces)
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
    positions = list(cuts)
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
            repeating = dressed(_earlier(positions, begins, cut, overlap), until)
            # A longer context may stand above the repeated words than above the cut; and a whole chunk is not repeated.
            if repeating[0] > chunks[-1].start and len(word_pieces(repeating[2])) <= chunk_size - _SPECIAL:
                start, end, whole = repeating
        seen[whole] = seen.get(whole, 0) + 1
        key = "\0".join((salt, document.source, whole, str(seen[whole])))
        chunk_id = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        heading = _heading(plan, text, start, end)
        chunks.append(Chunk(chunk_id, whole, document.source, document.doc_type, plan.title, heading, start, end))
    return chunks


def _begins(text: str, word_pieces: WordPieces) -> array[int]:
    """Where each word piece begins, and places to cut at where there is none for long."""
    begins = array("q")
    last = start = 0
    while start < len(text):
        end = start + _PART
        # A part ends at a blank: a word that is cut has other word pieces.
        if end < len(text) and (blank := max(text.rfind(" ", start, end), text.rfind("\n", start, end))) > start:
            end = blank
        for first, stop in word_pieces(text[start:end]):
            while start + first - last > _UNSEEN:
                last += _UNSEEN_STEP
                begins.append(last)
            begins.append(start + first)
            last = start + first if stop - first > _UNSEEN else start + stop
        start = end
    while len(text) - last > _UNSEEN:
        last += _UNSEEN_STEP
        begins.append(last)
    return begins


def _cheapest(
    cuts: dict[int, float],
    begins: Sequence[int],
    plan: Outline,
    room: Callable[[int, float], int],
    chunk_size: int,
) -> list[tuple[int, int]]:
    """The sequence of spans between cuts that costs least and in which every span fits."""
    positions, pieces = _worth_cutting(cuts, begins)
    headings = np.searchsorted([heading.start for heading in plan.headings if heading.level < LABEL], positions)
    sizes = np.asarray(pieces)
    # The price of a chunk by its size. A span that does not fit is taken where no cut divides it, and is then full.
    small = np.array([_SMALL * (1 - min(1.0, size / chunk_size)) ** 2 for size in range(chunk_size + 1)])
    best = np.full(len(positions), np.inf)
    best[0] = 0.0
    back = np.zeros(len(positions), np.int64)
    for i in range(len(positions) - 1):
        start_cost = cuts[positions[i]]
        end = max(i + 2, bisect_right(pieces, pieces[i] + room(positions[i], start_cost)))
        spans = slice(i + 1, end)
        mixed = _MIXED * np.maximum(0, headings[spans] - headings[i] - 1)
        size = np.minimum(sizes[spans] - pieces[i], chunk_size)
        cost = float(best[i]) + start_cost + _CHUNK + small[size] + mixed
        cheaper = cost < best[spans]
        best[spans][cheaper] = cost[cheaper]
        back[spans][cheaper] = i
    ways = []
    at = len(positions) - 1
    while at > 0:
        ways.append((positions[back[at]], positions[at]))
        at = int(back[at])
    return ways[::-1]


def _worth_cutting(cuts: dict[int, float], begins: Sequence[int]) -> tuple[list[int], list[int]]:
    """The cuts with a word piece between one and the next, and how many stand before each. Of several the cheapest is kept.

    Else a thousand empty lines would be tried with each other as beginning and end.
    """
    positions: list[int] = []
    pieces: list[int] = []
    *inner, last = cuts
    for position in inner:
        before = bisect_left(begins, position)
        if not pieces or before > pieces[-1]:
            positions.append(position)
            pieces.append(before)
        elif cuts[position] < cuts[positions[-1]]:
            positions[-1] = position
    if len(positions) > 1 and pieces[-1] == len(begins):
        positions.pop()
        pieces.pop()
    return [*positions, last], [*pieces, len(begins)]


def _with_word_cuts(
    cuts: dict[int, float], text: str, begins: Sequence[int], room: Callable[[int], int]
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


def _earlier(positions: list[int], begins: Sequence[int], start: int, overlap: int) -> int:
    """The earliest cut from which no more than `overlap` word pieces lead to `start`."""
    least = begins[max(0, bisect_left(begins, start) - overlap)]
    return positions[bisect_left(positions, least)] if least < start else start


def _context(plan: Outline, position: int, count: Callable[[str], int], most: int) -> str:
    """Title and heading path above a chunk, as far as its own text does not show them, and a cut table's header."""
    path = plan.heading_path(position)
    above = [heading.text for heading in path if heading.start < position and heading.level < LABEL]
    titled_here = any(heading.start >= position and heading.text == plan.title for heading in path)
    if not titled_here and plan.title not in above:
        above.insert(0, plan.title)
    line = " > ".join(above)
    while len(above) > 1 and count(line) > most // 2:
        above.pop(1 if len(above) > 2 else 0)
        line = " > ".join(above)
    while line and count(line) > most // 2:
        line = line[: len(line) * 3 // 4].rstrip()
    for label in path:
        if label.level == LABEL and label.start < position and count(label.text) <= most // 2:
            line = f"{line}\n**{label.text}**" if line else f"**{label.text}**"
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
    return " > ".join(heading.text for heading in path if heading.text != plan.title and heading.level < LABEL)
