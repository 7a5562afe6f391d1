"""How well a list of found texts answers a question that has keywords. Pure; k is the length of the list."""

from __future__ import annotations

import math
from collections.abc import Sequence


def ranks(texts: Sequence[str], keywords: Sequence[str]) -> list[int]:
    """For each keyword the rank, from 1, of the first text that holds it (case aside); 0 where none does."""
    lower = [text.lower() for text in texts]
    return [next((n for n, text in enumerate(lower, 1) if keyword.lower() in text), 0) for keyword in keywords]


def reciprocal_rank(texts: Sequence[str], keywords: Sequence[str]) -> float:
    """Mean over the keywords of 1 / rank."""
    found = ranks(texts, keywords)
    return sum(1 / rank for rank in found if rank) / len(found)


def coverage(texts: Sequence[str], keywords: Sequence[str]) -> float:
    """Share of the keywords that stand in any of the texts."""
    found = ranks(texts, keywords)
    return sum(rank > 0 for rank in found) / len(found)


def ndcg(texts: Sequence[str], keywords: Sequence[str], every: Sequence[str]) -> float:
    """Mean over the keywords of the discounted gain, held against the best order of all relevant texts of the index."""
    gains = []
    for keyword in keywords:
        word = keyword.lower()
        gained = sum(1 / math.log2(n + 1) for n, text in enumerate(texts, 1) if word in text.lower())
        relevant = min(len(texts), sum(word in text.lower() for text in every))
        ideal = sum(1 / math.log2(n + 1) for n in range(1, relevant + 1))
        gains.append(gained / ideal if ideal else 0.0)
    return sum(gains) / len(gains)
