"""The folded view under the sources: how an answer was found, for whoever wants to look behind it."""

from __future__ import annotations

from html import escape

from rag.schema import Answer
from rag.web.labels import doc_type_label, place_label


def found_html(answer: Answer) -> str:
    """Question as searched, times, what was retrieved, and the exact prompt; folded."""
    return (
        '<details class="found"><summary>How this answer was found</summary>'
        f"{_query(answer)}{_figures(answer)}{_retrieved(answer)}{_prompt(answer)}</details>"
    )


def _query(answer: Answer) -> str:
    query = answer.trace.query.strip()
    if not query or query == answer.question.strip():
        return ""
    return f"<h4>Searched for</h4><p>{escape(query)}</p>"


def _figures(answer: Answer) -> str:
    trace = answer.trace
    rows = [(stage.replace("_", " ").capitalize(), _duration(ms)) for stage, ms in trace.stages.items()]
    if trace.first_token_ms:
        rows.append(("First word after", _duration(trace.first_token_ms)))
    if trace.ms:
        rows.append(("Whole answer", _duration(trace.ms)))
    if trace.tokens_per_second:
        rows.append(("Speed", f"{trace.tokens_per_second:.0f} tokens a second"))
    rows += [(name, value) for name, value in (("Answered by", answer.llm), ("Index", answer.generation)) if value]
    if not rows:
        return ""
    return (
        "<h4>Time</h4><dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
        + "</dl>"
    )


def _duration(ms: float) -> str:
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def _retrieved(answer: Answer) -> str:
    if not answer.retrieved:
        return "<h4>Retrieved</h4><p>Nothing was found to answer from.</p>"
    number_of = {citation.chunk.chunk_id: citation.n for citation in answer.citations}
    rows = "".join(
        f"<tr><td>{rank}</td><td>{found.score:.2f}</td>"
        f"<td>{escape(place_label(found.chunk))}<small>{escape(doc_type_label(found.chunk.doc_type))}, "
        f"{escape(found.chunk.source)}</small></td>"
        f"<td>{f'[{number_of[found.chunk.chunk_id]}]' if found.chunk.chunk_id in number_of else ''}</td></tr>"
        for rank, found in enumerate(answer.retrieved, 1)
    )
    head = "<tr><th>Rank</th><th>Score</th><th>Passage</th><th>Cited</th></tr>"
    return f'<h4>Retrieved</h4><div class="table"><table>{head}{rows}</table></div>'


def _prompt(answer: Answer) -> str:
    if not answer.trace.prompt:
        return ""
    return f"<h4>Exact prompt</h4><pre>{escape(answer.trace.prompt)}</pre>"
