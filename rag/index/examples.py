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
    by_type: dict[str, list[str]] = {}
    for chunk in chunks:
        heading = _NUMBERING.sub("", chunk.heading.rpartition(" > ")[2]).strip(" .:")
        if heading.endswith("?"):
            question = heading
        elif 2 <= len(heading.split()) <= 7 and len(chunk.title) <= 60 and len(chunk.body) > 150:
            question = f"What does \u201c{chunk.title}\u201d say about {_lower_first(heading)}?"
        else:
            continue
        questions = by_type.setdefault(chunk.doc_type, [])
        if question not in questions:
            questions.append(question)
    # Shorter ones read best on a button; a real question from a document comes before a made one.
    for questions in by_type.values():
        questions.sort(key=lambda question: (question.startswith("What does \u201c"), len(question)))
    mixed = [question for row in zip_longest(*by_type.values()) for question in row if question]
    return list(dict.fromkeys(mixed))[:count]


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
