"""One question on its way: a stream of pieces from the assistant becomes a growing message in the chat."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from rag.answering.follow_ups import follow_ups
from rag.answering.respelled import respelled
from rag.schema import Answer, LodestarError, Notice
from rag.web import record
from rag.web.answer_text import linked, with_notice, with_sources
from rag.web.history import Message, next_turn, text_of, turns
from rag.web.needs import Assistant

MOST_CHARACTERS = 4_000

_CHANGED = "The index has changed since your last question. This answer comes from the new one; those above it may not hold any more."

_log = logging.getLogger(__name__)


async def ask(
    assistant: Assistant,
    question: str,
    history: Sequence[Message],
    doc_type: str | None,
    llm: str | None,
    *,
    on_page: bool,
) -> AsyncIterator[str | dict[str, Any]]:
    """Yield the answer so far, again and again.

    `on_page`: messages for the chat, the last one carrying the whole Answer for the sources panel. Otherwise plain text
    for a program, with the sources named below it. Never raises for what can go wrong with an answer: it says so.
    """
    question = question.strip()
    turn = next_turn(history)
    said = ""
    if not question:
        yield _shown("", "Type a question first.", on_page)
        return
    if len(question) > MOST_CHARACTERS:
        sentence = f"Please keep a question under {MOST_CHARACTERS:,} characters; this one has {len(question):,}."
        yield _shown("", sentence, on_page)
        return
    try:
        # A program shows no suggestions, so none are asked for.
        asked_with = {"doc_type": doc_type or None, "llm": llm or None}
        stream = assistant.stream(question, turns(history), **asked_with, suggest=on_page)
        # Closing matters: it is how a closed tab or the stop button reaches the endpoint.
        async with aclosing(cast("AsyncGenerator[str | Notice | Answer]", stream)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    yield _finished(piece, turn, history, on_page)
                    return
                if isinstance(piece, Notice):
                    yield _shown(linked(said, turn) if on_page else said, piece.text, on_page)
                    continue
                said += piece
                if said.strip():
                    yield {"role": "assistant", "content": linked(said, turn)} if on_page else said
    except LodestarError as error:
        yield _shown(linked(said, turn) if on_page else said, str(error), on_page)
    except Exception:
        _log.exception("The question could not be answered")
        sentence = "Something went wrong while answering. Please try again; the terminal says what happened."
        yield _shown(linked(said, turn) if on_page else said, sentence, on_page)


def told(sentence: str, *, on_page: bool) -> str | dict[str, Any]:
    """A sentence of the page's own in place of an answer; no part of the conversation that a model reads."""
    return _shown("", sentence, on_page)


def _finished(answer: Answer, turn: int, history: Sequence[Message], on_page: bool) -> str | dict[str, Any]:
    if not on_page:
        sources = {citation.n: citation.chunk.source for citation in answer.citations}
        if answer.fault:
            return with_notice(answer.text, answer.fault, on_page=False)
        return with_sources(answer.text, sources)
    text = linked(answer.text, turn, answer.doubts)
    notice = answer.fault or " ".join(
        filter(None, [respelled(answer.trace), _CHANGED if _changed(answer, history) else ""])
    )
    asked = frozenset(text_of(message).strip() for message in history if message.get("role") == "user")
    return {
        "role": "assistant",
        "content": with_notice(text, notice) if notice else text,
        "metadata": record.metadata(answer),
        "options": [{"value": next_one} for next_one in follow_ups(answer, asked)],
    }


def _changed(answer: Answer, history: Sequence[Message]) -> bool:
    """Whether the answer before this one came from another generation of the index."""
    before = [earlier.generation for _, earlier in record.answers(history[-2:]) if earlier.generation]
    return bool(answer.generation and before and before[-1] != answer.generation)


def _shown(text: str, sentence: str, on_page: bool) -> str | dict[str, Any]:
    content = with_notice(text, sentence, on_page=on_page)
    return {"role": "assistant", "content": content} if on_page else content
