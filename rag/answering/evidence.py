"""What an answer's numbers stand for: markers resolved while it streams, and each sentence held against its source."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.sentences import sentences
from rag.index.lexical import STOP_WORDS, words
from rag.retrieval.context import Section
from rag.schema import Citation, Retrieved

_MARKER = re.compile(
    r"[\[\u3010]\s*(?:sources?\s*)?(\d{1,3}(?:\s*(?:,|;|and|&)\s*(?:sources?\s*)?\d{1,3})*)\s*[\]\u3011]", re.I
)
_BEGUN = re.compile(r"[\[\u3010][\s\d,;&sourceand]*$", re.I)  # what may still become a marker
_SHOWN = re.compile(r"\s*\[\d+\](?!\()")
_ENOUGH = 0.5
"""Share of an unmarked sentence's words that a source must hold for it to count as that source's."""


class Markers:
    """A filter for streamed text: `[n]` that names a source is renumbered in order of first mention, any other goes."""

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._held = ""
        self.order: list[int] = []
        """Source numbers in the order the answer mentions them; the answer's `[1]` is `order[0]`."""

    def feed(self, piece: str) -> str:
        """The text that can be shown now; what may still become a marker is held back."""
        text = self._held + piece
        begun = _BEGUN.search(text)
        self._held = text[begun.start() :] if begun else ""
        return self._resolve(text[: begun.start()] if begun else text)

    def close(self) -> str:
        """What was still held back."""
        text, self._held = self._held, ""
        return self._resolve(text)

    def _resolve(self, text: str) -> str:
        return _MARKER.sub(self._renumber, text)

    def _renumber(self, match: re.Match[str]) -> str:
        shown = []
        for source in map(int, re.findall(r"\d+", match[1])):
            if 1 <= source <= self._sources:
                if source not in self.order:
                    self.order.append(source)
                shown.append(f"[{self.order.index(source) + 1}]")
        return "".join(dict.fromkeys(shown))


def cite(text: str, order: Sequence[int], found: Sequence[Section]) -> tuple[str, tuple[Citation, ...]]:
    """The finished text and its citations.

    Each sentence that carries `[n]` is matched to the sentence of that source that proves it best. A sentence that no
    number follows on its line gets one where a single source plainly holds it. `found[order[n - 1] - 1]` is the source behind `[n]`.
    """
    order = list(order)
    citations: dict[tuple[int, int, int], Citation] = {}
    pieces: list[str] = []
    last = 0
    for start, end in sentences(text):
        start, end = start, _with_trailing_markers(text, end)
        if start < last:  # its beginning was a marker of the sentence before
            start = last
        pieces.append(text[last:start])
        sentence, last = text[start:end], end
        numbers = [int(n) for n in re.findall(r"\[(\d+)\]", sentence)]
        bare = _SHOWN.sub("", sentence)
        if not numbers and not _SHOWN.search(_rest_of_line(text, end)) and (source := _holder(bare, found)):
            if source not in order:
                order.append(source)
            numbers = [order.index(source) + 1]
            sentence = f"{sentence.rstrip()} [{numbers[0]}]"
        for n in dict.fromkeys(numbers):
            if 1 <= n <= len(order):
                citation = quoted(n, bare, found[order[n - 1] - 1])
                citations.setdefault((n, citation.start, citation.end), citation)
        pieces.append(sentence)
    pieces.append(text[last:])
    return "".join(pieces), tuple(sorted(citations.values(), key=lambda citation: (citation.n, citation.start)))


def without_markers(text: str) -> str:
    """An answer as it enters the history: its numbers belong to another question's sources."""
    return _SHOWN.sub("", text)


def _rest_of_line(text: str, at: int) -> str:
    return text[at:].split("\n", 1)[0]


def _with_trailing_markers(text: str, end: int) -> int:
    match = re.compile(r"(?:\s?\[\d+\])+[.!?]?").match(text, end)
    return match.end() if match else end


def quoted(n: int, sentence: str, source: Section) -> Citation:
    """The sentence of the source that shares most with `sentence`; a chunk's whole body where it has none that proves."""
    wanted = _content(sentence)
    return max(
        (_best(n, wanted, item) for item in source.chunks),
        key=lambda citation: (_shared(wanted, _content(citation.quote)), -citation.start),
    )


def _best(n: int, wanted: set[str], item: Retrieved) -> Citation:
    chunk, body = item.chunk, item.chunk.body
    spans = [span for span in sentences(body) if not _names_others(body, *span)] or [(0, len(body))]
    start, end = max(spans, key=lambda span: (_shared(wanted, _content(body[slice(*span)])), -span[0]))
    return Citation(n, body[start:end], chunk.start + start, chunk.start + end, chunk, item.score)


def _holder(sentence: str, found: Sequence[Section]) -> int:
    """Number of the one source whose text holds most of the sentence, its numbers all among them; 0 where none does."""
    wanted = _content(sentence)
    if len(wanted) < 3:
        return 0
    best, best_share = 0, _ENOUGH
    for n, source in enumerate(found, 1):
        held = _content(source.text)
        numbers = {word for word in wanted if any(character.isdigit() for character in word)}
        share = len(wanted & held) / len(wanted)
        if numbers <= held and share > best_share:
            best, best_share = n, share
    return best


def _content(text: str) -> set[str]:
    return {word for word in words(text) if word not in STOP_WORDS}


def _shared(wanted: set[str], held: set[str]) -> float:
    """How well two sentences agree: shared words over their mean number, so that a long one does not win by length."""
    return 2 * len(wanted & held) / (len(wanted) + len(held)) if wanted and held else 0.0


def _names_others(body: str, start: int, end: int) -> bool:
    """Whether a line proves nothing by itself: a heading, a table's header or its rule."""
    line, following = body[start:end], body[end:].lstrip("\n").split("\n", 1)[0]
    ruled = set("|-: ")
    return (
        line.startswith("#")
        or set(line) <= ruled
        or (line.startswith("|") and "-" in following and set(following) <= ruled)
    )
