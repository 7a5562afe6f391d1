"""A chat model that a test scripts, in this process: no network, no thread, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.answering.llm import Llm
from rag.schema import LlmChoice

Step = str | Exception | Callable[[], Awaitable[object]]
"""A piece to say, an exception to raise, or something to wait for."""


class ScriptedChat(BaseChatModel):
    """Says what `script` makes of the messages, one piece a step."""

    script: Callable[[list[BaseMessage]], Iterable[Step]]
    finish: str = "stop"
    read: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        text = "".join(step for step in self.script(messages) if isinstance(step, str))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    async def _astream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for step in self.script(messages):
            if isinstance(step, Exception):
                raise step
            if isinstance(step, str):
                yield ChatGenerationChunk(message=AIMessageChunk(content=step))
            else:
                await step()
        last = AIMessageChunk(content="", response_metadata={"finish_reason": self.finish})
        if self.read:
            last.usage_metadata = {"input_tokens": self.read, "output_tokens": 0, "total_tokens": self.read}
        yield ChatGenerationChunk(message=last)


class ScriptedLlm:
    """`llm` is the model; `asked` holds (tag, messages) of every call, in order."""

    def __init__(
        self,
        *answer: Step,
        condensed: str = "",
        finish: str = "stop",
        context_tokens: int = 8192,
        quotes: bool = False,
        read: int = 0,
        suggests: Sequence[Step] = (),
    ) -> None:
        self.asked: list[tuple[str, list[BaseMessage]]] = []

        def chat(tag: str) -> BaseChatModel:
            def script(messages: list[BaseMessage]) -> Iterable[Step]:
                self.asked.append((tag, messages))
                return {"condensing": [condensed], "suggesting": suggests}.get(tag, answer)

            return ScriptedChat(script=script, finish=finish, read=read, tags=[tag])

        choice = LlmChoice("scripted", "Scripted model")
        self.llm = Llm(choice, "The scripted model", "scripted", context_tokens, cache(chat), quotes)


async def for_ever() -> None:
    """A step that never ends."""
    await asyncio.Event().wait()
