"""What things are called on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from rag.answering.llm import EXTRACTIVE
from rag.schema import Chunk, LlmChoice, Overview

ALL_DOCUMENTS = ""

_MOST_KINDS = 12
_MOST_MODELS = 3
_CONNECT = (
    "No language model is connected, so answers are quotations. For answers in prose start Ollama, llama.cpp, LM Studio or vLLM "
    "and press <b>Look for models</b>, or set OPENAI_API_KEY."
)


def doc_type_label(doc_type: str) -> str:
    """`meeting-notes` as a person writes it: `Meeting notes`."""
    words = doc_type.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def count(number: int, one: str, many: str = "") -> str:
    """`1 document`, `1,200 documents`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def place_label(chunk: Chunk) -> str:
    """Where a chunk stands: title, then the headings that lead to it, the title not said twice."""
    parts = [part.strip() for part in chunk.heading.split(">") if part.strip()]
    title = chunk.title.strip()
    if title and (not parts or parts[0] != title):
        parts.insert(0, title)
    return " › ".join(parts) or chunk.source


def doc_type_choices(doc_types: Mapping[str, int]) -> list[tuple[str, str]]:
    """The filter's rows, (label, doc_type); the first means no filter."""
    return [("All documents", ALL_DOCUMENTS)] + [
        (f"{doc_type_label(doc_type)} ({count})", doc_type) for doc_type, count in sorted(doc_types.items())
    ]


def llm_choices(llms: Sequence[LlmChoice]) -> list[tuple[str, str]]:
    """The model picker's rows, (label, name)."""
    return [(llm.label, llm.name) for llm in llms]


def looked_for(llms: Sequence[LlmChoice]) -> str:
    """What a look for models found."""
    found = [llm.label for llm in llms if llm.name != EXTRACTIVE]
    if not found:
        return "No model was found: neither Ollama nor llama.cpp, LM Studio or vLLM answers with one on this computer."
    more = len(found) - _MOST_MODELS
    named = ", ".join(found[:_MOST_MODELS]) + (f" and {count(more, 'other')}" if more > 0 else "")
    return f"{count(len(found), 'model')} to choose from: {named}."


def greeting(overview: Overview, llms: Sequence[LlmChoice] = ()) -> str:
    """The page before the first question: what there is to ask about, who answers, and how to have it answered in prose."""
    documents = "1 document" if overview.documents == 1 else f"{overview.documents} documents"
    notice = f'<p class="notice" role="status">{escape(overview.notice, quote=False)}</p>' if overview.notice else ""
    kinds = "".join(
        f"<li>{escape(doc_type_label(doc_type))} <span>{number}</span></li>"
        for doc_type, number in sorted(overview.doc_types.items(), key=lambda kind: -kind[1])[:_MOST_KINDS]
    )
    more = len(overview.doc_types) - _MOST_KINDS
    kinds += f"<li>and {count(more, 'other type')}</li>" if more > 0 else ""
    prose = f'<p class="connect">{_CONNECT}</p>' if len(llms) == 1 else ""
    return (
        "<h1>What would you like to know?</h1>"
        f"<p>Answers come from {documents}, with the passage that proves each one beside it.</p>"
        f'<ul class="kinds" aria-label="Types of documents">{kinds}</ul>{notice}{prose}'
    )


def apology(sentence: str) -> str:
    """The page when there is nothing to answer from; `sentence` says what to do. Words in backticks are commands."""
    pieces = escape(sentence, quote=False).split("`")
    if len(pieces) % 2 == 0:
        return f"<h1>Not ready yet</h1><p>{escape(sentence, quote=False)}</p>"
    said = "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))
    return f"<h1>Not ready yet</h1><p>{said}</p>"
