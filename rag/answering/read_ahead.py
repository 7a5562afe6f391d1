"""An answer's sentences, read by the model while the next ones are still to come, so that little is left to do at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

import numpy as np

from rag.answering.support import bare
from rag.documents.sentences import sentences
from rag.index.embed import Embedder, Pieces, Vectors

_READER = ThreadPoolExecutor(1, "reading ahead")
"""One for all answers: whoever is searching comes first, and what it does not get to is read at the answer's end."""

_BEGINS = re.compile(r"[.!?\u2026][^\s]*\s+\S|\n\s*\S|[\u3002\uff01\uff1f]")  # with this a sentence may have ended
_MARK = (
    12  # characters that a sentence's end and its numbers take, at most, if it is to be seen before the next one ends
)


class ReadAhead:
    """`with` ends it. To be fed on one loop; `read` is for when nothing more is fed."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._begun: dict[str, Future[tuple[Vectors, list[Pieces]]]] = {}
        self._at = 0  # where the sentence begins that is still to end
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for begun in self._begun.values():
            begun.cancel()

    def feed(self, text: str) -> None:
        """`text` is the answer so far."""
        looked, self._seen = max(self._at, self._seen - _MARK), len(text)
        if not _BEGINS.search(text, looked):
            return
        *ended, last = sentences(text[self._at :]) or [(0, 0)]
        for start, end in ended:
            said = bare(text[self._at + start : self._at + end])
            if said and said not in self._begun:
                self._begun[said] = _READER.submit(self._embedder.embed_many, [said])
        self._at += last[0]

    def read(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        """As the embedder's `embed_many`."""
        ahead = {text: begun for text in texts if (begun := self._begun.get(text)) and not begun.cancel()}
        left = [text for text in dict.fromkeys(texts) if text not in ahead]
        known = dict(zip(left, zip(*self._embedder.embed_many(left), strict=True), strict=True))
        for text, begun in ahead.items():
            (vector,), (pieces,) = begun.result()
            known[text] = (vector, pieces)
        vectors = [known[text][0] for text in texts]
        return np.stack(vectors) if vectors else self._embedder.embed_many([])[0], [known[text][1] for text in texts]
