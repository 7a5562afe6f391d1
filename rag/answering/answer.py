"""One question through the chain: deadlines kept, markers resolved, faults told, and the trace of how it went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from rag.answering import chain, faults, waiting
from rag.answering.condense import condense, leaning
from rag.answering.doubts import doubted
from rag.answering.endings import flaw, refusing
from rag.answering.evidence import Markers, cite, without_markers
from rag.answering.llm import Llm
from rag.answering.meeting import Meet, meet
from rag.answering.prompts import SYSTEM
from rag.answering.suggestions import Suggestions
from rag.answering.waiting import Waiting
from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.retrieval.abstain import refuses
from rag.retrieval.context import Section, pack
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Answer, Citation, Doubt, LodestarError, Retrieved, Trace, Turn

_CHARACTERS_PER_TOKEN = 3.5
_HISTORY_SHARE = 0.25
_CONDENSE_SHARE = 0.25
_MOST_CHARACTERS_PER_TOKEN = 32
"""A server that was asked for so many tokens and sends more characters than these is not going to stop."""


@dataclass
class _Run:
    """What is known of an answer while it is being made."""

    started: float = field(default_factory=time.perf_counter)
    found: list[Section] = field(default_factory=list)
    query: str = ""
    prompt: str = ""
    stages: dict[str, float] = field(default_factory=dict)
    first_token: float = 0.0
    tokens: int = 0
    text: str = ""
    finish: str = ""
    read: int = 0
    refused: bool = False

    def ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    def trace(self) -> Trace:
        ms = self.ms()
        answering = (ms - self.first_token) / 1000 if self.first_token else 0.0
        rate = (self.tokens - 1) / answering if self.tokens > 1 and answering > 0 else 0.0
        return Trace(
            self.query, self.prompt, self.stages, round(self.first_token, 1), self.tokens, round(rate, 1), round(ms, 1)
        )


async def answer(
    question: str,
    history: Sequence[Turn],
    settings: Settings,
    index: OpenIndex,
    embedder: Embedder,
    llm: Llm,
    emit: Callable[[str], None],
    *,
    doc_type: str | None = None,
    waits: Waiting | None = None,
    suggest: bool = False,
) -> Answer:
    """Answer from one generation. An endpoint's fault ends in `Answer.fault`, with what had arrived kept in `text`.

    `waits` is told what is waited for, which is no part of the answer. `suggest`: the model is asked, beside the answer, what
    could be asked next.
    """
    with ExitStack() as stack:
        waits = waits or stack.enter_context(Waiting(lambda notice: None))
        waiting.NOW.set(waits)
        answerable = partial(_answerable, doc_type=doc_type, index=index, embedder=embedder, settings=settings)
        next_ones = stack.enter_context(Suggestions(llm, question, answerable))
        run, order, fault = await _run(
            question, history, settings, index, embedder, llm, emit, doc_type, waits, next_ones if suggest else None
        )
        met = partial(meet, embedder=embedder, stored=lambda: index, exact=False)
        finished = await asyncio.to_thread(_finished, question, run, order, index, llm, fault, met)
        return replace(finished, suggestions=next_ones.ready())


async def _run(
    question: str,
    history: Sequence[Turn],
    settings: Settings,
    index: OpenIndex,
    embedder: Embedder,
    llm: Llm,
    emit: Callable[[str], None],
    doc_type: str | None,
    waits: Waiting,
    next_ones: Suggestions | None,
) -> tuple[_Run, Sequence[int], str]:
    """How it went, the order of the sources, and the fault."""
    history = _bounded(history, settings, llm)
    # A language model reads past misspellings; a reader that compares words does not.
    asked = spelled(question, index, embedder, settings) if llm.quotes else question
    run = _Run()
    markers: Markers | None = None

    def search(query: str) -> list[Section]:
        # Where no model has rewritten the question, it is searched as it was asked, beside what it leans on.
        beside = leaning(asked, history) if query == condense(asked, history) else []
        text = asked if beside else query
        found = retrieve(text, index, embedder, settings.k, doc_type=doc_type, beside=beside, settings=settings)
        if llm.quotes and refuses(query, found, index, embedder, settings):
            found = []
        run.found = pack(found, _room(settings, llm, history, question), join=not llm.quotes)
        return run.found

    fault = ""
    loop = asyncio.get_running_loop()
    end = loop.time() + settings.answer_timeout
    patience = settings.first_token_timeout * _CONDENSE_SHARE
    most = settings.max_answer_tokens * _MOST_CHARACTERS_PER_TOKEN
    try:
        async with (
            asyncio.timeout_at(end) as deadline,
            aclosing(chain.run(llm, search, asked, history, patience)) as events,
        ):
            async for event in events:
                match event:
                    case chain.Condensing():
                        waits.on(waiting.condensing(llm.label), min(end, loop.time() + patience))
                    case chain.Condensed(query):
                        waits.on(waiting.searching())
                        run.stages["condense"] = round(run.ms(), 1)
                        run.query = spelled(query, index, embedder, settings)
                    case chain.Found():
                        run.stages["retrieve"] = round(run.ms() - run.stages["condense"], 1)
                        markers = Markers(len(run.found), [*(section.text for section in run.found), question, asked])
                    case chain.Asked(prompt):
                        run.prompt = prompt
                        until = min(end, loop.time() + settings.connect_timeout + settings.first_token_timeout)
                        deadline.reschedule(until)
                        waits.on(waiting.first_word(llm.label), until)
                    case chain.Piece(text, finish, read) if markers is not None:
                        run.finish = finish or run.finish
                        run.read = read or run.read
                        if text:
                            until = min(end, loop.time() + settings.stall_timeout)
                            deadline.reschedule(until)
                            waits.heard(waiting.next_word(llm.label), until)
                            if next_ones and not run.first_token:
                                next_ones.begin(run.found)
                            run.first_token = run.first_token or run.ms()
                            run.tokens += 1
                            run.text += _emitted(markers.feed(text), emit)
                            if len(run.text) > most:
                                run.finish = "length"
                                break
                    case chain.Finished(whole, _) if not run.found:
                        run.first_token = run.ms()
                        run.text = _emitted(whole, emit)
                        run.finish = "stop"
    except LodestarError as error:
        fault = str(error)
    except Exception as error:  # whatever an endpoint does must end in a sentence, not in a dead conversation
        begun = bool(run.text.strip())
        if begun and deadline.expired() and deadline.when() == end:
            fault = faults.cut_off(llm.label, "time")
        else:
            fault = faults.sentence(error, llm.label, llm.model, begun=begun)
    if markers is not None:
        run.text += _emitted(markers.close(), emit)
    fault = fault or flaw(llm.label, run.text, run.finish, run.prompt, run.read)
    return run, markers.order if markers else [], fault


def _finished(
    question: str, run: _Run, order: Sequence[int], index: OpenIndex, llm: Llm, fault: str, met: Meet
) -> Answer:
    run.stages["answer"] = round(run.ms() - sum(run.stages.values()), 1)
    text = run.text.strip()
    refused = bool(text) and not fault and refusing(text)
    citations: tuple[Citation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    if refused:
        text = without_markers(text)
    elif text:
        text, citations = cite(text, order, run.found)
        text, citations, doubts = doubted(text, citations, run.found, question, met)
        # What can only quote says what its source says; another source may say otherwise. A sentence cut off is not judged.
        doubts = tuple(d for d in doubts if (d.disputed or not llm.quotes) and (not fault or d.end < len(text)))
        run.stages["check"] = round(run.ms() - sum(run.stages.values()), 1)
    return Answer(
        question=question,
        text=text,
        citations=citations,
        doubts=doubts,
        refused=refused,
        fault=fault,
        retrieved=tuple(sorted((item for section in run.found for item in section.chunks), key=lambda i: -i.score)),
        llm=llm.choice.label,
        generation=index.name,
        trace=run.trace(),
    )


def _answerable(
    questions: Sequence[str], doc_type: str | None, index: OpenIndex, embedder: Embedder, settings: Settings
) -> list[str]:
    def found(question: str) -> list[Retrieved]:
        return retrieve(question, index, embedder, settings.k, doc_type=doc_type, settings=settings)

    return [one for one in questions if not refuses(one, found(one), index, embedder, settings)]


def _bounded(history: Sequence[Turn], settings: Settings, llm: Llm) -> list[Turn]:
    """The latest turns that fit, without the numbers of sources that are not in this prompt."""
    room = int(llm.context_tokens * _CHARACTERS_PER_TOKEN * _HISTORY_SHARE)
    kept: list[Turn] = []
    for turn in list(history)[::-1][: settings.history_turns]:
        room -= len(turn.question) + len(turn.answer)
        if room < 0:
            break
        kept.insert(0, Turn(turn.question, without_markers(turn.answer)))
    return kept


def _room(settings: Settings, llm: Llm, history: Sequence[Turn], question: str) -> float:
    """Characters left for sources beside everything else that the model must read and write."""
    said = len(SYSTEM) + len(question) + sum(len(turn.question) + len(turn.answer) for turn in history)
    return (llm.context_tokens - settings.max_answer_tokens - 64) * _CHARACTERS_PER_TOKEN - said


def _emitted(text: str, emit: Callable[[str], None]) -> str:
    if text:
        emit(text)
    return text
