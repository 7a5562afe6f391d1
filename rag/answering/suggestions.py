"""What could be asked next, in the words of the model that answers.

It is asked while it answers, once its first word has come, so that nobody waits for it: what is not there half a second after
the answer's end is not shown. What it proposes is checked like any other text from outside, and kept only where the index can answer it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Self

from langchain_core.messages import HumanMessage, SystemMessage

from rag.answering import prompts, waiting
from rag.answering.leaning import stands_alone
from rag.answering.llm import SUGGESTING, Llm
from rag.retrieval.context import Section

LONGEST = 110
"""Characters of a suggestion; a button holds no more."""

_GRACE = 0.5  # seconds
_COUNT = 3
_SHORTEST = 12
_SECTIONS, _OPENING = 6, 400  # how many of the sources are shown to the model, and how many characters of each
_LISTED = re.compile(r"^(?:[-*\u2022>#]+|\(?\d{1,2}[.):]|Q\d*[.:])\s+", re.I)
_LEADS_OUT = re.compile(r"://|www\.|@|[<>`\[\]{}|\\]")


class Suggestions:
    """Asks once and in silence; `with` ends it. `answerable`: which of some questions the index can answer, called in a thread."""

    def __init__(self, llm: Llm, question: str, answerable: Callable[[Sequence[str]], list[str]]) -> None:
        self._llm = llm
        self._question = question
        self._answerable = answerable
        self._asking: asyncio.Task[list[str]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._asking is not None:
            self._asking.cancel()

    def begin(self, found: Sequence[Section]) -> None:
        """Ask what these sources answer besides the question."""
        if found and not self._llm.quotes and self._asking is None:
            self._asking = asyncio.create_task(self._ask(found))

    async def ready(self, within: float = _GRACE) -> tuple[str, ...]:
        """What is there in so many seconds; nothing where the model has not come to an end by then, or has failed."""
        asking = self._asking
        if asking is not None and not asking.done():
            await asyncio.wait({asking}, timeout=within)
        if asking is None or not asking.done() or asking.cancelled() or asking.exception() is not None:
            return ()
        return tuple(asking.result())

    async def _ask(self, found: Sequence[Section]) -> list[str]:
        with waiting.Waiting(lambda notice: None) as silent:
            waiting.NOW.set(silent)
            texts = [section.text[:_OPENING] for section in found[:_SECTIONS]]
            told = prompts.suggesting(texts, self._question)
            reply = await self._llm.chat(SUGGESTING).ainvoke([SystemMessage(prompts.SUGGEST), HumanMessage(told)])
        proposed = proposals(reply.text, self._question)
        return (await asyncio.to_thread(self._answerable, proposed))[:_COUNT] if proposed else []


def proposals(reply: str, question: str) -> list[str]:
    """The questions in a model's reply that can stand on a button: short, complete, plain and not the one just asked."""
    kept: dict[str, str] = {}
    for line in reply.splitlines():
        text = " ".join(_LISTED.sub("", line.strip()).strip(" \"'\u201c\u201d*_").split())
        fits = _SHORTEST <= len(text) <= LONGEST and text.endswith("?") and text.isprintable()
        if fits and not _LEADS_OUT.search(text) and stands_alone(text) and _key(text) != _key(question):
            kept.setdefault(_key(text), text)
    return list(kept.values())


def _key(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.lower()))
