"""The documents of a generation, as a list."""

from __future__ import annotations

from typing import NamedTuple

from rag.index.chunks import Chunks


class Listed(NamedTuple):
    """A document: its chunks are the rows from `first` on; `characters` reaches to the end of its last chunk."""

    source: str
    doc_type: str
    title: str
    first: int
    chunks: int
    characters: int


def contents(chunks: Chunks) -> list[Listed]:
    """Every document of a generation in the order of its source. Two chunks of each are read."""
    listed = []
    for first, end in chunks.spans():
        opening = chunks[first]
        last = chunks[end - 1] if end - first > 1 else opening
        listed.append(Listed(opening.source, opening.doc_type, opening.title, first, end - first, last.end))
    return listed
