"""What could be asked next: what the model proposed, else about what lay close to the question and was not quoted."""

from __future__ import annotations

from rag.answering.suggestions import LONGEST
from rag.index.examples import question_about
from rag.schema import Answer

_COUNT = 3


def follow_ups(answer: Answer, asked: frozenset[str] = frozenset()) -> list[str]:
    """Up to three questions, best first, each about another place; none after a fault. `asked`: what need not be asked again."""
    if answer.fault:
        return []
    quoted = {citation.chunk.chunk_id for citation in answer.citations}
    sources = {citation.chunk.source for citation in answer.citations}
    # First other places of the documents that were quoted, then the documents beside them.
    close = sorted(answer.retrieved, key=lambda found: found.chunk.source not in sources)
    questions = {question: question for question in answer.suggestions if question not in asked}
    for found in close:
        chunk = found.chunk
        question = question_about(chunk)
        place = f"{chunk.source} {chunk.heading}"
        if question and len(question) <= LONGEST and chunk.chunk_id not in quoted and question not in asked:
            questions.setdefault(place, question)
    return list(dict.fromkeys(questions.values()))[:_COUNT]
