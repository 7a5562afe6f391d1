"""One question through the chain: deadlines kept, markers resolved, faults told, and the trace of how it went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from rag.answering import chain, faults, waiting
from rag.answering.check_ahead import CheckAhead
from rag.answering.condense import condense
from rag.answering.doubts import doubted
from rag.answering.endings import flaw, refusing
from rag.answering.evidence import Markers, cite, without_markers
from rag.answering.leaning import talk
from rag.answering.llm import Llm
from rag.answering.prompt_room import latest_turns, room_for_sources
from rag.answering.small_talk import reply_to
from rag.answering.suggestions import Suggestions
from rag.answering.waiting import Waiting
from rag.config import Settings
from rag.index.embed import Embedder
from rag.index.open import OpenIndex
from rag.retrieval.abstain import refuses
from rag.retrieval.context import Section, pack
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Answer, Citation, Doubt, LodestarError, Retrieved, Trace, Turn

_CONDENSE_SHARE = 0.25
_MOST_CHARACTERS_PER_TOKEN = 32
"""A server that was asked for so many tokens and sends more characters than these is not going to stop."""


@dataclass
class _Run:
    """What is known of an answer while it is being made."""

    started: float = field(default_factory=time.perf_counter)
    found: list[Section] = field(default_factory=list)
    query: str = ""
    alone: str = ""
    prompt: str = ""
    stages: dict[str, float] = field(default_factory=dict)
    first_token: float = 0.0
    tokens: int = 0
    text: str = ""
    finish: str = ""
    read: int = 0

    def ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    def trace(self) -> Trace:
        ms, first = round(self.ms(), 1), round(self.first_token, 1)
        answering = (ms - first) / 1000 if first else 0.0
        rate = round((self.tokens - 1) / answering, 1) if self.tokens > 1 and answering > 0 else 0.0
        return Trace(self.query, self.prompt, self.stages, first, self.tokens, rate, ms, self.alone)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and all that it is answered with."""

    question: str
    history: Sequence[Turn]
    settings: Settings
    index: OpenIndex
    embedder: Embedder
    llm: Llm
    doc_type: str | None = None

    def found(self, query: str, within: Talk | None = None) -> list[Retrieved]:
        settings = self.settings
        return retrieve(
            query, self.index, self.embedder, settings.k, doc_type=self.doc_type, talk=within, settings=settings
        )

    def refuses(self, query: str, found: Sequence[Retrieved], within: Talk | None = None) -> bool:
        return refuses(query, found, self.index, self.embedder, self.settings, within)

    def spelled(self, text: str) -> str:
        return spelled(text, self.index, self.embedder, self.settings)

    def answerable(self, questions: Sequence[str]) -> list[str]:
        """Those of other questions that this index can answer, as far as it can tell."""
        return [one for one in questions if not self.refuses(one, self.found(one))]


async def answer(
    asked: Asked, emit: Callable[[str], None], *, waits: Waiting | None = None, suggest: bool = False
) -> Answer:
    """Answer from one generation. An endpoint's fault ends in `Answer.fault`, with what had arrived kept in `text`.

    `waits` is told what is waited for, which is no part of the answer. `suggest`: the model is asked, beside the answer, what
    could be asked next.
    """
    if asked.llm.quotes and (reply := reply_to(asked.question)):
        examples = asked.index.manifest.examples if suggest else ()
        return Answer(asked.question, _emitted(reply, emit), suggestions=examples, **_by(asked))
    with ExitStack() as stack:
        waits = waits or stack.enter_context(Waiting(lambda notice: None))
        waiting.NOW.set(waits)
        next_ones = stack.enter_context(Suggestions(asked.llm, asked.question, asked.answerable))
        ahead = stack.enter_context(CheckAhead(asked.embedder, asked.index, asked.question))
        run, order, fault = await _run(asked, emit, waits, ahead, next_ones if suggest else None)
        finished = await asyncio.to_thread(_finished, asked, run, order, fault, ahead)
        return replace(finished, suggestions=() if fault else await next_ones.ready())


