"""What is made of the chunks' texts alone, and so can be made while the model is at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from threading import Event

from rag.index.embed import Embedder
from rag.index.generation import LEXICAL, TOKENS, WORDS
from rag.index.lexical import build_lexical
from rag.index.spelling import build_words
from rag.index.tokens import count_pieces
from rag.schema import Chunk


class Stopped(Exception):
    """Nobody wants the result any more."""


def build_texts(folder: Path, chunks: Sequence[Chunk], embedder: Embedder, store_needs: str, stopped: Event) -> float:
    """Write BM25, the words and in how many chunks each word piece stands; import what the store will need.

    Returns the share of the word pieces that lie beyond the model's window. Raises Stopped soon after `stopped` is set.
    """

    def texts() -> Iterator[str]:
        for chunk in chunks:
            if stopped.is_set():
                raise Stopped
            yield chunk.text

    every = beyond = 0

    def piece_ids() -> Iterator[list[int]]:
        nonlocal every, beyond
        for text in texts():
            ids = embedder.piece_ids(text)
            every += len(ids) + 2  # the model reads a token before the text and one after it
            beyond += max(0, len(ids) + 2 - embedder.window)
            yield ids

    if store_needs:
        import_module(store_needs)
    build_lexical(folder / LEXICAL, texts())
    build_words(folder / WORDS, texts())
    count_pieces(folder / TOKENS, piece_ids())
    return beyond / max(1, every)
