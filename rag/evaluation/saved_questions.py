"""How the questions that people saved fare on an index, told cheaply: a search for each, and no model."""

from __future__ import annotations

from typing import NamedTuple

from rag.config import Settings
from rag.evaluation.questions import read_questions
from rag.evaluation.run import query_of
from rag.index.embed import open_embedder
from rag.index.open import IndexReader
from rag.retrieval.hybrid import retrieve

FIRST = 3
"""How many documents are looked at."""
_MOST = 200
"""Questions: a search takes some milliseconds, and an ingest should not wait for a thousand of them."""


class Fared(NamedTuple):
    """Of `asked` questions that name a document, how many find it among the first."""

    asked: int
    found: int


def fared(settings: Settings) -> Fared | None:
    """The newest of the saved questions, on the published index. None where there are none that name a document.

    Raises LodestarError where the file or the index cannot be read.
    """
    if not settings.feedback.is_file():
        return None
    questions = [question for question in read_questions(settings.feedback) if question.sources][-_MOST:]
    if not questions:
        return None
    embedder = open_embedder(settings)
    index = IndexReader(settings.index, embedder).current()
    found = 0
    for question in questions:
        query = query_of(question)
        retrieved = retrieve(query.asked, index, embedder, settings.k, talk=query.talk, settings=settings)
        sources = list(dict.fromkeys(item.chunk.source for item in retrieved))[:FIRST]
        found += not set(question.sources).isdisjoint(sources)
    return Fared(len(questions), found)


def sentence(fared: Fared, more: str) -> str:
    """In words, and where `more` of it is told."""
    if fared.asked == 1:
        return f"Your saved question {'finds' if fared.found else 'does not find'} its document among the first three; {more}."
    verb = "finds its" if fared.found == 1 else "find their"
    return f"Of your {fared.asked:,} saved questions {fared.found:,} {verb} document among the first three; {more}."
