"""Sorted words on disk, searched where they lie: a million of them open in no time and take no memory until they are read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

_LETTERS, _STARTS = "letters.npy", "words.npy"


def build_vocabulary(folder: Path, words: Iterable[str]) -> None:
    """Write different words, which come sorted and hold no line break, into an existing folder."""
    written = [word.encode("utf-8", "surrogatepass") + b"\n" for word in words]
    starts = np.concatenate([[0], np.cumsum([len(word) for word in written])]).astype(np.int64)
    letters = np.frombuffer(b"".join(written), np.uint8)
    np.save(folder / _LETTERS, letters, allow_pickle=False)
    np.save(folder / _STARTS, starts, allow_pickle=False)


class Vocabulary:
    """Opened words, numbered in their order."""

    def __init__(self, folder: Path) -> None:
        self._letters, self._starts = (
            np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False)) for name in (_LETTERS, _STARTS)
        )
        self.find = lru_cache(maxsize=4096)(self._find)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __contains__(self, word: str) -> bool:
        return self.find(word) is not None

    def between(self, first: int, last: int) -> list[str]:
        """The words numbered from `first` to before `last`."""
        if first >= last:
            return []
        return self._read(self._starts[first], self._starts[last] - 1).decode("utf-8", "surrogatepass").split("\n")

    def beginning(self, letter: str) -> list[str]:
        """The words that begin with this one character."""
        after = chr(ord(letter) + 1)
        return self.between(
            self._place(letter.encode("utf-8", "surrogatepass")), self._place(after.encode("utf-8", "surrogatepass"))
        )

    def _find(self, word: str) -> int | None:
        """The word's number, or None."""
        wanted = word.encode("utf-8", "surrogatepass")
        at = self._place(wanted)
        return at if at < len(self) and self._read(self._starts[at], self._starts[at + 1] - 1) == wanted else None

    def _place(self, wanted: bytes) -> int:
        """How many words come before this one: the order of UTF-8 is that of the characters."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._read(self._starts[middle], self._starts[middle + 1] - 1) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _read(self, start: int, end: int) -> bytes:
        return self._letters[start:end].tobytes()
