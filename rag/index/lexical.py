"""BM25 over the chunks' words, for names, codes and numbers that a small embedding model blurs."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from bm25s import BM25

_WORD = re.compile(r"[^\W_]+(?:[.,'\u2019/&-][^\W_]+)*")
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
    for match in _WORD.finditer(text.lower()):
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


def build_lexical(folder: Path, texts: Sequence[str]) -> None:
    """Write the BM25 index of `texts`, row by row, into an empty folder."""
    from bm25s import BM25

    folder.mkdir(parents=True)
    bm25 = BM25(k1=1.2, b=0.75, dtype="float32")
    # A text of marks alone gets one word that no question has: an empty vocabulary cannot be saved.
    bm25.index([words(text) or ["\u0000"] for text in texts], show_progress=False)
    bm25.save(folder, show_progress=False)


class Lexical:
    """An opened BM25 index, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        from bm25s import BM25

        self._bm25: BM25 = BM25.load(folder, mmap=True)
        self._rows = int(self._bm25.scores["num_docs"])

    def scores(self, question: str) -> npt.NDArray[np.float32]:
        """BM25 of every row against the question's words, as a share in [0, 1] of the sum of the words' weights."""
        wanted = query_words(question)
        known = [word for word in wanted if word in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self._rows, np.float32)
        ideal = sum(self.rarity(word) for word in wanted)
        return np.asarray(np.clip(self._bm25.get_scores(known) / ideal, 0.0, 1.0), np.float32)

    def holds(self, word: str) -> bool:
        """Whether some row holds just this word."""
        return word in self._bm25.vocab_dict

    def knows(self, word: str) -> bool:
        """Whether the index holds the word, or one that it may be a misspelling of."""
        if word in self._bm25.vocab_dict:
            return True
        alike = [
            other for length in range(len(word) - 2, len(word) + 3) for other in self._alike.get((word[:1], length), ())
        ]
        return bool(difflib.get_close_matches(word, alike, n=1, cutoff=0.8))

    @cached_property
    def _alike(self) -> dict[tuple[str, int], list[str]]:
        """The vocabulary by first letter and length: a misspelling seldom changes the first."""
        alike: dict[tuple[str, int], list[str]] = {}
        for word in self._bm25.vocab_dict:
            if len(word) > 3:
                alike.setdefault((word[0], len(word)), []).append(word)
        return alike

    def rarity(self, word: str) -> float:
        """How much a word tells: the logarithm of the share of chunks without it, highest for one that none holds."""
        at = self._bm25.vocab_dict.get(word)
        starts = self._bm25.scores["indptr"]
        holding = 0 if at is None else int(starts[at + 1] - starts[at])
        return math.log(1 + self._rows / (1 + holding))
