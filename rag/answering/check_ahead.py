"""An answer's sentences, read and judged while the next ones are still to come, so that little is left to do at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ClassVar, Self

import numpy as np

from rag.answering.meeting import Texts
from rag.answering.support import Evidence
from rag.documents.sentences import sentences
from rag.index.embed import Embedder, Pieces, Vectors
from rag.index.open import OpenIndex
from rag.retrieval.context import Section

_CHECKER = ThreadPoolExecutor(1, "checking ahead")
"""One for all answers: what it does not get to is judged at the answer's end."""

_BEGINS = re.compile(
    r"[.!?\u2026][^\s.!?\u2026]*\s+\S|\n[^\S\n]*\S|[\u3002\uff01\uff1f]"
)  # with this a sentence may have ended
_MARK = (
    12  # characters that a sentence's end and its numbers take, at most, if it is to be seen before the next one ends
)
_FEW = 2  # sentences that are not worth the other processors, which other visitors may have work for


class CheckAhead:
    """`with` ends it. To be fed on one loop, with what was found for the question; `evidence` is for when nothing more is fed.

    While any is searching, none begins to judge: who waits for a first word comes before who reads on.
    """

    _searching: ClassVar[set[CheckAhead]] = set()

    def __init__(self, embedder: Embedder, index: OpenIndex, question: str) -> None:
        self._embedder = embedder
        self._index = index
        self._question = question
        self._evidence: Evidence | None = None
        self._known: dict[str, tuple[Vectors, Pieces]] = {}
        self._begun: list[Future[None]] = []
        self._ended, self._order = "", tuple[int, ...]()  # the sentences that are whole, and whom their numbers name
        self._at = 0  # where the sentence begins that is still to end
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def searching(self) -> None:
        """The question is searched for from now on."""
        self._searching.add(self)

    def searched(self) -> None:
        self._searching.discard(self)

    def __exit__(self, *exception: object) -> None:
        self.searched()
        for begun in self._begun:
            begun.cancel()

    def feed(self, text: str, order: Sequence[int], found: Sequence[Section]) -> None:
        """`text` is the answer so far; its `[n]` stands for source `order[n - 1]` of those found."""
        looked, self._seen = max(self._at, self._seen - _MARK), len(text)
        if not _BEGINS.search(text, looked):
            return
        *ended, last = sentences(text[self._at :]) or [(0, 0)]
        self._at += last[0]
        if ended:
            self._ended, self._order = text[: self._at], tuple(order)
            self._evidence = self._evidence or self._of(found)
        if ended and not self._searching:
            self._begun.append(_CHECKER.submit(self._judge))

    def evidence(self, found: Sequence[Section]) -> Evidence:
        """Against which the whole answer is to be held; what was judged already is not judged again."""
        for begun in self._begun:
            if not begun.cancel():
                begun.exception()  # waits; what went wrong will go wrong again, where it is seen
        return self._evidence or self._of(found)

    def _of(self, found: Sequence[Section]) -> Evidence:
        texts = Texts(
            [item.chunk.text for section in found for item in section.chunks], self._embedder, lambda: self._index
        )
        return Evidence(found, self._question, partial(texts.meet, read=self._read))

    def _judge(self) -> None:
        """All that is whole by now, also what ended since this was begun."""
        if self._evidence:
            self._evidence.judge(self._ended, dict(enumerate(self._order, 1)))

    def _read(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        """As the embedder's `embed_many`, each text once."""
        left = [text for text in dict.fromkeys(texts) if text not in self._known]
        embed = self._embedder.embed_pieces if len(left) <= _FEW else self._embedder.embed_many
        self._known |= zip(left, zip(*embed(left), strict=True), strict=True)
        vectors = [self._known[text][0] for text in texts]
        return np.stack(vectors) if vectors else embed([])[0], [self._known[text][1] for text in texts]
