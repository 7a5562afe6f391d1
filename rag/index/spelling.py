"""Words of a question that nobody knows, put right by the words that the index holds.

A word counts as known when the index holds it or when the embedding model has it as one piece, which is a list of some
twenty thousand common words at no cost: so a question in other words than the documents' is left as it was asked.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019](?!s\b)[^\W\d_]+)*")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er")
_SHORTEST = 4  # a shorter word has too many neighbours
_LONG = 6  # from here on two mistakes are put right, below it one


def build_words(path: Path, texts: Sequence[str]) -> None:
    """Write how often each word stands in the texts."""
    counts = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    path.write_text(json.dumps(dict(sorted(counts.items())), ensure_ascii=False), "utf-8")


class Spelling:
    """The words of one index."""

    def __init__(self, path: Path) -> None:
        self._path = path
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

    @cached_property
    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self._path.read_text("utf-8"))
        return counts

    def _known(self, word: str, common: frozenset[str]) -> bool:
        stems = [word.removesuffix(ending) for ending in _ENDINGS]
        return len(word) < _SHORTEST or any(stem in self._counts or stem in common for stem in [word, *stems])

    def _search(self, word: str, common: frozenset[str]) -> str | None:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        most = 1 if len(word) < _LONG else 2
        near: list[tuple[int, bool, bool, int, str]] = []
        for words in (self._counts.keys(), common):
            ours = words is not common
            found = process.extract(word, words, scorer=OSA.distance, score_cutoff=most, limit=None)
            near += [
                # Fewest mistakes first; a slip seldom changes the first letter; then the index's own and frequent words.
                (int(distance), other[0] != word[0], not ours, -self._counts.get(other, 0), other)
                for other, distance, _ in found
                if len(other) >= _SHORTEST
            ]
        return min(near)[-1] if near else None
