"""What an answer's numbers stand for: markers resolved while it streams, and each sentence held against its source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.answering.withheld import Withheld
from rag.documents.code_spans import IN_LINE, OPENS_FENCE, blanked, closes_fence, parts
from rag.documents.sentences import sentences
from rag.index.lexical import STOP_WORDS, words
from rag.retrieval.context import Section
from rag.schema import Citation, Retrieved

_MARKER = re.compile(
    r"(?<![ \t])(?P<blank>[ \t]*)[\[\u3010][ \t]*(?:sources?[ \t]*)?"
    r"(?P<numbers>\d{1,3}(?:[ \t]*(?:,|;|and|&)[ \t]*(?:sources?[ \t]*)?\d{1,3})*)[ \t]*[\]\u3011]",
    re.I,
)
_BEGUN = re.compile(r"(?<![ \t])[ \t]*(?:[\[\u3010][ \t\d,;&sourceand]*)?$", re.I)  # what may still become a marker
_FENCE_BEGUN = re.compile(r"(?<![ \t])[ \t]*(?:`{0,2}|~{0,2})$")
_SHOWN = re.compile(r"\s*\[\d+\](?!\()")
_ENOUGH = 0.5
"""Share of an unmarked sentence's words that a source must hold for it to count as that source's."""


class Markers:
    """A filter for streamed text: `[n]` that names a source is renumbered in order of first mention, any other goes.

    What stands in code is no marker: `rows[1]` is left alone. `known`, the texts of the sources and the question, is what
    an answer may repeat; given that, whatever else none may say is taken out too.
    """

    def __init__(self, sources: int, known: Sequence[str] | None = None) -> None:
        self._sources = sources
        self._withheld = None if known is None else Withheld(known)
        self._held = ""
        self._fence = ""  # the fence that has been opened
        self._mid_line = False  # the beginning of the line has been passed on
        self._owed = ""  # the blank before a marker that went; a word that follows at once needs it
        self.order: list[int] = []
        """Source numbers in the order the answer mentions them; the answer's `[1]` is `order[0]`."""

    def feed(self, piece: str) -> str:
        """The text that can be shown now; what may still become a marker is held back."""
        return self._pass(self._withheld.feed(piece) if self._withheld else piece, last=False)

    def close(self) -> str:
        """What was still held back."""
        return self._pass(self._withheld.close() if self._withheld else "", last=True)

    def _pass(self, piece: str, *, last: bool) -> str:
        text, shown = self._held + piece, ""
        self._held = ""
        while text and not self._held:
            line, end, rest = text.partition("\n")
            if end or last:
                shown += self._line(line) + end
                text, self._mid_line, self._owed = rest, False, ""
            else:
                cut = self._decided(line)
                shown += self._resolved(line[:cut]) if not self._fence else line[:cut]
                self._mid_line = self._mid_line or cut > 0
                self._held, text = line[cut:], ""
        return shown

    def _line(self, line: str) -> str:
        """A line that is whole."""
        if self._fence:
            if not self._mid_line and closes_fence(line, self._fence):
                self._fence = ""
            return line
        if not self._mid_line and (opened := OPENS_FENCE.match(line)):
            self._fence = opened["fence"]
            return line
        return self._resolved(line)

    def _decided(self, line: str) -> int:
        """How much of a line that goes on can be passed on, because nothing that follows changes what it is."""
        if self._fence:
            marks = line.strip(" \t")
            return 0 if not self._mid_line and not marks.strip(self._fence[0]) else len(line)
        if not self._mid_line and (_FENCE_BEGUN.match(line) or OPENS_FENCE.match(line)):
            return 0
        end = 0
        for code in IN_LINE.finditer(line):
            if "`" in line[end : code.start()] or code.end() == len(line):
                break
            end = code.end()
        tick = line.find("`", end)  # opens code whose end is not there yet
        begun = _BEGUN.search(line, end, tick if tick >= 0 else len(line))
        return begun.start() if begun else len(line)

    def _resolved(self, text: str) -> str:
        pieces, end = [], 0
        for code in IN_LINE.finditer(text):
            pieces += [_MARKER.sub(self._renumber, text[end : code.start()]), code[0]]
            end = code.end()
        pieces.append(_MARKER.sub(self._renumber, text[end:]))
        shown = "".join(pieces)
        if text:
            shown, self._owed = (self._owed if text[0].isalnum() else "") + shown, ""
            for marker in _MARKER.finditer(text, end):
                if marker.end() == len(text) and not self._named(marker):
                    self._owed = marker["blank"]
        return shown

    def _named(self, marker: re.Match[str]) -> list[int]:
        return [n for n in map(int, re.findall(r"\d+", marker["numbers"])) if 1 <= n <= self._sources]

    def _renumber(self, match: re.Match[str]) -> str:
        named = self._named(match)
        self.order += [n for n in dict.fromkeys(named) if n not in self.order]
        shown = "".join(dict.fromkeys(f"[{self.order.index(n) + 1}]" for n in named))
        return match["blank"] + shown if shown or match.string[match.end() : match.end() + 1].isalnum() else ""


