"""The conversational retrieval chain: one built per question, around that conversation's own memory.

This is the only file that knows langchain-classic, which is in maintenance: what leaves it are plain events.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, CallbackManagerForRetrieverRun
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from rag.answering import faults, prompts
from rag.answering.condense import condense, usable
from rag.answering.leaning import stands_alone
from rag.answering.llm import Llm
from rag.retrieval.context import Section
from rag.schema import Turn

CONDENSING, ANSWERING = "condensing", "answering"
"""Tags of the two calls of a model, so that the rewritten question never leaks into the answer."""


@dataclass(frozen=True, slots=True)
class Condensing:
    """The model is asked to rewrite the question."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """The chain knows what to search for, and begins to search."""

    query: str


@dataclass(frozen=True, slots=True)
class Found:
    """The search is over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answering model was sent this prompt."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer as the model sent it; `finish` is the model's reason to stop, on the last one.

    `read`: how many tokens of the prompt the model says it has read; 0 where it does not say. `words`: how many of the
    model's own pieces were put together in this one.
    """

    text: str
    finish: str = ""
    read: int = 0
    words: int = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """The chain's own result."""

    answer: str
    query: str


Event = Condensing | Condensed | Found | Asked | Piece | Finished


class KnowledgeBaseRetriever(BaseRetriever):
    """LangChain's face of a search: sections as documents, numbered from 1 and fenced."""

    search: Callable[[str], Sequence[Section]]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.search(query)
        mark = prompts.fence_mark([section.text for section in found])
        return [
            Document(section.text, metadata={"n": n, "mark": mark, "source": section.source, "score": section.score})
            for n, section in enumerate(found, 1)
        ]


async def run(
    llm: Llm,
    search: Callable[[str], Sequence[Section]],
    question: str,
    history: Sequence[Turn],
    patience: float | None = None,
) -> AsyncGenerator[Event]:
    """Condense, search and answer, told as events. What the model or its endpoint raises comes out unchanged.

    `patience`: seconds in which the model has to have rewritten the question.
    """
    heard = _Listener()
    chain = _chain(llm, search, history, patience)
    answering = asyncio.ensure_future(chain.ainvoke({"question": question}, {"callbacks": [heard]}))
    answering.add_done_callback(lambda _: heard.events.put_nowait(None))
    try:
        while event := await heard.events.get():
            yield event
        done = await answering
        yield Finished(done["answer"], done["generated_question"])
    finally:
        # Left to itself, the model would speak on after the asker has left.
        answering.cancel()
        await asyncio.wait({answering})


class _Listener(BaseCallbackHandler):
    """Hears what the chain does as it does it. LangChain's own stream of events tells the same at ten times the cost a token."""

    run_inline = True
    raise_error = True

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()

    # That it has these two is how LangChain knows that somebody listens, and streams.
    def tap_output_aiter(self, run_id: object, output: AsyncIterator[Any]) -> AsyncIterator[Any]:
        return output

    def tap_output_iter(self, run_id: object, output: Iterator[Any]) -> Iterator[Any]:
        return output

    def on_retriever_start(self, serialized: object, query: str, **_: Any) -> None:
        self.events.put_nowait(Condensed(query))

    def on_retriever_end(self, documents: object, **_: Any) -> None:
        self.events.put_nowait(Found())

    def on_chat_model_start(
        self, serialized: object, messages: list[list[BaseMessage]], *, tags: list[str] | None = None, **_: Any
    ) -> None:
        if ANSWERING in (tags or ()):
            self.events.put_nowait(Asked(_as_text(messages[0])))
        elif CONDENSING in (tags or ()):
            self.events.put_nowait(Condensing())

    def on_llm_new_token(self, token: object, *, chunk: Any = None, tags: list[str] | None = None, **_: Any) -> None:
        if ANSWERING in (tags or ()):
            said = chunk.message
            finish = str(said.response_metadata.get("finish_reason") or "")
            usage = said.usage_metadata or {}
            self.events.put_nowait(
                Piece(chunk.text, finish, usage.get("input_tokens", 0), usage.get("output_tokens", 0) or 1)
            )


def _chain(
    llm: Llm, search: Callable[[str], Sequence[Section]], history: Sequence[Turn], patience: float | None
) -> Runnable[Any, Any]:
    from langchain_classic.chains import ConversationalRetrievalChain
    from langchain_classic.memory import ConversationBufferMemory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both say that they are in maintenance, at every question
        memory = ConversationBufferMemory(
            chat_memory=InMemoryChatMessageHistory(messages=_messages(history)),
            memory_key="chat_history",
            input_key="question",
            output_key="answer",
            return_messages=True,
        )
        chain: Runnable[Any, Any] = ConversationalRetrievalChain.from_llm(
            llm.chat(ANSWERING),
            KnowledgeBaseRetriever(search=search),
            memory=memory,
            condense_question_llm=_condenser(llm, history, patience),
            condense_question_prompt=ChatPromptTemplate.from_messages(
                [("system", prompts.CONDENSE), MessagesPlaceholder("chat_history"), ("human", "{question}")]
            ),
            combine_docs_chain_kwargs={
                "prompt": ChatPromptTemplate.from_messages(
                    [
                        ("system", prompts.SYSTEM),
                        MessagesPlaceholder("chat_history"),
                        ("human", prompts.QUESTION_TEMPLATE),
                    ]
                ),
                "document_prompt": PromptTemplate.from_template(prompts.SOURCE_TEMPLATE),
                "document_variable_name": "context",
            },
            # The messages themselves, not one string: each prompt places them as turns.
            get_chat_history=lambda messages: messages,
            rephrase_question=False,
            response_if_no_docs_found=prompts.REFUSAL,
            return_generated_question=True,
        )
    return chain


def _condenser(llm: Llm, history: Sequence[Turn], patience: float | None) -> Runnable[Any, BaseMessage]:
    """What the chain asks for a question that stands alone: the question itself where it does, else the model.

    Where that is slow or fails our own rewriting serves, so that the question is answered all the same.
    """

    async def rewrite(prompt: Any, config: RunnableConfig, **_: Any) -> BaseMessage:
        messages = prompt.to_messages()
        question = str(messages[-1].content)
        if stands_alone(question):
            return AIMessage(question)
        ours = condense(question, history)
        if llm.quotes:
            return AIMessage(ours)
        try:
            async with asyncio.timeout(patience):
                reply = await llm.chat(CONDENSING).ainvoke(messages, config)
        except Exception as error:
            if faults.hopeless(error):
                raise
            return AIMessage(ours)
        return AIMessage(usable(reply.text, question, ours))

    def rewrite_blocking(prompt: Any, config: RunnableConfig, **_: Any) -> BaseMessage:
        raise RuntimeError("the chain is run asynchronously")

    return RunnableLambda(rewrite_blocking, afunc=rewrite)


def _messages(history: Sequence[Turn]) -> list[BaseMessage]:
    return [message for turn in history for message in (HumanMessage(turn.question), AIMessage(turn.answer))]


def _as_text(messages: Sequence[BaseMessage]) -> str:
    names = {"system": "System", "human": "User", "ai": "Assistant"}
    return "\n\n".join(f"{names.get(message.type, message.type)}: {message.text}" for message in messages)
