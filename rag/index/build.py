"""Documents -> a published generation. Vectors of chunks that did not change are carried over from the old one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from rag.documents.split import CHUNKER, split
from rag.index.chunks import Chunks, build_columns
from rag.index.damage import damage, file_hashes, file_samples
from rag.index.embed import Embedder, Vectors
from rag.index.embed_chunks import Known, Progress, embed_chunks
from rag.index.examples import example_questions
from rag.index.generation import (
    CHUNKS,
    LEXICAL,
    TOKENS,
    VECTORS,
    WORDS,
    Abstention,
    Manifest,
    Recipe,
    new_name,
    publish,
    published,
)
from rag.index.lexical import build_lexical
from rag.index.spelling import build_words
from rag.index.store import store_kind
from rag.index.tokens import Tokens, build_tokens
from rag.schema import Chunk, Document, Skipped, VectorIndexError

_SAMPLE = 16


@dataclass(frozen=True, slots=True)
class Built:
    """What an ingest did. `embedded` + `reused` = chunks; `unchanged`: nothing had to be written."""

    folder: Path
    manifest: Manifest
    embedded: int
    reused: int
    unchanged: bool
    invisible: float


def recipe_of(embedder: Embedder, chunk_size: int, chunk_overlap: int, store: str) -> Recipe:
    """The recipe these parts make; a chunk is never longer than the model's window."""
    size = min(chunk_size, embedder.window)
    return Recipe(
        embedder.identity, embedder.dim, embedder.window, embedder.precision, CHUNKER, size, chunk_overlap, store
    )


def digest_of(documents: Sequence[Document]) -> str:
    """Changes exactly when a document is added, removed, renamed or edited."""
    digest = hashlib.sha256()
    for document in documents:
        for part in (document.source, document.doc_type, document.text):
            data = part.encode("utf-8")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def up_to_date(index: Path, digest: str, recipe: Recipe, skipped: Sequence[Skipped]) -> Manifest | None:
    """The published manifest when it was built from just this and its files are whole."""
    try:
        folder = published(index)
        manifest = Manifest.read(folder) if folder else None
    except VectorIndexError:
        return None
    if folder is None or manifest is None or (manifest.digest, manifest.recipe) != (digest, recipe):
        return None
    if manifest.skipped != _pairs(skipped) or damage(folder, manifest):
        return None
    return manifest


def build(
    index: Path,
    documents: Sequence[Document],
    skipped: Sequence[Skipped],
    embedder: Embedder,
    recipe: Recipe,
    *,
    abstention: Abstention | None = None,
    rebuild: bool = False,
    progress: Progress = lambda done, total: None,
) -> Built:
    """Build, check and publish a generation. Call it inside `writer(index)`. `abstention` travels in its manifest.

    Raises VectorIndexError when what was built does not find its own chunks; the published generation then stays.
    """
    digest = digest_of(documents)
    if not rebuild and (manifest := up_to_date(index, digest, recipe, skipped)):
        return Built(index / manifest.name, manifest, 0, manifest.chunks, True, 0.0)
    chunks = [
        chunk
        for document in documents
        for chunk in split(
            document,
            embedder.word_pieces,
            chunk_size=recipe.chunk_size,
            chunk_overlap=recipe.chunk_overlap,
            salt=recipe.embedder,
        )
    ]
    known = None if rebuild else _known(index, recipe)
    done = embed_chunks(chunks, embedder, known, progress)
    vectors = done.vectors
    name = new_name(digest + repr(recipe))
    folder = index / f"{name}.tmp"
    folder.mkdir()
    try:
        _write_truth(folder, chunks, vectors)
        build_columns(folder)
        build_lexical(folder / LEXICAL, [chunk.text for chunk in chunks])
        build_words(folder / WORDS, [chunk.text for chunk in chunks])
        build_tokens(
            folder / TOKENS, done.packed, done.projection, (embedder.piece_ids(chunk.text) for chunk in chunks)
        )
        kind = store_kind(recipe.store)
        kind.build(folder / recipe.store, chunks, vectors)
        _check(folder, recipe, chunks, vectors)
        derived = tuple(file_hashes(folder / recipe.store)) if kind.mutable else ()
        files = file_hashes(folder, without=recipe.store if kind.mutable else "")
        manifest = Manifest(
            name=name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            recipe=recipe,
            digest=digest,
            documents=len(documents),
            doc_types=dict(sorted(Counter(document.doc_type for document in documents).items())),
            skipped=_pairs(skipped),
            chunks=len(chunks),
            examples=tuple(example_questions(chunks)),
            files=files,
            samples=file_samples(folder, files),
            derived=tuple(f"{recipe.store}/{path}" for path in derived),
            abstention=abstention,
        )
        manifest.write(folder)
        published_folder = publish(index, folder, name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    invisible = _invisible_share(chunks, embedder)
    return Built(published_folder, manifest, done.embedded, len(chunks) - done.embedded, False, invisible)


def _known(index: Path, recipe: Recipe) -> Known | None:
    """What the published generation holds, where the same embedder made it and its files are whole."""
    try:
        folder = published(index)
        if folder is None:
            return None
        manifest = Manifest.read(folder)
        made_by = (manifest.recipe.embedder, manifest.recipe.precision)
        if made_by != (recipe.embedder, recipe.precision) or damage(folder, manifest):
            return None
        rows = {chunk.text: row for row, chunk in enumerate(Chunks(folder))}
        return Known(rows, np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False), Tokens(folder / TOKENS))
    except (VectorIndexError, OSError):
        return None


def _write_truth(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    with (folder / CHUNKS).open("w", encoding="utf-8") as file:
        for chunk in chunks:
            file.write(json.dumps(asdict(chunk), ensure_ascii=False) + "\n")
    np.save(folder / VECTORS, vectors, allow_pickle=False)


def _check(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """A sample of chunks, spread over the index, must find themselves by their own vector."""
    store = store_kind(recipe.store).open(folder / recipe.store, vectors)
    for row in range(0, len(chunks), max(1, len(chunks) // _SAMPLE)):
        found = store.search(vectors[row], 5)
        # A twin may stand in for it: the same text, or one that the model cannot tell from it.
        if not any(vectors[other] @ vectors[row] > 0.9999 for other, _ in found):
            raise VectorIndexError("The new index did not find its own chunks and was not published; run ingest again.")


def _invisible_share(chunks: Sequence[Chunk], embedder: Embedder) -> float:
    """Share of the word pieces that lie beyond the model's window."""
    lengths = [len(embedder.word_pieces(chunk.text)) + 2 for chunk in chunks]
    return sum(max(0, length - embedder.window) for length in lengths) / max(1, sum(lengths))


def _pairs(skipped: Sequence[Skipped]) -> tuple[tuple[str, str], ...]:
    return tuple((file.source, file.reason) for file in skipped)
