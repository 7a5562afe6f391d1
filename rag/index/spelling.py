"""Words of a question that nobody knows, put right by the words that the index holds.

A word counts as known when the index holds it, when the embedding model has it as one piece, which is a list of some twenty
thousand common words at no cost, or when it is in pyspellchecker's list of English: so a question in other words than the
documents' is left as it was asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.index.vocabulary import Vocabulary, build_vocabulary

if TYPE_CHECKING:
    from spellchecker import SpellChecker

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019](?!s\b)[^\W\d_]+)*")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er")
_SHORTEST = 4  # a shorter word has too many neighbours
_SHORTEST_PART = 3  # of a word that the documents write as two
_COUNTS = "counts.npy"
_LONG = 6  # from here on two mistakes are put right, below it one


def build_words(folder: Path, texts: Iterable[str]) -> None:
    """Write how often each word stands in the texts; what is written with a hyphen also as a whole, so that "wifi" finds it."""
    counts = Counter(
        word.lower() for text in texts for pattern in (_WORD, _HYPHENATED) for word in pattern.findall(text)
    )
    ordered = sorted(counts)
    folder.mkdir(parents=True)
    build_vocabulary(folder, ordered)
    np.save(folder / _COUNTS, np.array([counts[word] for word in ordered], np.int64), allow_pickle=False)


class _Near(NamedTuple):
    """A word that may have been meant. The least is the likeliest."""

    mistakes: int
    starts_otherwise: bool
    """A slip seldom changes the first letter."""
    foreign: bool
    """The index does not hold it."""
    rarity: int
    word: str


class Spelling:
    """The words of one index."""

    def __init__(self, folder: Path) -> None:
        self._words = Vocabulary(folder)
        self._counts = np.asarray(np.load(folder / _COUNTS, mmap_mode="r", allow_pickle=False))
        self._nearest = lru_cache(maxsize=4096)(self._search)

    def corrected(self, text: str, common: frozenset[str]) -> str:
        """`text` with each unknown word replaced by the nearest known one, where one is near enough.

        `common` are words that are right whether or not the index holds them. A name, which a capital within a sentence
        shows, is only ever taken for a word of the index that is one mistake away: another name is another person.
        """

        def replace(match: re.Match[str]) -> str:
            word = match[0]
            if self._known(word.lower(), common):
                return word
            name = word[0].isupper() and text[: match.start()].rstrip(" \"'(\u201c\u2018")[-1:] not in ("", *".?!:")
            meant = self._nearest(word.lower(), frozenset() if name else common, name)
            if meant is None:
                return word
            return meant.capitalize() if word[0].isupper() else meant

        text = self._joined(text)
        return _WORD.sub(replace, text)

    def _joined(self, text: str) -> str:
        """Two words as one where the index only knows them so: "key card" as "keycard"."""
        for first, second in reversed([*pairwise(_WORD.finditer(text))]):
            parts = [first[0].lower(), second[0].lower()]
            apart = text[first.end() : second.start()] == " " and all(part in self._words for part in parts)
            if text[first.end() : second.start()] == " " and not apart and "".join(parts) in self._words:
                text = text[: first.end()] + text[second.start() :]
        return text

    def _known(self, word: str, common: frozenset[str]) -> bool:
        stems = dict.fromkeys([word, *(word.removesuffix(ending) for ending in _ENDINGS)])
        return (
            len(word) < _SHORTEST
            or any(stem in common or stem in self._words for stem in stems)
            or word.replace("\u2019", "'") in _english()
        )

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        """Read when the first word is to be put right: only words of about its length can be a mistake or two away."""
        by_length: dict[int, list[str]] = {}
        for word in self._words.between(0, len(self._words)):
            if len(word) >= _SHORTEST:
                by_length.setdefault(len(word), []).append(word)
        return by_length

    def _search(self, word: str, common: frozenset[str], name: bool) -> str | None:
        near = min(self._near(word, common, 1 if name or len(word) < _LONG else 2), default=None)
        if name or (near is not None and near.mistakes == 1):
            return near.word if near else None
        return self._split(word) or (near.word if near else None)

    def _near(self, word: str, common: frozenset[str], most: int) -> list[_Near]:
        """The index's words at most so many mistakes away, and common ones that begin alike and are one mistake away.

        Another first letter counts as a mistake more.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        lengths = range(max(_SHORTEST, len(word) - most), len(word) + most + 1)
        asked = [(self._by_length.get(length, []), most, False) for length in lengths]
        asked.append(([other for other in common if other[0] == word[0] and len(other) >= _SHORTEST], 1, True))
        return [
            _Near(int(distance), other[0] != word[0], foreign, -self._count(other), other)
            for some, within, foreign in asked
            for other, distance, _ in process.extract(word, some, scorer=OSA.distance, score_cutoff=within, limit=None)
        ]

    def _split(self, word: str) -> str | None:
        """The word as two that the index holds, the rarer of them as frequent as can be: "lifejacket" as "life jacket"."""
        ways = [(word[:at], word[at:]) for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        least, both = max(((min(map(self._count, way)), " ".join(way)) for way in ways), default=(0, ""))
        return both if least else None

    def _count(self, word: str) -> int:
        number = self._words.find(word)
        return 0 if number is None else int(self._counts[number])


@cache
def _english() -> SpellChecker:
    """Read when a question first holds a word that neither the index nor the model knows: it takes a tenth of a second."""
    from spellchecker import SpellChecker

    return SpellChecker()
