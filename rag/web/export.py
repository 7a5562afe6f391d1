"""A conversation as a Markdown file: questions, answers, and below each answer the passages that its numbers stand for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rag.schema import Answer, Citation
from rag.web import record
from rag.web.answer_text import PAGE_SPEAKS, plain
from rag.web.history import Message, text_of
from rag.web.labels import place_label


def exported(messages: Sequence[Message], on: date) -> str:
    """The whole conversation; what the page itself said stands as it stood."""
    answers = dict(record.answers(messages))
    parts: list[str] = []
    turn = 0
    for message in messages:
        if message.get("role") == "user":
            parts.append(f"## {' '.join(text_of(message).split())}")
        elif message.get("role") == "assistant":
            turn += 1
            parts.append(_answer(text_of(message), answers.get(turn)))
    return f"# Conversation of {on:%-d %B %Y}\n\n" + "\n\n".join(parts) + "\n"


def _answer(shown: str, answer: Answer | None) -> str:
    if answer is None:
        _, page_speaks, notice = shown.partition(PAGE_SPEAKS)
        return "\n\n".join(part for part in (plain(shown), notice.strip() if page_speaks else "") if part)
    parts = [answer.text, f"*{answer.fault}*" if answer.fault else ""]
    parts += [
        f"*Not borne out by the sources: \u201c{answer.text[d.start : d.end]}\u201d {d.why}*" for d in answer.doubts
    ]
    parts += [_source(citation) for citation in answer.citations]
    return "\n\n".join(part for part in parts if part)


def _source(citation: Citation) -> str:
    quote = "\n".join(f"> {line}".rstrip() for line in citation.quote.splitlines())
    return f"[{citation.n}] {place_label(citation.chunk)} (`{citation.chunk.source}`)\n\n{quote}"
