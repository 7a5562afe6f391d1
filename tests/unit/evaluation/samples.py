"""Chunks and questions that fit on a line."""

from __future__ import annotations

from rag.evaluation.questions import Question, Reference
from rag.schema import Chunk


def chunk(text: str = "", source: str = "a.md", start: int = 0, end: int | None = None) -> Chunk:
    end = start + len(text) if end is None else end
    return Chunk(f"{source}:{start}", text, source, "general", "Title", "", start, end)


def asking(*keywords: str, name: str = "q1", question: str = "What?", **others: object) -> Question:
    return Question(name, question, keywords=keywords, **others)  # type: ignore[arg-type]


def referring(*spans: tuple[int, int], source: str = "a.md") -> Question:
    references = tuple(Reference(source, start, end) for start, end in spans)
    return Question("q1", "What?", references=references, sources=(source,))