async def _run(
    asked: Asked, emit: Callable[[str], None], waits: Waiting, ahead: CheckAhead, next_ones: Suggestions | None
) -> tuple[_Run, Sequence[int], str]:
    """How it went, the order of the sources, and the fault."""
    llm, settings = asked.llm, asked.settings
    history = latest_turns(asked.history, settings.history_turns, llm)
    # A language model reads past misspellings; a reader that compares words does not.
    put = await asyncio.to_thread(asked.spelled, asked.question) if llm.quotes else asked.question
    run = _Run()
    markers: Markers | None = None

    def search(query: str) -> list[Section]:
        run.query = asked.spelled(query)
        # Where no model has rewritten the question, it is searched as it was asked, within the talk.
        within = None
        if query == condense(put, history):
            # A model that could not rewrite the question may have answered the ones before as badly: what was asked is read.
            failed = query != put and not llm.quotes
            query, within = put, talk(put, [Turn(turn.question, "") for turn in history] if failed else history)
        found = asked.found(query, within)
        if llm.quotes and asked.refuses(query, found, within):
            found = []
        run.found = pack(
            found, room_for_sources(settings.max_answer_tokens, llm, history, asked.question), join=not llm.quotes
        )
        return run.found

    fault = ""
    loop = asyncio.get_running_loop()
    end = loop.time() + settings.answer_timeout
    patience = settings.first_token_timeout * _CONDENSE_SHARE
    try:
        async with (
            asyncio.timeout_at(end) as deadline,
            aclosing(chain.run(llm, search, put, history, patience)) as events,
        ):
            async for event in events:
                match event:
                    case chain.Condensing():
                        waits.on(waiting.condensing(llm.label), min(end, loop.time() + patience))
                    case chain.Condensed(query):
                        ahead.searching()
                        waits.on(waiting.searching())
                        run.stages["condense"] = round(run.ms(), 1)
                        run.alone = condense(asked.question, history) if query == condense(put, history) else query
                    case chain.Found():
                        ahead.searched()
                        run.stages["retrieve"] = round(run.ms() - run.stages["condense"], 1)
                        markers = Markers(len(run.found), [*(s.text for s in run.found), asked.question, put])
                    case chain.Asked(prompt):
                        run.prompt = "" if llm.quotes else prompt  # nothing was sent to a model
                        until = min(end, loop.time() + settings.connect_timeout + settings.first_token_timeout)
                        deadline.reschedule(until)
                        waits.on(waiting.first_word(llm.label), until)
                    case chain.Piece(text, finish, read, words) if markers is not None:
                        run.finish = finish or run.finish
                        run.read = read or run.read
                        if text:
                            until = min(end, loop.time() + settings.stall_timeout)
                            deadline.reschedule(until)
                            waits.heard(waiting.next_word(llm.label), until)
                            if next_ones and not run.first_token:
                                next_ones.begin(run.found)
                            run.first_token = run.first_token or run.ms()
                            run.tokens += 0 if llm.quotes else words
                            most = settings.max_answer_tokens * _MOST_CHARACTERS_PER_TOKEN
                            run.text += _emitted(markers.feed(text[: most + 1 - len(run.text)]), emit)
                            if not llm.quotes:
                                ahead.feed(run.text, markers.order, run.found)
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


def _finished(asked: Asked, run: _Run, order: Sequence[int], fault: str, ahead: CheckAhead) -> Answer:
    run.stages["answer"] = round(run.ms() - sum(run.stages.values()), 1)
    text = run.text.strip()
    refused = bool(text) and not fault and refusing(text)
    citations: tuple[Citation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    if refused:
        text = without_markers(text)
    elif text:
        text, citations = cite(text, order, run.found)
        text, citations, doubts = doubted(text, citations, ahead.evidence(run.found))
        # What can only quote says what its source says; another source may say otherwise. A sentence cut off is not judged.
        doubts = tuple(d for d in doubts if (d.disputed or not asked.llm.quotes) and (not fault or d.end < len(text)))
        run.stages["check"] = round(run.ms() - sum(run.stages.values()), 1)
    return Answer(
        question=asked.question,
        text=text,
        citations=citations,
        doubts=doubts,
        refused=refused,
        fault=fault,
        retrieved=tuple(sorted((item for section in run.found for item in section.chunks), key=lambda i: -i.score)),
        trace=run.trace(),
        **_by(asked),
    )


def _by(asked: Asked) -> dict[str, Any]:
    return {"llm": asked.llm.choice.label, "generation": asked.index.name}


def _emitted(text: str, emit: Callable[[str], None]) -> str:
    if text:
        emit(text)
    return text
