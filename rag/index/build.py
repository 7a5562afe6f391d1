"""Documents -> a published generation. Vectors of chunks that did not change are carried over from the old one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from rag.documents.split import CHUNKER, split
from rag.index.chunks import Chunks, build_columns
from rag.index.damage import damage, file_hashes, file_samples
from rag.index.embed import Embedder, Vectors
from rag.index.embed_chunks import Progress, embed_chunks
from rag.index.embedded import EmbeddedWriter, forget_unfinished, keep_unfinished, known, seal
from rag.index.examples import example_questions
from rag.index.generation import (
    CHUNKS,
    NO_SPACE,
    VECTORS,
    Abstention,
    Manifest,
    Recipe,
    new_name,
    publish,
    published,
)
from rag.index.store import store_kind
from rag.index.texts import build_texts
from rag.schema import Chunk, Document, KnowledgeBaseError, Skipped, VectorIndexError

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


class Digest:
    """Over documents one after the other; it changes exactly when one is added, removed, renamed or edited."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, document: Document) -> None:
        for part in (document.source, document.doc_type, document.text):
            data = part.encode("utf-8")
            self._sum.update(len(data).to_bytes(8, "big") + data)

    def __str__(self) -> str:
        return self._sum.hexdigest()


def digest_of(documents: Iterable[Document]) -> str:
    """The `Digest` of all documents."""
    digest = Digest()
    for document in documents:
        digest.add(document)
    return str(digest)


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
    documents: Iterable[Document],
    skipped: Sequence[Skipped],
    embedder: Embedder,
    recipe: Recipe,
    *,
    abstention: Abstention | None = None,
    rebuild: bool = False,
    progress: Progress = lambda done, total: None,
) -> Built:
    """Build, check and publish a generation. Call it inside `writer(index)`. `abstention` travels in its manifest.

    `documents` are gone through twice, and never held all at once; `skipped` is read after the second time.

    Raises VectorIndexError when what was built does not find its own chunks; the published generation then stays.
    """
    for left in index.glob("gen-*.tmp"):  # of an ingest that was killed
        keep_unfinished(index, left)
    digest = digest_of(documents)
    if not rebuild and (manifest := up_to_date(index, digest, recipe, skipped)):
        forget_unfinished(index)
        return Built(index / manifest.name, manifest, 0, manifest.chunks, True, manifest.invisible or 0.0)
    name = new_name(digest + repr(recipe))
    folder = index / f"{name}.tmp"
    folder.mkdir()
    try:
        written = _write_chunks(folder, documents, embedder, recipe)
        if not written.documents:
            raise KnowledgeBaseError("The documents went away while they were read; ingest again once they are there.")
        build_columns(folder)
        chunks = Chunks(folder)
        kind, stopped = store_kind(recipe.store), Event()
        with ThreadPoolExecutor(1, thread_name_prefix="texts") as beside:
            texts = beside.submit(build_texts, folder, chunks, embedder, kind.needs, stopped)
            try:
                old = [] if rebuild else known(index, recipe)
                embedded = embed_chunks(chunks, embedder, old, partial(EmbeddedWriter, folder, embedder), progress)
            except BaseException:
                stopped.set()
                raise
            invisible = texts.result()
        vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        kind.build(folder / recipe.store, chunks, vectors)
        _check(folder, recipe, chunks, vectors)
        seal(folder)
        files = file_hashes(folder)
        manifest = Manifest(
            name=name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            recipe=recipe,
            digest=str(written.digest),
            documents=written.documents,
            doc_types=dict(sorted(written.doc_types.items())),
            skipped=_pairs(skipped),
            chunks=len(chunks),
            examples=tuple(example_questions(chunks)),
            files=files,
            samples=file_samples(folder, files),
            abstention=abstention,
            invisible=round(invisible, 6),
        )
        manifest.write(folder)
        published_folder = publish(index, folder, name)
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            shutil.rmtree(folder, ignore_errors=True)
        keep_unfinished(index, folder)
        raise
    forget_unfinished(index)
    return Built(published_folder, manifest, embedded, len(chunks) - embedded, False, invisible)


@dataclass
class _Written:
    """What went into `chunks.jsonl`."""

    digest: Digest = field(default_factory=Digest)
    documents: int = 0
    doc_types: Counter[str] = field(default_factory=Counter)


def _write_chunks(folder: Path, documents: Iterable[Document], embedder: Embedder, recipe: Recipe) -> _Written:
    written = _Written()
    with (folder / CHUNKS).open("w", encoding="utf-8") as file:
        for document in documents:
            written.digest.add(document)
            written.documents += 1
            written.doc_types[document.doc_type] += 1
            size, overlap = recipe.chunk_size, recipe.chunk_overlap
            for chunk in split(
                document, embedder.word_pieces, chunk_size=size, chunk_overlap=overlap, salt=recipe.embedder
            ):
                file.write(json.dumps(asdict(chunk), ensure_ascii=False) + "\n")
    return written


def _check(folder: Path, recipe: Recipe, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """A sample of chunks, spread over the index, must find themselves by their own vector."""
    store = store_kind(recipe.store).open(folder / recipe.store, vectors)
    for row in range(0, len(chunks), max(1, len(chunks) // _SAMPLE)):
        found = store.search(vectors[row], 5)
        # A twin may stand in for it: the same text, or one that the model cannot tell from it.
        if not any(vectors[other] @ vectors[row] > 0.9999 for other, _ in found):
            raise VectorIndexError("The new index did not find its own chunks and was not published; run ingest again.")


def _pairs(skipped: Sequence[Skipped]) -> tuple[tuple[str, str], ...]:
    return tuple((file.source, file.reason) for file in skipped)
