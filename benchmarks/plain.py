"""The recipe that everyone copies, as a yardstick: 1,000-character chunks with 200 overlap, MiniLM, Chroma, top k."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rag.evaluation.run import Query
from rag.index.embed import Embedder
from rag.schema import Chunk, Document, Retrieved

_BATCH = 64
# As Chroma comes, its graph is built at random and misses a neighbour now and then, not always the same one. Searched this
# widely it misses none of a few thousand: the figures repeat, and the yardstick is not made worse than it is.
_WIDE = {"ef_construction": 1000, "ef_search": 1000}


class PlainRecipe:
    """Built in memory over the same documents and with the same model."""

    def __init__(
        self,
        documents: Iterable[Document],
        embedder: Embedder,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """`progress` is told how many chunks are embedded, of how many."""
        import chromadb

        self.chunks: Sequence[Chunk] = [chunk for document in documents for chunk in plain_chunks(document)]
        self._embedder = embedder
        client = chromadb.EphemeralClient(chromadb.config.Settings(anonymized_telemetry=False))
        graph: Any = {"hnsw": {"space": "cosine", **_WIDE}}
        self._collection = client.create_collection("plain", embedding_function=None, configuration=graph)
        for at in range(0, len(self.chunks), _BATCH):
            progress(at, len(self.chunks))
            batch = [chunk.text for chunk in self.chunks[at : at + _BATCH]]
            self._collection.add(
                ids=[str(at + n) for n in range(len(batch))], embeddings=embedder.embed(batch), documents=batch
            )
        progress(len(self.chunks), len(self.chunks))
        self._client = client

    def search(self, query: Query, k: int) -> list[Retrieved]:
        """The k nearest chunks with their cosine, nearest first."""
        found = self._collection.query(
            query_embeddings=self._embedder.embed([query.text]), n_results=min(k, len(self.chunks))
        )
        distances = (found["distances"] or [[]])[0]
        return [
            Retrieved(self.chunks[int(name)], 1 - distance)
            for name, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def close(self) -> None:
        """Forget the collection: Chroma's clients in memory share one database for as long as the process lives."""
        self._client.delete_collection("plain")


def plain_chunks(document: Document) -> Iterator[Chunk]:
    """The document's chunks in order, each with the offsets of its first and last character in the document."""
    from langchain_text_splitters import CharacterTextSplitter

    texts = CharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_text(document.text)
    for n, (text, (start, end)) in enumerate(zip(texts, locate(texts, document.text), strict=True)):
        yield Chunk(f"plain:{document.source}:{n}", text, document.source, document.doc_type, "", "", start, end)


def locate(pieces: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Where each piece stands in the text it was split from, as (start, end).

    The splitter strips its pieces and joins them with another number of empty lines than the text may have, so what is looked
    for is the sequence of characters that are not white space. Every piece begins and ends after the one before; where the
    text repeats itself, the first place that allows for that is taken. Raises ValueError for a piece that is not there.
    """
    offsets = [at for at, character in enumerate(text) if not character.isspace()]
    bare = "".join(text[at] for at in offsets)
    start, end = -1, 0
    for piece in pieces:
        wanted = "".join(piece.split())
        start = bare.find(wanted, max(start + 1, end + 1 - len(wanted)))
        if start < 0 or not wanted:
            raise ValueError(f"the text does not hold this piece: {piece[:60]!r}")
        end = start + len(wanted)
        yield offsets[start], offsets[end - 1] + 1
