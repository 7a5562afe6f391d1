"""Whether what was found can hold the answer at all: signals that cost next to nothing, weighed by a fitted model.

They tell apart what the documents know nothing of. They do not tell a near miss (the right subject, and the one fact
missing) from a question in other words than the documents': that takes reading. benchmarks/abstention.py fits the weights
and says how far they reach.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.generation import Abstention, Manifest
from rag.index.lexical import STOP_WORDS, WORD, Lexical, query_words, words
from rag.index.open import OpenIndex
from rag.retrieval.conversation import Talk, encoded
from rag.retrieval.hybrid import spelled
from rag.schema import Retrieved

MODEL = "2"
"""Changes with the weights: a manifest's threshold for another model means nothing to this one."""
BIAS = -15.969
WEIGHTS = (6.571, 5.515, 2.343, 8.437, 9.430)
"""Of score, met, together, familiar and near; BIAS and WEIGHTS as `python -m benchmarks.abstention` prints them."""
CHOSEN = Abstention(MODEL, 0.137)
"""The point that ingest writes into the manifest."""

LEANS = 2.5
"""How much the logarithm of the odds grows where the question leans on its talk: it says less itself, so less of it is met."""

_STRANGE = 0.3  # what a question loses when all of its words are strange to the index
_READ = 10  # chunks looked at: as many as the model was fitted on
_LEAST_WEIGHT = 0.3  # of a word that nearly every chunk holds
_I = re.compile(r"I(?:['\u2019]?(?:m|d|ve|ll))?$")


class Signals(NamedTuple):
    """Each in [0, 1]."""

    score: float
    """Of the best chunk."""
    met: float
    """How well the question's words are met anywhere in what was found, rare words counting more."""
    together: float
    """The largest share of the names, codes and numbers of the question, as far as the index holds them, that stands in one
    chunk with its title, rare ones counting more; 1 where it has none. A name that no document holds shows in `met`."""
    familiar: float
    """The score, less a share for words that the index does not know."""
    near: float
    """Highest cosine between the question's one vector and those of what was found."""


def refuses(
    query: str,
    found: Sequence[Retrieved],
    index: OpenIndex,
    embedder: Embedder,
    settings: Settings,
    talk: Talk | None = None,
) -> bool:
    """Whether `query` is better not answered by quoting from what was `found` for it, within its talk, with these settings."""
    below = threshold(index.manifest) if settings.abstain_below is None else settings.abstain_below
    if below <= 0:
        return False
    told = signals(spelled(query, index, embedder, settings), found, index, embedder)
    return confidence(told, leaning(talk)) < below


def threshold(manifest: Manifest) -> float:
    """What the manifest says for this model; this model's own where it says nothing, or speaks of another."""
    chosen = manifest.abstention
    return chosen.below if chosen is not None and chosen.model == MODEL else CHOSEN.below


def leaning(talk: Talk | None) -> float:
    """How likely a question leans on its talk, by its words."""
    return talk.likely if talk is not None and talk.said else 0.0


def confidence(found: Signals | None, leans: float = 0.0) -> float:
    """From 0 to 1; 0 where there is nothing to judge. The signals are of the question itself, whatever was said before it.

    What was said before fits the documents, or it would not have been said: read with it, "thanks!" would fit them too.
    """
    if found is None:
        return 0.0
    told = sum(weight * value for weight, value in zip(WEIGHTS, found, strict=True))
    return 1 / (1 + math.exp(-BIAS - told - LEANS * leans))


def signals(query: str, found: Sequence[Retrieved], index: OpenIndex, embedder: Embedder) -> Signals | None:
    """None where nothing was found, or the query holds no word. `query` is what was searched for, misspellings put right."""
    found = found[:_READ]
    vector, (_, pieces) = encoded(query, embedder)
    asked = _asked(query, embedder.word_pieces(query)[: len(pieces)])
    if not found or not asked:
        return None
    rows = index.chunks.rows([item.chunk for item in found])
    best = np.maximum(index.tokens.met(pieces, rows).max(axis=0), 0)
    weights = [max(_LEAST_WEIGHT, *(index.lexical.rarity(part) for part in words(word.text))) for word in asked]
    met = sum(weight * float(best[word.pieces].mean()) for weight, word in zip(weights, asked, strict=True))
    telling = query_words(query)
    strange = sum(1 for word in telling if not index.lexical.knows(word)) / len(telling)
    score = found[0].score
    return Signals(
        score,
        met / sum(weights),
        _together(names(query), found, index.lexical),
        max(0.0, score - _STRANGE * strange),
        max(0.0, float((index.vectors[rows] @ vector).max())),
    )


def names(query: str) -> list[str]:
    """The words of a question that are names, codes or numbers: those with a digit, or a capital that opens no sentence.

    Where Every Word Has One, capitals say nothing.
    """
    every = [(match[0], query[: match.start()].rstrip(" \"'*(\u201c\u2018")) for match in WORD.finditer(query)]
    told = any(word.islower() for word, _ in every)
    return [
        word
        for word, before in every
        if any(letter.isdigit() for letter in word)
        or (told and word[0].isupper() and before[-1:] not in ("", *".?!:") and _says(word) and not _I.match(word))
    ]


def _together(wanted: Sequence[str], found: Sequence[Retrieved], lexical: Lexical) -> float:
    names = [[part for part in words(name) if part.isalnum()] for name in wanted]
    known = [parts for parts in names if all(lexical.holds(part) for part in parts)]
    if not known:
        return 1.0
    weights = [max(lexical.rarity(part) for part in parts) for parts in known]
    held = [set(words(f"{item.chunk.title} {item.chunk.heading} {item.chunk.text}")) for item in found]
    return max(
        sum(weight for weight, parts in zip(weights, known, strict=True) if text.issuperset(parts)) for text in held
    ) / sum(weights)


class _Asked(NamedTuple):
    text: str
    pieces: list[int]


def _asked(query: str, spans: Sequence[tuple[int, int]]) -> list[_Asked]:
    """The words that say what a question is about, with the numbers of their pieces; all where nothing else is left."""
    every = [
        _Asked(match[0], [n for n, (start, end) in enumerate(spans) if start < match.end() and end > match.start()])
        for match in WORD.finditer(query)
    ]
    seen = [word for word in every if word.pieces]
    return [word for word in seen if _says(word.text)] or seen


def _says(word: str) -> bool:
    return any(part not in STOP_WORDS for part in words(word))
