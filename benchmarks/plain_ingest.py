"""The well-known recipe's ingest as a command: `python -m benchmarks.plain_ingest KNOWLEDGE_BASE INDEX`.

What the tutorials do, with two shortcuts in its favour: the files are read directly in place of DirectoryLoader, and the model is
called without HuggingFaceEmbeddings around it. Both would bring two packages more to import.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings


class MiniLm(Embeddings):
    """all-MiniLM-L6-v2 by sentence-transformers, as it comes."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        from rag.index.embed import minilm_folder

        self._model = SentenceTransformer(str(minilm_folder()))

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        vectors: Any = self._model.encode(list(texts), show_progress_bar=False)
        return [list(map(float, vector)) for vector in vectors]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def ingest(knowledge_base: Path, index: Path) -> int:
    """Build the index anew, as the recipe does each time; how many chunks it has is returned."""
    from langchain_chroma import Chroma
    from langchain_text_splitters import CharacterTextSplitter

    documents = [
        Document(path.read_text("utf-8"), metadata={"source": str(path), "doc_type": path.parent.name})
        for path in sorted(knowledge_base.rglob("*.md"))
    ]
    chunks = CharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    shutil.rmtree(index, ignore_errors=True)
    Chroma.from_documents(chunks, MiniLm(), persist_directory=str(index))
    return len(chunks)


if __name__ == "__main__":
    print(ingest(Path(sys.argv[1]), Path(sys.argv[2])), "chunks")
