"""Building small indexes for the unit tests, with the letter embedder and the exact store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rag.index.build import Built, build, recipe_of
from rag.index.generation import writer
from rag.schema import Document, Skipped
from tests.doubles.embedder import LetterEmbedder

TEXTS = {
    "animals/ant.md": "# Ant\n\nAn ant carries leaves.",
    "animals/bee.md": "# Bee\n\nA bee makes honey.",
    "plants/fern.md": "# Fern\n\nA fern wants shade.",
}


def ingest(
    index: Path,
    texts: Mapping[str, str] = TEXTS,
    embedder: LetterEmbedder | None = None,
    *,
    skipped: tuple[Skipped, ...] = (),
    store: str = "exact",
    chunk_size: int = 64,
    rebuild: bool = False,
) -> Built:
    """What `rag.ingest.ingest` does, from texts in place of a folder."""
    embedder = embedder or LetterEmbedder()
    documents = [Document(source, source.split("/")[0], text) for source, text in texts.items()]
    with writer(index):
        recipe = recipe_of(embedder, chunk_size, 0, store)
        return build(index, documents, skipped, embedder, recipe, rebuild=rebuild)


def names(index: Path) -> list[str]:
    """What lies in the index folder, the lock left out."""
    return sorted(path.name for path in index.iterdir() if path.name != "ingest.lock")
