"""Which sentence answers: what each shares with the question in words and in meaning, and what surrounds it.

The weights are fitted (`python -m benchmarks.quoting --fit`) so that scores are logarithms of odds: a sentence whose score is 3
lower than another's is twenty times less likely to be the one that answers.
"""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rag.answering.answer_kinds import Asked
from rag.answering.condense import as_asked
from rag.answering.meeting import Meet
from rag.answering.quotable import Quotable
from rag.index.embed import Vectors
from rag.index.lexical import query_words, words

FEATURES = ("words", "kind", "asks", "source", "met", "meaning")
WEIGHTS = np.array([4.0, 2.0, -1.75, 12.3, 6.0, 7.5], np.float32)

READ = 12
"""Sentences read by themselves for their meaning; more changed nothing."""


def scores(
    question: str,
    found: Sequence[Quotable],
    sources: Sequence[str],
    embed: Callable[[Sequence[str]], Vectors],
    meet: Meet,
) -> Vectors:
    """A score for each of `found`; -inf for those that could not win and were not read."""
    table, read = features(question, found, sources, embed, meet)
    result = np.full(len(found), -np.inf, np.float32)
    result[read] = table[read] @ WEIGHTS
    return result


def features(
    question: str,
    found: Sequence[Quotable],
    sources: Sequence[str],
    embed: Callable[[Sequence[str]], Vectors],
    meet: Meet,
    most: int = READ,
) -> tuple[Vectors, np.ndarray]:
    """Shape (len(found), len(FEATURES)), and the places of those that were read for their meaning, at most `most`."""
    table = np.zeros((len(found), len(FEATURES)), np.float32)
    # What condensing wrote behind a follow-up says which source is meant; what of it is asked, the follow-up itself.
    whole_question, question = question, as_asked(question)
    whole, *itself = meet(list(dict.fromkeys((whole_question, question))), sources)
    meeting = itself[0] if itself else whole
    asked = Asked(question)
    table[:, 0] = _words(question, found)
    table[:, 1] = [asked.held(one.text) for one in found]
    table[:, 2] = [one.text.rstrip("*_\"”' ").endswith("?") for one in found]
    for i, one in enumerate(found):
        met, meant = meeting.texts[one.n - 1], whole.texts[one.n - 1]
        if not met.cosines.size:
            continue
        table[i, 3] = np.clip(meant.cosines.max(axis=0), 0, 1) @ whole.weights
        within = [piece for piece, (start, end) in enumerate(met.spans) if start < one.end and end > one.start]
        if within:
            table[i, 4] = np.clip(met.cosines[within].max(axis=0), 0, 1) @ meeting.weights
    # Meaning costs a pass of the model: only what may still win is read.
    read = np.argsort(-(table @ WEIGHTS), kind="stable")[:most]
    vectors = embed([f"{found[i].about}: {found[i].text}" for i in read])
    table[read, 5] = vectors @ meeting.vector
    return table, read


def _words(question: str, found: Sequence[Quotable]) -> list[float]:
    """Share of the question's words, rare ones counted more, in each sentence and its neighbours of the same source."""
    held = [set(words(one.text)) for one in found]
    frequency = Counter(word for text in held for word in text)
    meant = [_meant(word, frequency) for word in query_words(question)]
    weights = [math.log(1 + len(found) / (1 + max((frequency[word] for word in alike), default=0))) for alike in meant]
    total = sum(weights) or 1.0
    shares = []
    for i, one in enumerate(found):
        near = set().union(*(held[j] for j in (i - 1, i, i + 1) if 0 <= j < len(found) and found[j].n == one.n))
        shares.append(sum(w for alike, w in zip(meant, weights, strict=True) if alike & near) / total)
    return shares


def _meant(word: str, known: Mapping[str, int]) -> set[str]:
    """The word itself, or those in the sources that it may be a misspelling or another form of."""
    if word in known or len(word) < 4:
        return {word}
    return set(difflib.get_close_matches(word, [other for other in known if other[0] == word[0]], n=2, cutoff=0.8))
