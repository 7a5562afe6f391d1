"""Whether what was found can hold the answer at all. Signals that cost nothing, no language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.index.lexical import query_words, words
from rag.schema import Retrieved

LEAST = 0.5
"""Share of the question's words, rare ones counting more, that the best chunks must hold between them."""

_LOOKED_AT = 3


def support(query: str, found: Sequence[Retrieved], rarity: Callable[[str], float]) -> float:
    """Share in [0, 1] of the query's words that stand in the best chunks, each word weighted by `rarity`."""
    wanted = query_words(query)
    if not wanted or not found:
        return 0.0
    held = {word for item in found[:_LOOKED_AT] for word in words(item.chunk.text)}
    total = sum(rarity(word) for word in wanted)
    return sum(rarity(word) for word in wanted if word in held) / total
