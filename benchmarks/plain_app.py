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
from langchain_core.language_models import FakeListChatModel
from langchain_openai import ChatOpenAI

from benchmarks.plain import plain_chunks
from benchmarks.plain_ingest import MiniLm
from rag.documents.load import load
from rag.schema import Document


def main(knowledge_base: Path, folder: Path) -> None:
    ChatOpenAI(api_key="none", model="gpt-4o-mini")  # as the recipe makes one
    llm = FakeListChatModel(responses=["It says so in the documents."])
    store: Any = Chroma(persist_directory=str(folder), embedding_function=MiniLm())
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
