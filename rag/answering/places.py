"""Where the sources have a figure of the kind that a sentence claims, and how well what surrounds it there fits the sentence. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rag.answering.facts import Fact, facts
from rag.answering.meeting import Meeting
from rag.index.embed import Vectors
from rag.schema import Chunk

# Word pieces after which what stands beside a fact counts a third, in the sentence and in a source.
_NEAR, _AROUND = 8.0, 15.0


class Place(NamedTuple):
    """A fact of source `n` that is of the kind looked for, and how well its surroundings fit."""

    n: int
    fact: Fact
    fit: float


def places_of(claims: Sequence[Fact], met: Meeting, chunks: Sequence[tuple[int, Chunk]]) -> dict[Fact, list[Place]]:
    """For each figure among the claims of a sentence (all but names) every place in the chunks of numbered sources."""
    figures = [fact for fact in claims if fact.kind != "name"]
    if not figures:
        return {}
    kinds = {fact.kind for fact in figures}
    held: list[tuple[int, Fact]] = []
    fits = [
        np.empty((0, len(met.weights)), np.float32)
    ]  # how well what surrounds each fact fits the sentence's word pieces
    for (n, chunk), text in zip(chunks, met.texts, strict=True):
        alike = (fact for fact in _facts_of(chunk.text) if fact.kind in kinds)
        there = [(fact, at) for fact in alike if (at := _inside(text.spans, fact))]
        if there:
            near = np.exp(_far(len(text.spans), [at for _, at in there]) / -_AROUND).astype(np.float32)
            held += [(n, fact) for fact, _ in there]
            fits.append((text.cosines * near[:, :, None]).max(axis=1))
    around = np.concatenate(fits)
    taken = [at for fact in figures for at in _inside(met.spans, fact)]
    return {
        fact: [
            Place(n, other, fit)
            for (n, other), fit in zip(held, (around @ _beside(fact, taken, met)).tolist(), strict=True)
            if other.kind == fact.kind
        ]
        for fact in figures
    }


@lru_cache(512)
def _facts_of(chunk: str) -> tuple[Fact, ...]:
    """What is found for one question is found for others."""
    return tuple(facts(chunk))


def _beside(fact: Fact, taken: list[int], met: Meeting) -> Vectors:
    """What surrounds a fact in its sentence: the weights of the word pieces, less the further away, nothing where facts stand."""
    mine = _inside(met.spans, fact) or range(1)
    weights = np.array(met.weights * np.exp(_far(len(met.spans), [mine])[0] / -_NEAR), np.float32)
    weights[taken] = weights[list(mine)] = 0
    if not weights.any():
        weights = np.array(met.weights)
    return np.asarray(weights / max(float(weights.sum()), 1e-12), np.float32)


def _far(count: int, places: Sequence[range]) -> Vectors:
    """How many word pieces each of `count` is from the middle of each place; shape (places, count)."""
    middles = np.array([(at[0] + at[-1]) / 2 for at in places])
    return np.asarray(np.abs(np.arange(count) - middles[:, None]))


def _inside(spans: Sequence[tuple[int, int]], fact: Fact) -> range:
    """Which of the spans, which follow each other, share a character with a fact."""
    first = bisect_right(spans, fact.start, key=lambda span: span[1])
    return range(first, bisect_left(spans, fact.start + len(fact.text), lo=first, key=lambda span: span[0]))
