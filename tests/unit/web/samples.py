"""Chunks and answers that the tests of the web room share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rag.schema import Answer, Chunk, Citation, Retrieved, Trace


def chunk(body: str, *, source: str = "contracts/meridian.md", title: str = "Meridian", heading: str = "Term") -> Chunk:
    """A chunk that begins at offset 100 of its document and carries a context line."""
    text = f"{title} > {heading}\n\n{body}"
    return Chunk(f"id-{source}-{len(body)}", text, source, source.split("/")[0], title, heading, 100, 100 + len(body))


def citation(n: int, of: Chunk, quote: str, score: float = 0.75) -> Citation:
    start = of.start + of.body.index(quote)
    return Citation(n, quote, start, start + len(quote), of, score)


TERM = chunk("It ends on **30 June 2027**. Notice is due ninety days before.")
OWNER = chunk("Ingrid owns it.", source="employees/ingrid.md", title="Ingrid Solheim", heading="Ingrid Solheim > Role")

ANSWER = Answer(
    question="When does it end?",
    text="On 30 June 2027 [1]. Ask Ingrid [2].",
    citations=(
        citation(1, TERM, "It ends on **30 June 2027**.", 0.81),
        citation(1, TERM, "Notice is due ninety days before.", 0.81),
        citation(2, OWNER, "Ingrid owns it.", 0.4),
    ),
    retrieved=(Retrieved(TERM, 0.81), Retrieved(OWNER, 0.4)),
    llm="Quotes from the documents",
    generation="gen-1",
    trace=Trace(
        "When does the Meridian agreement end?",
        "System: be brief\n\nUser: <b>when</b>",
        {"retrieve": 41.7},
        612.0,
        9,
        41.3,
        1622.4,
    ),
)


def answer(**changes: Any) -> Answer:
    return replace(ANSWER, **changes)
