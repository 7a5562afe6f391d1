"""What the model made of the chunks, written row by row, so that an ingest that is stopped loses next to nothing.

Beside the rows lies a log with a checksum of each batch. Where an ingest was killed, the next one takes the rows that the
log vouches for, and embeds the rest.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.index.chunks import Chunks
from rag.index.damage import damage
from rag.index.embed import Embedder, Vectors
from rag.index.generation import TOKENS, VECTORS, Manifest, Recipe, published
from rag.index.npy_rows import NpyRows, read_unclosed
from rag.index.tokens import Packed, PackedTokens, Tokens, TokensWriter
from rag.schema import VectorIndexError

UNFINISHED = "unfinished"
"""The folder of an index that keeps what an ingest had embedded when it was stopped."""

LOG = "embedded.log"
"""Vouches for the rows beside it; a generation that is published holds none."""


@dataclass(frozen=True)
class Known:
    """Chunks whose vectors are at hand, made by the same model in the same precision; `rows` of them."""

    chunks: Chunks
    vectors: Vectors
    tokens: PackedTokens
    projection: Vectors
    rows: int

    def row_of(self, text: str) -> int | None:
        try:
            row = self.chunks.row_of(text)
        except (OSError, ValueError, KeyError, TypeError, IndexError):  # no checksum stands beside unfinished chunks
            return None
        return row if row is not None and row < self.rows else None


class EmbeddedWriter:
    """Writes vectors and word pieces into a generation's folder, rows in order."""

    def __init__(self, folder: Path, embedder: Embedder, projection: Vectors) -> None:
        self._vectors = NpyRows(folder / VECTORS, np.float32, embedder.dim)
        self._tokens = TokensWriter(folder / TOKENS, projection)
        self._log = (folder / LOG).open("w", encoding="utf-8")
        self._say([*_made_by(embedder.identity, embedder.precision), zlib.crc32(projection.tobytes())])

    def append(self, vectors: Vectors, packed: Sequence[Packed]) -> None:
        """Add the next rows. The log line comes last: it vouches for what stands before it."""
        written = zlib.crc32(self._tokens.append(packed), zlib.crc32(self._vectors.append(vectors)))
        self._say([len(packed), sum(len(chunk.tokens) for chunk in packed), written])

    def close(self) -> None:
        """All rows are there. The log stays until `seal`."""
        self._vectors.close()
        self._tokens.close()
        self._log.close()

    def stop(self) -> None:
        """Leave the files as they are, for `keep_unfinished`."""
        self._vectors.stop()
        self._tokens.stop()
        with suppress(OSError):
            self._log.close()

    def _say(self, line: object) -> None:
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()


def known(index: Path, recipe: Recipe) -> list[Known]:
    """Where vectors by the recipe's model can be had: the published generation, and what a stopped ingest left.

    All of them share one projection of word pieces, or they could not be compared.
    """
    found = [one for one in (_published(index, recipe), _unfinished(index / UNFINISHED, recipe)) if one]
    return [one for one in found if np.array_equal(one.projection, found[0].projection)]


def seal(folder: Path) -> None:
    """Remove the log: the generation is on the disk, and about to be published."""
    (folder / LOG).unlink()


def keep_unfinished(index: Path, folder: Path) -> None:
    """Keep what was embedded in `folder`, if it is more than what is kept already; the rest is removed."""
    kept = index / UNFINISHED
    if len(list(_log(folder))) > max(1, len(list(_log(kept)))):  # the first line only says what made the others
        shutil.rmtree(kept, ignore_errors=True)
        folder.rename(kept)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def forget_unfinished(index: Path) -> None:
    shutil.rmtree(index / UNFINISHED, ignore_errors=True)


def _published(index: Path, recipe: Recipe) -> Known | None:
    try:
        folder = published(index)
        if folder is None:
            return None
        manifest = Manifest.read(folder)
        made_by = _made_by(manifest.recipe.embedder, manifest.recipe.precision)
        if made_by != _made_by(recipe.embedder, recipe.precision) or damage(folder, manifest):
            return None
        chunks, tokens = Chunks(folder), Tokens(folder / TOKENS)
        vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        return Known(chunks, vectors, tokens, tokens.projection, len(chunks))
    except (VectorIndexError, OSError, EOFError, ValueError):
        return None


def _unfinished(folder: Path, recipe: Recipe) -> Known | None:
    try:
        projection = np.load(folder / TOKENS / "projection.npy", allow_pickle=False)
        made_by = [*_made_by(recipe.embedder, recipe.precision), zlib.crc32(projection.tobytes())]
        if next(_log(folder), None) != made_by:
            return None
        vectors, *pieces = (
            read_unclosed(path)
            for path in (
                folder / VECTORS,
                *(folder / TOKENS / f"{name}.npy" for name in ("tokens", "scales", "offsets")),
            )
        )
        tokens, scales, offsets = pieces
        rows = end = 0
        for line in list(_log(folder))[1:]:
            count, length, expected = line
            batch = (
                vectors[rows : rows + count],
                tokens[end : end + length],
                scales[end : end + length],
                offsets[rows + 1 : rows + 1 + count],
            )
            checksum = 0
            for part in batch:
                checksum = zlib.crc32(part.tobytes(), checksum)
            if checksum != expected:
                break
            rows, end = rows + count, end + length
        return Known(Chunks(folder), vectors, PackedTokens(tokens, scales, offsets), projection, rows)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None


def _made_by(identity: str, precision: str) -> list[str]:
    return [identity, precision]


def _log(folder: Path) -> Iterator[list[Any]]:
    """The log's lines as far as they can be read: the last one may have been cut."""
    try:
        with (folder / LOG).open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (OSError, ValueError):
        return
