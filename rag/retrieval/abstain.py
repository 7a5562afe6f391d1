"""Whether what was found can hold the answer at all. Signals that cost nothing, no language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.index.lexical import query_words
from rag.schema import Retrieved

LEAST = 0.38
"""Confidence below which a question is not answered by quoting. On the development questions it refuses 1 % of those that
have an answer, and 11 of 16 about things the documents have nothing to do with. Near misses pass it."""

_STRANGE = 0.3
"""What a question loses when all of its words are strange to the index."""


def confidence(query: str, found: Sequence[Retrieved], knows: Callable[[str], bool]) -> float:
    """The best chunk's score, less a share for words that the index does not know; 0 where nothing was found."""
    wanted = query_words(query)
    if not wanted or not found:
        return 0.0
    strange = sum(1 for word in wanted if not knows(word)) / len(wanted)
    return max(0.0, found[0].score - _STRANGE * strange)
