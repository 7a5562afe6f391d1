"""A generation's vector store: built, and checked before anybody relies on it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.index.chroma_store import failed
from rag.index.embed import Vectors
from rag.index.generation import REBUILD, Recipe
from rag.index.store import store_kind
from rag.schema import Chunk, LodestarError, VectorIndexError

_SAMPLE = 16
_LEAST = 2**20  # bytes that are free where a disk is not full
_DISK = {os.strerror(number).lower(): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)}
_DISK |= {"database or disk is full": errno.ENOSPC, "disk i/o error": errno.EIO}  # SQLite's words


def build_store(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Build the store into the generation's folder. Raises OSError where the disk fails, otherwise VectorIndexError."""
    with _faults(folder, recipe.store):
        store_kind(recipe.store).build(folder / recipe.store, chunks, vectors)


def check_store(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Raises VectorIndexError unless a sample of chunks, spread over the index, find themselves by their own vector."""
    with _faults(folder, recipe.store):
        try:
            store = store_kind(recipe.store).open(folder / recipe.store, vectors)
        except VectorIndexError as error:
            _full(folder, error)
            raise VectorIndexError(
                "The new index could not be read back and was not published; check the disk, and try again."
            ) from error
        for row in range(0, len(chunks), max(1, len(chunks) // _SAMPLE)):
            found = store.search(vectors[row], 5)
            # A twin may stand in for it: the same text, or one that the model cannot tell from it.
            if not any(vectors[other] @ vectors[row] > 0.9999 for other, _ in found):
                raise VectorIndexError(
                    f"The new index did not find its own chunks and was not published; check the disk, then {REBUILD} --rebuild."
                )


@contextmanager
def _faults(folder: Path, store: str) -> Iterator[None]:
    """A store's library raises what it likes; what leaves here is an OSError or a LodestarError."""
    try:
        yield
    except (OSError, LodestarError):
        raise
    except BaseException as error:
        if not failed(error):
            raise
        _full(folder, error)
        said = str(error).strip() or type(error).__name__
        for words, number in _DISK.items():
            if words in said.lower():
                raise OSError(number, os.strerror(number)) from error
        said = said.splitlines()[0].rstrip(".")
        raise VectorIndexError(
            f"The {store} store could not be built ({said}); check the disk and try again, or choose another with --store."
        ) from error


def _full(folder: Path, error: BaseException) -> None:
    """Say that the disk is full where it is: Chroma does not always tell why it failed."""
    if shutil.disk_usage(folder).free < _LEAST:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
