"""The embedded default: a chat model that answers by quoting. It reads the same prompt as any other model.

Each sentence of the sources is scored by what it shares with the question in words (rare ones count more) and in meaning, by
how well its source was found, and by whether it holds the kind of thing that was asked for. The best are quoted, three at
most, fewer where the first one stands out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.answering.prompts import REFUSAL, read_back
from rag.documents.sentences import sentences
from rag.index.embed import Vectors
from rag.index.lexical import query_words, words

MOST = 3
"""Quoted sentences in an answer, at most."""

_WORDS, _MEANING, _FOUND, _KIND = 0.35, 0.38, 0.12, 0.15
_CONTEXT = 0.5  # a question word in the title or heading counts half of one in the sentence
_READ = 24  # sentences read for their meaning
_CLOSE = 0.72  # a further sentence must reach this share of the best one's score
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SMALL_NUMBERS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|none|twice|once"
# What a question asks for -> how a sentence that holds such a thing looks.
_ASKS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(r"\b(?:how much|price|costs?|worth|budget|fees?|rent|pay)\b", re.I),
        re.compile(r"[£$€]\s?\d|\d\s?(?:p|%)\b|\b[A-Z]{3} \d"),
    ),
    (
        re.compile(r"\b(?:when|what (?:date|day|year|month|time)|expires?|ends?|begins?|starts?)\b", re.I),
        re.compile(rf"\b(?:\d{{4}}|\d{{1,2}}:\d\d|{_DAYS}|{_MONTHS})\b", re.I),
    ),
    (
        re.compile(
            r"\b(?:how (?:many|long|often|far|high|deep|big|fast|old)|percentage|share|number|range|limit)\b", re.I
        ),
        re.compile(rf"\d|\b(?:{_SMALL_NUMBERS})\b", re.I),
    ),
    (re.compile(r"\b(?:who|whom|whose)\b", re.I), re.compile(r"\b[A-Z][\w'’-]+ [A-Z][\w'’-]+")),
)


_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.)]?\s+(?=\D)")


@dataclass(frozen=True, slots=True)
class _Candidate:
    n: int
    text: str
    about: str
    """Title and heading above the sentence."""


class ExtractiveChat(BaseChatModel):
    """A chat model without a language model: it quotes the sentences of its prompt's sources that answer the question."""

    embed: Callable[[Sequence[str]], Vectors]

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
        for word in re.findall(r"\s*\S+\s*$|\s*\S+", self._answer(messages)):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word))
            if run_manager:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk

    def _answer(self, messages: list[BaseMessage]) -> str:
        read = read_back(str(messages[-1].content))
        return quote(read.question, read.sources, self.embed)


def quote(question: str, sources: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> str:
    """The best sentences of `sources` for `question`, each with its `[n]`; REFUSAL where there is none to choose from."""
    candidates = [candidate for n, source in enumerate(sources, 1) for candidate in _candidates(n, source)]
    if not candidates:
        return REFUSAL
    scores = _scores(question, candidates, embed)
    best = _choose(candidates, scores)
    lines = [f"{_shown(candidate)} [{candidate.n}]" for candidate in best]
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def _candidates(n: int, source: str) -> Iterator[_Candidate]:
    about: list[str] = []
    header: list[str] = []
    lines = source.split("\n")
    told = 0
    if len(lines) > 1 and not lines[0].startswith(("#", "|", "-", "*", ">")):
        about, told = [_NUMBER.sub("", part) for part in lines[0].split(" > ")], len(lines[0])
    for start, end in sentences(source):
        if end <= told:
            continue
        text = source[start:end]
        if text.startswith("#"):
            about = [*about[:1], _NUMBER.sub("", text.lstrip("# "))]
        elif text.startswith("|"):
            cells = _cells(text)
            if set(text) <= set("|-: "):
                continue
            following = source[end:].lstrip().split("\n", 1)[0]
            if following and set(following) <= set("|-: "):
                header = cells
            elif any(cells):
                yield _Candidate(n, _row(header, cells), " > ".join(about))
        else:
            header = []
            text = re.sub(r"^(?:[-*+]|\d+[.)]|>)\s+", "", text)
            if any(character.isalnum() for character in text):
                yield _Candidate(n, text, " > ".join(about))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _row(header: list[str], cells: list[str]) -> str:
    """A table's row as a sentence: the first cell names it, the others follow with their columns' names."""
    if len(cells) == 2 and (len(header) < 2 or not any(header)):
        return f"{cells[0]}: {cells[1]}"
    named = zip(header[1:] + [""] * len(cells), cells[1:], strict=False)
    rest = "; ".join(f"{name}{': ' if name[-1:].isalnum() else ''}{cell}" for name, cell in named if cell)
    first = f"{header[0]} {cells[0]}" if header and header[0] and cells[0].isdigit() else cells[0]
    return f"{first}: {rest}" if first and rest else first or rest


def _scores(question: str, candidates: Sequence[_Candidate], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
    wanted = query_words(question)
    held = [set(words(candidate.text)) for candidate in candidates]
    above = [set(words(candidate.about)) for candidate in candidates]
    frequency = Counter(word for text in held for word in text)
    weight = {word: math.log(1 + len(candidates) / (1 + frequency[word])) for word in wanted}
    total = sum(weight.values()) or 1.0
    asked = [holds for asks, holds in _ASKS if asks.search(question)]
    scores = np.zeros(len(candidates), np.float32)
    for i, candidate in enumerate(candidates):
        shared = sum(
            w * (1.0 if word in held[i] else _CONTEXT if word in above[i] else 0.0) for word, w in weight.items()
        )
        kind = sum(1 for holds in asked if holds.search(candidate.text)) / len(asked) if asked else 0.0
        scores[i] = _WORDS * shared / total + _FOUND / (1 + 0.25 * (candidate.n - 1)) + _KIND * kind
    # Meaning costs a pass of the model: only what may still win is read.
    likely = np.argsort(-scores, kind="stable")[:_READ]
    vectors = embed([question, *(f"{candidates[i].about}: {candidates[i].text}" for i in likely)])
    scores[likely] += _MEANING * np.clip(vectors[1:] @ vectors[0], 0, 1)
    return scores


def _choose(candidates: Sequence[_Candidate], scores: Vectors) -> list[_Candidate]:
    order = [int(i) for i in np.argsort(-scores, kind="stable")]
    chosen: list[int] = []
    for i in order:
        if len(chosen) == MOST or (chosen and scores[i] < _CLOSE * scores[order[0]]):
            break
        if not any(_same(candidates[i].text, candidates[j].text) for j in chosen):
            chosen.append(i)
    return [candidates[i] for i in chosen]


def _same(one: str, other: str) -> bool:
    first, second = set(words(one)), set(words(other))
    return len(first & second) > 0.8 * min(len(first), len(second))


def _shown(candidate: _Candidate) -> str:
    """The sentence, with what it is about in front where it does not say so itself."""
    text = " ".join(candidate.text.split())
    title = candidate.about.split(" > ")[0]
    if not title or set(words(title)) & set(words(text)):
        return text
    return f"**{candidate.about}:** {text}"
