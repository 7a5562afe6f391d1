"""Text -> the word pieces of the embedding model's own tokenizer; no model is loaded for that."""

from __future__ import annotations

import itertools
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_LONGEST_WORD = 100  # BERT's tokenizer turns a longer word into one [UNK]: the model would not see it
_LONG_WORD = re.compile(rf"\w{{{_LONGEST_WORD}}}(?=\w)")


class WordPieces:
    """The tokenizer in a model's folder, read at its first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer: Tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Each piece as (start, end), special tokens left out."""
        pieces: list[tuple[int, int]] = []
        for start, part in _visible_parts(text):
            offsets = self._tokenizer.encode(part, add_special_tokens=False).offsets
            pieces += [(start + a, start + b) for a, b in offsets] if start else offsets
        return pieces

    def ids(self, text: str) -> list[int]:
        """Each piece's number in the vocabulary, special tokens left out."""
        ids: list[int] = self._tokenizer.encode(visible(text), add_special_tokens=False).ids
        return ids

    def framed(self, ids: list[int], window: int) -> list[int]:
        """`ids` as the model reads them: no more than fit its window, between the tokens that begin and end a text."""
        frame: list[int] = self._tokenizer.encode("").ids
        return [*frame[:1], *ids[: window - len(frame)], *frame[1:]]

    @cached_property
    def common_words(self) -> frozenset[str]:
        """The lower-case words that are one piece."""
        return frozenset(piece for piece in self._tokenizer.get_vocab() if piece.isalpha() and piece.islower())


def visible(text: str) -> str:
    """The text with blanks where a word is too long for the tokenizer."""
    return " ".join(part for _, part in _visible_parts(text))


def _visible_parts(text: str) -> list[tuple[int, str]]:
    """The text, cut where a word is too long for the tokenizer, with each part's offset."""
    edges = [0, *(match.end() for match in _LONG_WORD.finditer(text)), len(text)]
    return [(start, text[start:end]) for start, end in itertools.pairwise(edges)]
