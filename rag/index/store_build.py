"""A generation's vector store: built, and checked before anybody relies on it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.index.embed import Vectors
from rag.index.generation import REBUILD, Recipe
from rag.index.store import store_kind
from rag.schema import Chunk, LodestarError, VectorIndexError

_SAMPLE = 16
_DISK = {os.strerror(number).lower(): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)}
_DISK |= {"database or disk is full": errno.ENOSPC, "disk i/o error": errno.EIO}  # SQLite's words


def build_store(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Build the store into the generation's folder. Raises OSError where the disk fails, otherwise VectorIndexError."""
    with _faults(recipe.store):
        store_kind(recipe.store).build(folder / recipe.store, chunks, vectors)


def check_store(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Raises VectorIndexError unless a sample of chunks, spread over the index, find themselves by their own vector."""
    with _faults(recipe.store):
        store = store_kind(recipe.store).open(folder / recipe.store, vectors)
        for row in range(0, len(chunks), max(1, len(chunks) // _SAMPLE)):
            found = store.search(vectors[row], 5)
            # A twin may stand in for it: the same text, or one that the model cannot tell from it.
            if not any(vectors[other] @ vectors[row] > 0.9999 for other, _ in found):
                raise VectorIndexError(
                    f"The new index did not find its own chunks and was not published; {REBUILD} --rebuild."
                )


@contextmanager
def _faults(store: str) -> Iterator[None]:
    """A store's library raises what it likes; what leaves here is an OSError or a LodestarError."""
    try:
        yield
    except (OSError, LodestarError):
        raise
    except BaseException as error:
        # What Rust calls a panic is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = str(error).strip() or type(error).__name__
        for words, number in _DISK.items():
            if words in said.lower():
                raise OSError(number, os.strerror(number)) from error
        raise VectorIndexError(
            f"The {store} store could not be built ({said.splitlines()[0]}); try again, or choose another with --store."
        ) from error
