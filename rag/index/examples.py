"""First questions worth asking, drawn from the headings of what was indexed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rag.schema import Chunk

_NUMBERING = re.compile(
    r"^(?:\d+(?:\.\d+)+[.)]?\s+|\d+[.)]\s*|[A-Z][.)]\s+|(?:part|step|section|clause)\s+\d+[:.]?\s*)", re.I
)


def example_questions(chunks: Sequence[Chunk], count: int = 4) -> list[str]:
    """Questions that the index can answer, each from another doc_type as far as they reach."""
    by_type: dict[str, dict[str, Chunk]] = {}
    for chunk in chunks:
        question = question_about(chunk, least=2)
        if not question or len(chunk.title) > 60 or len(chunk.body) <= 150:
            continue
        by_type.setdefault(chunk.doc_type, {}).setdefault(question, chunk)
    ordered = [sorted((_awkwardness(q, chunk), q) for q, chunk in questions.items()) for questions in by_type.values()]
    # The doc_type with the best question comes first, then each has its turn.
    mixed = [entry[1] for row in zip_longest(*sorted(ordered)) for entry in row if entry]
    return list(dict.fromkeys(mixed))[:count]


def question_about(chunk: Chunk, least: int = 1) -> str:
    """A question that the chunk answers, made of its title and heading; empty where that says too little or too much.

    `least`: so many words of a heading say enough.
    """
    heading = _NUMBERING.sub("", chunk.heading.rpartition(" > ")[2]).strip(" .:")
    if not least <= len(heading.split()) <= 7 or heading == chunk.title:
        return ""
    if heading.endswith("?"):  # out of its document it needs the subject in front
        return f"{chunk.title}: {_lower_first(heading)}"
    return f"What does \u201c{chunk.title}\u201d say about {_lower_first(heading)}?"


def _awkwardness(question: str, chunk: Chunk) -> tuple[int, int, int]:
    """Numbers and marks in a title read badly on a button, a heading that says "he" or "it" says little there."""
    marks = bool(re.search(r"[\d():,>|*_`]", chunk.title))
    vague = bool(
        re.search(r"\b(?:he|she|it|its|they|them|us|we|this|that|there)\b", question[len(chunk.title) :], re.I)
    )
    return 2 * marks + vague, len(chunk.title) // 12, abs(len(question) - 55)


def _lower_first(heading: str) -> str:
    first, _, rest = heading.partition(" ")
    ordinary = first[:1].isupper() and first[1:].islower() and first.lower() in _ORDINARY
    return f"{first.lower()} {rest}".strip() if ordinary else heading


# Words that open a heading with a capital but are no names.
_ORDINARY = frozenset(
    "a about after all an and any before how if in of on the this to what when where which who why with our your its "
    "carrying getting making taking using ordering paying asking choosing setting keeping leaving moving working reading "
    "costs limits dates prices terms rules steps parts people places things notes background summary scope".split()
)
