"""BM25 over the chunks' words, for names, codes and numbers that a small embedding model blurs."""

from __future__ import annotations

import difflib
import math
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.index.npy_rows import memmap_written
from rag.index.vocabulary import Vocabulary, build_vocabulary

_K1, _B = 1.2, 0.75
_BLOCK = 20_000  # texts whose words are sorted at once
_ALIKE = 0.8
_FILES = ("scores.npy", "rows.npy", "starts.npy", "count.npy")
WORD = re.compile(r"[^\W_]+(?:[.,'\u2019/&-][^\W_]+)*")
"""A word as it stands in a text, compounds whole."""
_PART = re.compile(r"[^\W_]+")
# Words that carry the grammar of a question and not its subject.
STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of on "
    "or our shall should so than that the their them then there these they this those to was we were what when where "
    "which while who whom whose why will with would you your about any please tell much many".split()
)


def words(text: str) -> list[str]:
    """Lower-case words; a compound such as TF-C-0142 or 4.7.2 gives itself and its parts, and plurals their singular."""
    found: list[str] = []
    for match in WORD.finditer(text.lower()):
        whole = match[0].replace("\u2019", "'").removesuffix("'s")
        parts = _PART.findall(whole)
        if len(parts) > 1:
            # 1,460 and 1460 are one number to whoever asks.
            found.append(whole.replace(",", ""))
        found += [_singular(part) for part in parts]
    return found


def query_words(question: str) -> list[str]:
    """The words of a question that say what it is about, each once; all of them where nothing else is left."""
    every = list(dict.fromkeys(words(question)))
    return [word for word in every if word not in STOP_WORDS] or every


def _singular(word: str) -> str:
    if word in STOP_WORDS:  # "does" is no doe
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def build_lexical(folder: Path, texts: Iterable[str]) -> None:
    """Write the BM25 index of `texts`, row by row, into an empty folder: for each word, the rows that hold it and its score there.

    Reads the texts once. Takes four bytes of memory for each of their words, and what the different words take.
    """
    folder.mkdir(parents=True)
    numbers: dict[str, int] = {}
    every, counted = array("i"), array("i")
    for text in texts:
        found = words(text)
        every.extend([numbers.setdefault(word, len(numbers)) for word in found])
        counted.append(len(found))
    ordered = sorted(numbers)
    build_vocabulary(folder, ordered)
    place = np.zeros(len(ordered), np.int64)
    place[[numbers[word] for word in ordered]] = np.arange(len(ordered))
    ids, lengths = np.asarray(every), np.asarray(counted)
    holding = np.zeros(len(ordered), np.int64)
    for block in _blocks(ids, lengths, place):
        holding += np.bincount(block.words, minlength=len(ordered))
    starts = np.concatenate([[0], np.cumsum(holding)]).astype(np.int64)
    scores = memmap_written(folder / "scores.npy", np.float32, int(starts[-1]))
    rows = memmap_written(folder / "rows.npy", np.int32, int(starts[-1]))
    tells = np.log(1 + (len(lengths) - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    room = _K1 * ((1 - _B) + _B * lengths / max(1e-12, lengths.mean()))
    filled = starts[:-1].copy()
    for block in _blocks(ids, lengths, place):
        held = np.bincount(block.words, minlength=len(ordered))
        nth = np.arange(len(block.words)) - np.repeat(np.cumsum(held) - held, held)
        at = filled[block.words] + nth
        scores[at] = tells[block.words] * (block.times / (room[block.rows] + block.times))
        rows[at] = block.rows
        filled += held
    scores.flush()
    rows.flush()
    np.save(folder / "starts.npy", starts, allow_pickle=False)
    np.save(folder / "count.npy", len(lengths), allow_pickle=False)


class _Held(NamedTuple):
    """Which words some rows hold, ordered by word and then by row: word numbers, rows, and how often."""

    words: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    times: npt.NDArray[np.float32]


def _blocks(
    ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32], place: npt.NDArray[np.int64]
) -> Iterator[_Held]:
    begin = 0
    for first in range(0, len(lengths), _BLOCK):
        long = lengths[first : first + _BLOCK]
        end = begin + int(long.sum())
        pairs = place[ids[begin:end]] * _BLOCK + np.repeat(np.arange(len(long)), long)
        pairs, times = np.unique(pairs, return_counts=True)
        yield _Held(pairs // _BLOCK, pairs % _BLOCK + first, times.astype(np.float32))
        begin = end


class Lexical:
    """An opened BM25 index, memory-mapped: a question reads the rows of its own words and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._scores, self._holding, self._starts, count = (
            np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in _FILES
        )
        self._rows = int(count)
        self._words = Vocabulary(folder)
        self._alike = lru_cache(maxsize=64)(self._by_length)

    def scores(self, question: str, telling: Mapping[str, float] = MappingProxyType({})) -> npt.NDArray[np.float32]:
        """BM25 of every row against the question's words, as a share in [0, 1] of the sum of the words' weights.

        `telling`: how many times as much as its rarity says a word counts; 1 for those that it does not name.
        """
        wanted = query_words(question)
        found = np.zeros(self._rows, np.float32)
        most = 0.0
        for word in wanted:
            counts = telling.get(word, 1.0)
            most += counts * self.rarity(word)
            rows, scores = self.held(word)
            np.add.at(found, rows, np.float32(counts) * scores)
        if most:
            found /= np.float32(most)
        return np.clip(found, 0.0, 1.0, out=found)

    def held(self, word: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """The rows that hold the word, and its BM25 in each."""
        number = self._words.find(word)
        at = slice(0, 0) if number is None else slice(self._starts[number], self._starts[number + 1])
        return self._holding[at], self._scores[at]

    def holds(self, word: str) -> bool:
        """Whether some row holds just this word."""
        return word in self._words

    def knows(self, word: str) -> bool:
        """Whether the index holds the word, or one that it may be a misspelling of."""
        if word in self._words:
            return True
        if not word:
            return False
        from rapidfuzz import process
        from rapidfuzz.distance import Indel

        by_length = self._alike(word[0])
        alike = [other for length in range(len(word) - 2, len(word) + 3) for other in by_length.get(length, ())]
        # Never less than difflib's likeness, but for rounding, and a hundred times as fast: few words are left to compare in full.
        near = process.extract(word, alike, scorer=Indel.normalized_similarity, score_cutoff=_ALIKE - 0.01, limit=None)
        return bool(difflib.get_close_matches(word, [other for other, _, _ in near], n=1, cutoff=_ALIKE))

    def _by_length(self, letter: str) -> dict[int, list[str]]:
        """The words that begin with this letter, by length: a misspelling seldom changes the first."""
        alike: dict[int, list[str]] = {}
        for word in self._words.beginning(letter):
            if len(word) > 3:
                alike.setdefault(len(word), []).append(word)
        return alike

    def rarity(self, word: str) -> float:
        """How much a word tells: the logarithm of the share of chunks without it, highest for one that none holds."""
        number = self._words.find(word)
        holding = 0 if number is None else int(self._starts[number + 1] - self._starts[number])
        return math.log(1 + self._rows / (1 + holding))
