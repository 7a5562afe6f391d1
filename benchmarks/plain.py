"""The recipe that everyone copies, as a yardstick: 1,000-character chunks with 200 overlap, MiniLM, Chroma, top k."""

from __future__ import annotations

from pathlib import Path

from rag.index.embed import Embedder


class PlainRecipe:
    """Built in memory over the same files and with the same model."""

    def __init__(self, knowledge_base: Path, embedder: Embedder) -> None:
        import chromadb
        from langchain_text_splitters import CharacterTextSplitter

        files = sorted(knowledge_base.rglob("*.md"))
        splitter = CharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self.texts = [chunk for file in files for chunk in splitter.split_text(file.read_text("utf-8"))]
        self._embedder = embedder
        client = chromadb.EphemeralClient(chromadb.config.Settings(anonymized_telemetry=False))
        self._collection = client.create_collection(
            "plain", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        for at in range(0, len(self.texts), 1000):
            batch = self.texts[at : at + 1000]
            self._collection.add(
                ids=[str(at + n) for n in range(len(batch))], embeddings=embedder.embed(batch), documents=batch
            )

    def search(self, question: str, k: int) -> list[str]:
        """The texts of the k nearest chunks."""
        found = self._collection.query(query_embeddings=self._embedder.embed([question]), n_results=k)
        documents = found["documents"]
        return list(documents[0]) if documents else []
