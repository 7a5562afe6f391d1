"""Vector stores: build one from vectors, open it, ask it. One row in STORES per kind.

Raw distances exist in the stores' own files only. What leaves them is a score: the cosine, cut off below 0, so in [0, 1] and
higher is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from rag.index.chroma_store import ChromaStore, build_chroma
from rag.index.embed import Vectors
from rag.index.faiss_store import FaissStore, build_faiss
from rag.index.nearest import Found, Held
from rag.index.row_file import Rows
from rag.schema import Chunk, SettingsError


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the index a search may look at: the filter as values, and the rows it leaves, ascending."""

    doc_type: str | None
    sources: tuple[str, ...]
    rows: Rows


class Store(Protocol):
    """An opened vector store."""

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> Found:
        """The `k` rows nearest to the unit `vector` within `scope`, with their scores, best first."""


class StoreKind(NamedTuple):
    """How one kind of store is built in an empty folder, and opened again with the vectors it was built from.

    Neither to open nor to search may change a file: what was published is held against hashes.
    """

    build: Callable[[Path, Sequence[Chunk], Vectors], None]
    open: Callable[[Path, Held], Store]
    needs: str = ""
    """A module that takes long to import, to be imported ahead of `build`."""


STORES: dict[str, StoreKind] = {
    "chroma": StoreKind(build_chroma, ChromaStore, needs="chromadb.api.rust"),
    "faiss": StoreKind(build_faiss, FaissStore, needs="faiss"),
}


def store_kind(name: str) -> StoreKind:
    """The row of STORES. Raises SettingsError for a name that is not in the table."""
    if name not in STORES:
        raise SettingsError(f"The store {name} is not known; choose one of {', '.join(STORES)}.")
    return STORES[name]