def cite(text: str, order: Sequence[int], found: Sequence[Section]) -> tuple[str, tuple[Citation, ...]]:
    """The finished text and its citations.

    Each sentence that carries `[n]` is matched to the sentence of that source that proves it best. A sentence that no
    number follows on its line gets one where a single source plainly holds it. `found[order[n - 1] - 1]` is the source behind `[n]`.
    """
    order = list(order)
    citations: dict[tuple[int, int, int], Citation] = {}
    pieces: list[str] = []
    last = 0
    prose = blanked(text)  # a number in code is no marker
    fenced = [part for part in parts(text) if part.fence]
    for start, end in sentences(text):
        start, end = start, _with_trailing_markers(prose, end)
        if start < last:  # its beginning was a marker of the sentence before
            start = last
        pieces.append(text[last:start])
        sentence, last = text[start:end], end
        numbers = [int(n) for n in re.findall(r"\[(\d+)\]", prose[start:end])]
        bare = _bare(sentence, prose[start:end])
        in_code = any(part.start < end and start < part.end for part in fenced)
        # What opens a list, or asks, claims nothing.
        claims = not in_code and not bare.rstrip("*_ ").endswith((":", "?"))
        unmarked = not numbers and claims and not _SHOWN.search(_rest_of_line(prose, end))
        if unmarked and (source := _holder(bare, found)):
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
    return _bare(text, blanked(text))


def _bare(text: str, prose: str) -> str:
    """`text` without its markers; `prose` is the same with its code blanked."""
    pieces, last = [], 0
    for marker in _SHOWN.finditer(prose):
        pieces.append(text[last : marker.start()])
        last = marker.end()
    return "".join([*pieces, text[last:]])


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


def _best(n: int, wanted: frozenset[str], item: Retrieved) -> Citation:
    chunk, body = item.chunk, item.chunk.body
    start, end, _ = max(_proving(body), key=lambda span: (_shared(wanted, span[2]), -span[0]))
    return Citation(n, body[start:end], chunk.start + start, chunk.start + end, chunk, item.score)


@lru_cache(512)
def _proving(body: str) -> tuple[tuple[int, int, frozenset[str]], ...]:
    """Where the sentences of a passage stand that prove something, with their words: read once, for other questions find it too."""
    spans = [span for span in sentences(body) if not _names_others(body, *span)] or [(0, len(body))]
    return tuple((start, end, _content(body[start:end])) for start, end in spans)


def _holder(sentence: str, found: Sequence[Section]) -> int:
    """Number of the one source whose text holds most of the sentence, its numbers all among them; 0 where none does."""
    wanted = _content(sentence)
    if len(wanted) < 3:
        return 0
    best, best_share = 0, _ENOUGH
    for n, source in enumerate(found, 1):
        held = _content_of_source(source.text)
        numbers = {word for word in wanted if any(character.isdigit() for character in word)}
        share = len(wanted & held) / len(wanted)
        if numbers <= held and share > best_share:
            best, best_share = n, share
    return best


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if word not in STOP_WORDS)


_content_of_source = lru_cache(512)(_content)


def _shared(wanted: frozenset[str], held: frozenset[str]) -> float:
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
