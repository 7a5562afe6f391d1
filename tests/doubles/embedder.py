"""An embedder whose vectors can be checked by hand: how often each first letter opens a word, brought to length 1."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rag.index.embed import Pieces, Vectors

_PIECE = re.compile(r"\w{1,6}|[^\w\s]")
_WORD = re.compile(r"[^\W_]+")


class LetterEmbedder:
    """27 dimensions: a to z, and one for words that begin otherwise. "Apple avocado bee" is (2, 1, 0, ...) / sqrt(5).

    A word piece is up to six letters of a word, or one mark. `embedded` keeps every text that was embedded;
    set `fail_after` to let `embed` raise RuntimeError once that many texts are through.
    """

    dim = 27
    precision = "float32"
    common_words = frozenset({"what", "where", "when", "costs"})

    def __init__(self, name: str = "letters", window: int = 64) -> None:
        self.name = name
        self.window = window
        self.embedded: list[str] = []
        self.fail_after: int | None = None

    @property
    def identity(self) -> str:
        return f"{self.name}@1"

    def word_pieces(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _PIECE.finditer(text)]

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.fail_after is not None and len(self.embedded) + len(texts) > self.fail_after:
            raise RuntimeError("the embedder was told to fail")
        self.embedded += texts
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in _WORD.findall(text.lower()):
                vectors[row, ord(word[0]) - ord("a") if "a" <= word[0] <= "z" else 26] += 1
            if not vectors[row].any():
                vectors[row, 26] = 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def piece_ids(self, text: str) -> list[int]:
        return [_letter(text[start:end]) for start, end in self.word_pieces(text)]

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        ids = [self.piece_ids(text) for text in texts]
        return self.embed(texts), [Pieces(pieces, np.eye(self.dim, dtype=np.float32)[pieces]) for pieces in ids]

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        return self.embed_pieces(texts)


def _letter(piece: str) -> int:
    first = piece[0].lower()
    return ord(first) - ord("a") if "a" <= first <= "z" else 26
