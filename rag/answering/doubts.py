"""A finished answer held against its sources: numbers added where a fact stands in another source, doubts where it stands in none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.evidence import quoted
from rag.answering.support import Evidence
from rag.retrieval.context import Section
from rag.schema import Citation, Doubt

_NUMBERS = re.compile(r"(?:\s?\[\d+\])*")


def doubted(
    text: str, citations: Sequence[Citation], evidence: Evidence
) -> tuple[str, tuple[Citation, ...], tuple[Doubt, ...]]:
    """The text with the numbers that it lacked, all its citations, and its doubts with offsets into that text."""
    sources = {citation.n: _section_of(citation, evidence.found) for citation in citations}
    numbers = {source: n for n, source in sources.items()}
    cited = list(citations)
    doubts: list[Doubt] = []
    pieces: list[str] = []
    last = grown = 0
    for one in evidence.check(text, sources):
        added = ""
        for source in one.also:
            n = numbers.setdefault(source, max(numbers.values(), default=0) + 1)
            citation = quoted(n, text[one.start : one.end], evidence.found[source - 1])
            if citation not in cited:
                cited.append(citation)
            if f"[{n}]" not in text[one.start : one.end + 12]:
                added += f" [{n}]"
        if one.why:
            doubts.append(Doubt(one.start + grown, one.end + grown, one.why, one.disputed))
        behind = one.end + len(_NUMBERS.match(text[one.end :])[0])  # type: ignore[index]
        pieces += [text[last:behind], added]
        last = behind
        grown += len(added)
    pieces.append(text[last:])
    return "".join(pieces), tuple(sorted(cited, key=lambda c: (c.n, c.start))), tuple(doubts)


def _section_of(citation: Citation, found: Sequence[Section]) -> int:
    return next(n for n, section in enumerate(found, 1) if any(item.chunk == citation.chunk for item in section.chunks))
