"""Words of a question that nobody knows, put right by the words that the index holds.

A word counts as known when the index holds it or when the embedding model has it as one piece, which is a list of some
twenty thousand common words at no cost: so a question in other words than the documents' is left as it was asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from rag.index.vocabulary import Vocabulary, build_vocabulary

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019](?!s\b)[^\W\d_]+)*")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er")
_SHORTEST = 4  # a shorter word has too many neighbours
_COUNTS = "counts.npy"
_LONG = 6  # from here on two mistakes are put right, below it one


def build_words(folder: Path, texts: Iterable[str]) -> None:
    """Write how often each word stands in the texts."""
    counts = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    ordered = sorted(counts)
    folder.mkdir(parents=True)
    build_vocabulary(folder, ordered)
    np.save(folder / _COUNTS, np.array([counts[word] for word in ordered], np.int64), allow_pickle=False)


class Spelling:
    """The words of one index."""

    def __init__(self, folder: Path) -> None:
        self._words = Vocabulary(folder)
        self._counts = np.asarray(np.load(folder / _COUNTS, mmap_mode="r", allow_pickle=False))
        self._nearest = lru_cache(maxsize=4096)(self._search)

    def corrected(self, text: str, common: frozenset[str]) -> str:
        """`text` with each unknown word replaced by the nearest known one, where one is near enough.

        `common` are words that are right whether or not the index holds them. A name, which a capital within a sentence
        shows, is only ever taken for a word of the index.
        """

        def replace(match: re.Match[str]) -> str:
            word = match[0]
            if self._known(word.lower(), common):
                return word
            name = word[0].isupper() and text[: match.start()].rstrip(" \"'(\u201c\u2018")[-1:] not in ("", *".?!:")
            nearest = self._nearest(word.lower(), frozenset() if name else common)
            if nearest is None:
                return word
            return nearest.capitalize() if word[0].isupper() else nearest

        return _WORD.sub(replace, text)

    def _known(self, word: str, common: frozenset[str]) -> bool:
        stems = [word.removesuffix(ending) for ending in _ENDINGS]
        return len(word) < _SHORTEST or any(
            stem in common or stem in self._words for stem in dict.fromkeys([word, *stems])
        )

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        """Read when the first word is to be put right: only words of about its length can be a mistake or two away."""
        by_length: dict[int, list[str]] = {}
        for word in self._words.between(0, len(self._words)):
            if len(word) >= _SHORTEST:
                by_length.setdefault(len(word), []).append(word)
        return by_length

    def _search(self, word: str, common: frozenset[str]) -> str | None:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        most = 1 if len(word) < _LONG else 2
        lengths = range(max(_SHORTEST, len(word) - most), len(word) + most + 1)
        near: list[tuple[int, bool, bool, int, str]] = []
        for ours, words in ((True, [self._by_length.get(length, []) for length in lengths]), (False, [common])):
            for some in words:
                found = process.extract(word, some, scorer=OSA.distance, score_cutoff=most, limit=None)
                near += [
                    # Fewest mistakes first; a slip seldom changes the first letter; then the index's own and frequent words.
                    (int(distance), other[0] != word[0], not ours, -self._count(other), other)
                    for other, distance, _ in found
                    if len(other) >= _SHORTEST
                ]
        return min(near)[-1] if near else None

    def _count(self, word: str) -> int:
        number = self._words.find(word)
        return 0 if number is None else int(self._counts[number])
