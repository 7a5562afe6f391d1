"""The embedded default: a chat model that answers by quoting. It reads the same prompt as any other model.

The sentences that most likely answer are quoted, three at most, fewer where the first ones stand out. A sentence that speaks
of the one before it ("Each after that costs ...") comes with that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.answering.leaning import talk as talk_of
from rag.answering.meeting import Meet
from rag.answering.prompts import REFUSAL, read_back
from rag.answering.sentence_scores import scores
from rag.documents.quotable import Quotable, quotables, with_antecedent
from rag.index.embed import Vectors
from rag.index.lexical import words
from rag.retrieval.conversation import Talk
from rag.schema import Turn

MOST = 3
"""Quoted sentences, list items or table rows in an answer, at most; one that points back brings the one before it."""

BESIDE = "Also close to the question:"
"""Stands between a quotation that stands out and the others."""

_STANDS_OUT = 1.0  # from here on the first holds a keyword of the answer three times as often as all others
_LONGEST = 320  # characters of a sentence together with the one before it
_STARS = re.compile(r"(?<!\\)\*+")
_BOX = re.compile(r"^\[([ xX])\] ")
_CLOSE = 3.0  # what is twenty times less likely to answer than the best is not quoted (exp(-3) is a twentieth)


class ExtractiveChat(BaseChatModel):
    """A chat model without a language model: it quotes the sentences of its prompt's sources that answer the question."""

    embed: Callable[[Sequence[str]], Vectors]
    meet: Meet

    @property
    def _llm_type(self) -> str:
        return "extractive"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._answer(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        words = re.findall(r"\s*\S+\s*$|\s*\S+", self._answer(messages))
        for left, word in zip(range(len(words) - 1, -1, -1), words, strict=True):
            ended = {} if left else {"finish_reason": "stop"}
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word, response_metadata=ended))
            if run_manager:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk

    def _answer(self, messages: list[BaseMessage]) -> str:
        read = read_back(str(messages[-1].content))
        said = [str(message.content) for message in messages[:-1] if message.type in ("human", "ai")]
        turns = [Turn(question, answer) for question, answer in zip(said[::2], said[1::2], strict=False)]
        return quote(read.question, read.sources, self.embed, self.meet, talk_of(read.question, turns))


def quote(
    question: str,
    sources: Sequence[str],
    embed: Callable[[Sequence[str]], Vectors],
    meet: Meet,
    talk: Talk | None = None,
) -> str:
    """The best sentences of `sources` for `question`, each with its `[n]`; REFUSAL where there is none to choose from."""
    found = quotables(sources)
    if not found:
        return REFUSAL
    scored = scores(question, found, sources, embed, meet, talk)
    chosen = choose(found, scored)
    lines = [_line([found[i] for i in places]) for places in chosen]
    listed = "\n".join(f"- {line}" for line in lines)
    if len(lines) == 1:
        return lines[0]
    best, second = (max(scored[i] for i in places) for places in chosen[:2])
    return listed if best - second < _STANDS_OUT else listed[2:].replace("\n", f"\n\n{BESIDE}\n\n", 1)


def choose(found: Sequence[Quotable], scored: Vectors) -> list[list[int]]:
    """Places in `found` of what is quoted, best first, each with the sentence that it needs before it."""
    order = [int(i) for i in np.argsort(-scored, kind="stable")]
    chosen: list[list[int]] = []
    told: list[int] = []
    for i in order:
        if len(chosen) == MOST or scored[i] < scored[order[0]] - _CLOSE:
            break
        if any(i == j or _same(found[i].text, found[j].text) for j in told):
            continue
        together = with_antecedent(found, i, _LONGEST)
        if together[:-1] in chosen:  # the sentence before it stands there by itself
            chosen[chosen.index(together[:-1])].append(i)
        else:
            chosen.append([j for j in together if j not in told])
        told += together
    return chosen


def _same(one: str, other: str) -> bool:
    """Whether the shorter text says nothing that the other does not; rows that differ in a number are two."""
    first, second = sorted((set(words(one)), set(words(other))), key=len)
    numbers = {word for word in first if any(map(str.isdigit, word))}
    return numbers <= second and len(first & second) > 0.8 * len(first)


def _line(together: Sequence[Quotable]) -> str:
    """The sentences, each with its number, and with what they are about in front where the first does not say so itself."""
    texts = [_BOX.sub(_box, _whole(" ".join(one.text.split()))) for one in together]
    first = together[0]
    line = " ".join(f"{text} [{first.n}]" for text in texts)
    said = {word for text in texts for word in words(text)}
    return line if not first.about or set(words(first.title)) & said else f"**{first.about}:** {line}"


def _box(found: re.Match[str]) -> str:
    return "☐ " if found[1] == " " else "☑ "


def _whole(sentence: str) -> str:
    """The sentence without the stars of an emphasis that began in a sentence before it or goes on behind it, or holds all of it."""
    runs = list(_STARS.finditer(sentence))
    if len(runs) == 2 and (runs[0].start(), runs[1].end()) == (0, len(sentence)):
        return sentence[runs[0].end() : runs[1].start()]
    if len(runs) % 2 == 0:
        return sentence
    first, last = runs[0], runs[-1]
    if last.end() == len(sentence):
        return sentence[: last.start()]
    return sentence[first.end() :] if first.start() == 0 else sentence
