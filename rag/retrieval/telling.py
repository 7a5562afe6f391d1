"""How much each part of a question tells, beside how rare it is: learned from questions about other organisations' documents.

"I am about to sign for the new vans: which dealer are they from?" is about vans and a dealer; that somebody signs is only
how it is put. Rarity cannot know that, but the model's word pieces, read within their question, show it: one direction
in their space tells the two apart. `python -m benchmarks.telling --fit` finds it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from rag.index.embed import MINILM, MINILM_SHA256, Embedder, Pieces, Vectors
from rag.index.lexical import WORD, words

LEARNED = {f"{MINILM}@{MINILM_SHA256}": "telling.npy"}
"""An embedder's identity -> the file beside this one that holds the direction in its space. Without one, all tell alike."""

_FURTHEST = 3.0  # logarithm of how many times more one piece can tell than the question's average one


class Telling(NamedTuple):
    """How many times as much as its rarity says each of a question's word pieces counts, and each of its words for BM25."""

    pieces: Vectors
    words: Mapping[str, float]


def telling(
    query: str, pieces: Pieces, embedder: Embedder, shares: Vectors | None = None, *, learned: bool = True
) -> Telling:
    """`pieces` are the word pieces of `query`. Ones, and no words, where nothing was learned, or `learned` is not to count.

    `shares`: for each piece how much it counts for where it stands, 1 in the question itself; such words are always told.
    """
    direction = _learned(embedder.identity) if learned else None
    if not pieces.ids or (direction is None and shares is None):
        return Telling(np.ones(len(pieces.ids), np.float32), MappingProxyType({}))
    heavy = np.ones(len(pieces.ids), np.float32) if shares is None else shares
    tells = np.zeros(len(pieces.ids), np.float32) if direction is None else pieces.vectors @ direction
    tells -= tells[heavy == heavy.max()].mean()
    by_word = {}
    for word, at in standing(query, embedder, len(tells)).items():
        # A word that is said twice counts as it does where it counts most.
        most = [piece for piece in at if heavy[piece] == heavy[at].max()]
        by_word[word] = float(heavy[most[0]] * np.exp(np.clip(tells[most].mean(), -_FURTHEST, _FURTHEST)))
    return Telling(heavy * np.exp(np.clip(tells, -_FURTHEST, _FURTHEST)), by_word)


def standing(query: str, embedder: Embedder, pieces: int) -> dict[str, list[int]]:
    """Each word of the question, as BM25 knows it, with the numbers of its word pieces; there are `pieces` of them."""
    spans = embedder.word_pieces(query)[:pieces]
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    found: dict[str, list[int]] = {}
    for match in WORD.finditer(query):
        at = range(bisect_right(ends, match.start()), bisect_left(starts, match.end()))
        for word in words(match[0]) if at else ():
            found.setdefault(word, []).extend(at)
    return found


@cache
def _learned(identity: str) -> Vectors | None:
    """A vector of the embedder's dimensions."""
    if identity not in LEARNED:
        return None
    return np.asarray(np.load(Path(__file__).parent / LEARNED[identity], allow_pickle=False), np.float32)
