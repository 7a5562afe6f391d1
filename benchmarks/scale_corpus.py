"""A made-up knowledge base of any size, the same for the same size: what a search must go through, without a model's hours.

Words are as unequal as people's, each document has its own name and numbers, vectors gather by topic and document, and each
word piece has its vector. Everything is made block by block, so a million chunks take no more memory than a thousand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt

from rag.index.embed import Pieces, Vectors
from rag.index.tokens import DIMS, Packed
from rag.schema import Chunk

DIM = 384
DOC_TYPES = tuple(f"kind{n}" for n in range(10))
PER_DOCUMENT = 20
_LONG = 60  # words a chunk
_PIECES = 40  # word pieces a chunk: fewer than in real chunks, so that a million take 5 GB and not 20
_BLOCK = 100 * PER_DOCUMENT
_COMMON, _KNOWN, _TABLE = 20_000, 60_000, 30_000
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "or", "is")]


def _word(number: int) -> str:
    word = ""
    number += len(_SYLLABLES)
    while number:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


class Block(NamedTuple):
    """Some chunks that follow each other, their vectors, and the numbers of their word pieces, (chunks, _PIECES)."""

    chunks: list[Chunk]
    vectors: Vectors
    pieces: npt.NDArray[np.int64]


class Corpus:
    """`count` chunks, in documents of 20."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.packed = _PackedPieces(self)
        self.block = lru_cache(maxsize=2)(self._block)

    def blocks(self) -> Iterator[Block]:
        return map(self.block, range(-(-self.count // _BLOCK)))

    @cached_property
    def words(self) -> npt.NDArray[np.object_]:
        return np.array([_word(number) for number in range(_KNOWN)], dtype=object)

    @cached_property
    def chances(self) -> npt.NDArray[np.float64]:
        """How far down the list of words one gets with each chance: the n-th word comes 1 / n as often as the first."""
        return np.cumsum(1 / (np.arange(_KNOWN) + 3.0)) / np.sum(1 / (np.arange(_KNOWN) + 3.0))

    @cached_property
    def piece_of(self) -> npt.NDArray[np.int64]:
        return np.array([_piece(word) for word in self.words])

    @cached_property
    def topics(self) -> Vectors:
        many = max(20, self.count // 500)
        return np.asarray(np.random.default_rng(1).normal(size=(many, DIM)), np.float32)

    def _block(self, number: int) -> Block:
        random = np.random.default_rng([2, self.count, number])
        rows = np.arange(number * _BLOCK, min(self.count, (number + 1) * _BLOCK))
        document = rows // PER_DOCUMENT
        numbers = np.searchsorted(self.chances, random.random((len(rows), _LONG))).clip(max=_KNOWN - 1)
        first, last = int(document[0]), int(document[-1]) + 1
        documents = max(1, -(-self.count // PER_DOCUMENT))
        # Topics follow the folders, as they do where people file things, but for one document in five.
        near = (np.arange(first, last) * len(self.topics) // documents + random.integers(-3, 4, last - first)) % len(
            self.topics
        )
        topic = np.where(random.random(last - first) < 0.2, random.integers(0, len(self.topics), last - first), near)
        own = random.normal(size=(last - first, DIM)).astype(np.float32)
        around = (0.8 * self.topics[topic] + 0.5 * own)[document - first]
        vectors = around + 0.7 * random.standard_normal((len(rows), DIM), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        amounts = random.integers(1000, 100_000, len(rows))
        words = self.words[numbers]
        chunks = [
            self._chunk(int(row), words[n].tolist(), int(amounts[n]), int(document[n] * len(DOC_TYPES) // documents))
            for n, row in enumerate(rows)
        ]
        return Block(chunks, vectors, self.piece_of[numbers[:, :_PIECES]])

    def _chunk(self, row: int, words: list[str], amount: int, kind: int) -> Chunk:
        document, place = divmod(row, PER_DOCUMENT)
        name = self.name(document)
        body = f"{name} {' '.join(words)} {amount}."
        start = place * 1000
        source = f"{DOC_TYPES[kind]}/{document:07}.md"
        return Chunk(f"{row:020}", body, source, DOC_TYPES[kind], name, f"Part {place}", start, start + len(body))

    def name(self, document: int) -> str:
        """A word of its own for every document."""
        return _word(_KNOWN + document).capitalize()


class _PackedPieces(Sequence[Packed]):
    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._scales = np.full(_PIECES, 1 / 127, np.float32)

    def __len__(self) -> int:
        return self._corpus.count

    @overload
    def __getitem__(self, row: int) -> Packed: ...
    @overload
    def __getitem__(self, row: slice) -> list[Packed]: ...
    def __getitem__(self, row: int | slice) -> Packed | list[Packed]:
        if isinstance(row, slice):
            return [self[n] for n in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        return Packed(_table()[self._corpus.block(row // _BLOCK).pieces[row % _BLOCK]], self._scales)


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.int8]:
    """A vector for each word piece, of length 127."""
    table = np.random.default_rng(3).normal(size=(_TABLE, DIMS))
    return np.asarray(np.round(127 * table / np.linalg.norm(table, axis=1, keepdims=True)), np.int8)


def _piece(word: str) -> int:
    return zlib.crc32(word.lower().encode()) % _TABLE


class Asked(NamedTuple):
    """A question and its vector."""

    text: str
    vector: Vectors


def questions(corpus: Corpus, count: int) -> list[Asked]:
    """Each takes words of some chunk, every third its document's name, every tenth with a slip; its vector lies near the chunk's."""
    random = np.random.default_rng([4, corpus.count])
    asked = []
    for n, row in enumerate(random.integers(0, corpus.count, count)):
        block = corpus.block(int(row) // _BLOCK)
        chunk, vector = block.chunks[row % _BLOCK], block.vectors[row % _BLOCK]
        words = [str(word) for word in random.choice(chunk.text.split()[1:-1], 7, replace=False)]
        if n % 3 == 0:
            words.append(chunk.title)
        if n % 10 == 0:
            long = max(words, key=len)
            words[words.index(long)] = long[:2] + long[3:]
        near = vector + 0.03 * random.standard_normal(DIM, np.float32)
        asked.append(Asked(" ".join(words), np.asarray(near / np.linalg.norm(near), np.float32)))
    return asked


class TableEmbedder:
    """Takes what is asked next from `vector`, and each word for one piece: what embedding costs is not measured here."""

    name, dim, window, precision = "table", DIM, 256, "float32"
    identity = "table@1"

    def __init__(self, corpus: Corpus) -> None:
        self.vector = np.zeros(DIM, np.float32)
        self.common_words = frozenset(corpus.words[:_COMMON].tolist())

    def word_pieces(self, text: str) -> list[tuple[int, int]]:
        ends = np.cumsum([len(word) + 1 for word in text.split(" ")]) - 1
        return [(int(end) - len(word), int(end)) for word, end in zip(text.split(" "), ends, strict=True)]

    def piece_ids(self, text: str) -> list[int]:
        return [_piece(word) for word in text.split()]

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.tile(self.vector, (len(texts), 1))

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        return self.embed(texts), [self._pieces(self.piece_ids(text)) for text in texts]

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        return self.embed_pieces(texts)

    def _pieces(self, ids: list[int]) -> Pieces:
        vectors = np.zeros((len(ids), DIM), np.float32)
        vectors[:, :DIMS] = _table()[ids] / 127
        return Pieces(ids, vectors)


PROJECTION: Vectors = np.eye(DIM, DIMS, dtype=np.float32)
"""The word pieces' vectors have as many directions as are stored."""
