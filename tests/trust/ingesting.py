"""An ingest from a folder with the letter embedder and the exact store, and what must hold for every index it makes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from rag.config import Settings
from rag.index.build import Built
from rag.index.chunks import Chunks
from rag.index.open import IndexReader, OpenIndex
from rag.index.store import STORES
from rag.ingest import ingest
from rag.retrieval.hybrid import retrieve
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.store import EXACT

GOOD = {
    "good.md": "# Good\n\nThe barometer costs nine pounds.\n",
    "animals/bee.md": "# Bee\n\nA bee makes honey of heather.\n",
    "zebra/last.md": "# Last\n\nThe last file holds a viola.\n",
}
"""Files that must be found whatever lies beside them: before it, after it and in other folders."""

_NOT_SEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")


def write(folder: Path, texts: Mapping[str, str]) -> None:
    for source, text in texts.items():
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))


def ingest_letters(knowledge_base: Path, index: Path) -> tuple[Built, OpenIndex]:
    """`rag.ingest.ingest`, nothing of it left out but the real model and store."""
    embedder = LetterEmbedder()
    with mock.patch.dict(STORES, exact=EXACT), mock.patch("rag.ingest.open_embedder", return_value=embedder):
        built = ingest(Settings(knowledge_base=knowledge_base, index=index, store="exact"))
        return built, IndexReader(index, embedder).current()


def found(index: OpenIndex, words: str) -> list[str]:
    """The sources of what is found for these words."""
    return [item.chunk.source for item in retrieve(words, index, LetterEmbedder(), 10)]


def check_chunks(index: OpenIndex, texts: Mapping[str, str]) -> None:
    """Each chunk is just what stands at its offsets, none is too long, and together they hold all there is to see."""
    embedder = LetterEmbedder()
    covered: dict[str, int] = dict.fromkeys(texts, 0)
    chunks = Chunks(index.chunks._folder.parent)
    for chunk in chunks:
        text = texts[chunk.source]
        assert chunk.body == text[chunk.start : chunk.end]
        assert len(embedder.word_pieces(chunk.text)) <= embedder.window - 2
        between = text[covered[chunk.source] : chunk.start]
        assert not any(map(_seen, between)), between
        covered[chunk.source] = max(covered[chunk.source], chunk.end)
    for source, text in texts.items():
        assert not any(map(_seen, text[covered[source] :])), source
    ids = [chunk.chunk_id for chunk in chunks]
    assert len(set(ids)) == len(ids)


def _seen(character: str) -> bool:
    return unicodedata.category(character) not in _NOT_SEEN
