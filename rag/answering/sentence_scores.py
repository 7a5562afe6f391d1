"""Which sentence answers: what each shares with the question in words and in meaning, and what surrounds it.

The weights are fitted (`python -m benchmarks.quoting --fit`) so that scores are logarithms of odds: a sentence whose score is 3
lower than another's is twenty times less likely to be the one that answers.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rag.answering.answer_kinds import Asked
from rag.answering.meeting import Meet, Meeting
from rag.documents.quotable import Quotable
from rag.index.embed import Vectors
from rag.index.lexical import query_words, words
from rag.retrieval.conversation import Said, Talk, readings

FEATURES = ("words", "kind", "asks", "source", "met", "rest", "meaning")
WEIGHTS = np.array([1.4, 1.3, -3.3, 17.9, 6.5, 9.8, 8.9], np.float32)

READ = 12
"""Sentences read by themselves for their meaning; more changed nothing."""


def scores(
    question: str,
    found: Sequence[Quotable],
    sources: Sequence[str],
    embed: Callable[[Sequence[str]], Vectors],
    meet: Meet,
    talk: Talk | None = None,
) -> Vectors:
    """A score for each of `found`; -inf for those that could not win and were not read."""
    table, read = features(question, found, sources, embed, meet, talk)
    result = np.full(len(found), -np.inf, np.float32)
    result[read] = table[read] @ WEIGHTS
    return result


def features(
    question: str,
    found: Sequence[Quotable],
    sources: Sequence[str],
    embed: Callable[[Sequence[str]], Vectors],
    meet: Meet,
    talk: Talk | None = None,
    most: int = READ,
) -> tuple[Vectors, np.ndarray]:
    """Shape (len(found), len(FEATURES)), and the places of those that were read for their meaning, at most `most`.

    Where the question was asked within a talk, each is the mean over both ways to read it, as likely as they are by its words:
    what is found has been decided already.
    """
    table = np.zeros((len(found), len(FEATURES)), np.float32)
    asked = Asked(question)
    table[:, 1] = [asked.held(one.text) for one in found]
    table[:, 2] = [one.text.rstrip("*_\"”' ").endswith("?") for one in found]
    ways = readings(question, talk)
    meetings = meet([within for within, _ in ways], sources)
    for (within, likely), meeting in zip(ways, meetings, strict=True):
        table[:, 0] += likely * _words([*within.said, (question, 1.0)], found)
        table[:, 3:6] += likely * _met(found, meeting)
    # Meaning costs a pass of the model: only what may still win is read.
    read = np.argsort(-(table @ WEIGHTS), kind="stable")[:most]
    vectors = embed([f"{found[i].about}: {found[i].text}" for i in read])
    for (_, likely), meeting in zip(ways, meetings, strict=True):
        table[read, 6] += likely * (vectors @ meeting.vector)
    return table, read


def _met(found: Sequence[Quotable], meeting: Meeting) -> Vectors:
    """How well the question's word pieces are met: in the sentence's source, in the sentence or the one before it, and in
    the sentence itself, where those count more that what stands above the source's first sentence does not meet.

    Shape (len(found), 3). A question names its subject, which the title holds, and asks for something of it, which is left.
    """
    table = np.zeros((len(found), 3), np.float32)
    for n, group in itertools.groupby(range(len(found)), lambda i: found[i].n):
        places, met = list(group), meeting.texts[n - 1]
        if not met.cosines.size:
            continue
        cosines = np.clip(met.cosines, 0, 1)
        starts, ends = np.array(met.spans).T
        above = cosines[ends <= found[places[0]].start].max(axis=0, initial=0)
        own = np.stack(
            [cosines[(starts < found[i].end) & (ends > found[i].start)].max(axis=0, initial=0) for i in places]
        )
        both = own.copy()
        both[1:] = np.maximum(own[1:], own[:-1])
        left = meeting.weights * (1 - above) ** 2
        table[places] = np.column_stack(
            [
                np.full(len(places), cosines.max(axis=0) @ meeting.weights),
                both @ meeting.weights,
                own @ left / max(left.sum(), 1e-12),
            ]
        )
    return table


def _words(asked: Sequence[Said], found: Sequence[Quotable]) -> Vectors:
    """Share of the words asked, rare ones counted more, in each sentence and its neighbours of the same source."""
    held = [set(words(one.text)) for one in found]
    frequency = Counter(word for text in held for word in text)
    shares: dict[str, float] = {}
    for text, share in asked:
        for word in query_words(text):
            shares[word] = max(share, shares.get(word, 0.0))
    # Only the question itself may be misspelled.
    meant = [_meant(word, frequency) if share == 1 else {word} for word, share in shares.items()]
    weights = [
        share * math.log(1 + len(found) / (1 + max((frequency[word] for word in alike), default=0)))
        for alike, share in zip(meant, shares.values(), strict=True)
    ]
    total = sum(weights) or 1.0
    kept = []
    for i, one in enumerate(found):
        near = set().union(*(held[j] for j in (i - 1, i, i + 1) if 0 <= j < len(found) and found[j].n == one.n))
        kept.append(sum(w for alike, w in zip(meant, weights, strict=True) if alike & near) / total)
    return np.array(kept, np.float32)


def _meant(word: str, known: Mapping[str, int]) -> set[str]:
    """The word itself, or those in the sources that it may be a misspelling or another form of."""
    if word in known or len(word) < 4:
        return {word}
    return set(difflib.get_close_matches(word, [other for other in known if other[0] == word[0]], n=2, cutoff=0.8))
