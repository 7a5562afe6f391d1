"""An index in Chroma is an ordinary LangChain vector store too, for whoever builds something else on it."""

from __future__ import annotations

from pathlib import Path

import chromadb
from langchain_chroma import Chroma

from rag.index.chroma_store import COLLECTION
from rag.index.embed import Embedder
from rag.index.generation import published
from rag.index.open import OpenIndex


def test_langchains_own_class_opens_the_index_and_finds_the_same(small_index: Path, minilm: Embedder) -> None:
    folder = published(small_index)
    assert folder is not None
    index = OpenIndex(folder)
    assert index.manifest.recipe.store == "chroma"
    (vector,) = minilm.embed(["When does the Port of Invergair agreement end?"])
    ours = [index.chunks[row] for row, _ in index.store.search(vector, 3)]
    settings = chromadb.config.Settings(anonymized_telemetry=False, allow_reset=False)
    client = chromadb.PersistentClient(path=str((folder / "chroma").resolve()), settings=settings)
    store = Chroma(COLLECTION, client=client, create_collection_if_not_exists=False)
    theirs = store.similarity_search_by_vector(vector.tolist(), k=3)
    assert [document.metadata["chunk_id"] for document in theirs] == [chunk.chunk_id for chunk in ours]
    assert [document.page_content for document in theirs] == [chunk.text for chunk in ours]
    assert theirs[0].metadata["source"] == ours[0].source
    assert theirs[0].metadata["doc_type"] == ours[0].doc_type
