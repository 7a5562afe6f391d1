"""Documents -> a published generation. Vectors of chunks that did not change are carried over from the old one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from rag.documents.split import CHUNKER, split
from rag.index.chunks import Chunks, build_columns
from rag.index.damage import damage, file_hashes, file_samples
from rag.index.embed import Embedder
from rag.index.embed_chunks import Progress, embed_chunks
from rag.index.embedded import LOG, EmbeddedWriter, forget_unfinished, known, seal
from rag.index.examples import example_questions
from rag.index.generation import (
    CHUNKS,
    VECTORS,
    Abstention,
    Manifest,
    Recipe,
    generations,
    new_name,
    no_space,
    publish,
    published,
    sync,
)
from rag.index.leftovers import clear_leftovers, drop_old
from rag.index.store import store_kind
from rag.index.store_build import build_store, check_store
from rag.index.texts import build_texts
from rag.schema import Document, KnowledgeBaseError, Skipped, VectorIndexError


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
    clear_leftovers(index)
    digest = digest_of(documents)
    if not rebuild and (manifest := up_to_date(index, digest, recipe, skipped)):
        forget_unfinished(index)
        drop_old(index)
        return Built(index / manifest.name, manifest, 0, manifest.chunks, True, manifest.invisible or 0.0)
    name = new_name(digest + repr(recipe), max((folder.name for folder in generations(index)), default=""))
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
                shown = partial(_show, texts, progress)
                embedded = embed_chunks(chunks, embedder, old, partial(EmbeddedWriter, folder, embedder), shown)
            except BaseException:
                stopped.set()
                raise
            invisible = texts.result()
        vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        build_store(folder, recipe, chunks, vectors)
        check_store(folder, recipe, chunks, vectors)
        files = file_hashes(folder)
        files.pop(LOG)
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
        sync(folder)
        seal(folder)
        published_folder = publish(index, folder, name)
    except BaseException as error:
        if no_space(error):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(
            OSError, VectorIndexError
        ):  # what stopped this ingest is to be told, and the next one clears again
            clear_leftovers(index)
        raise
    forget_unfinished(index)
    drop_old(index)
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


def _show(texts: Future[float], progress: Progress, done: int, total: int) -> None:
    """Tell how far the model is, unless what is made beside it has failed: it may have hours to go."""
    if texts.done():
        texts.result()
    progress(done, total)


def _pairs(skipped: Sequence[Skipped]) -> tuple[tuple[str, str], ...]:
    return tuple((file.source, file.reason) for file in skipped)
