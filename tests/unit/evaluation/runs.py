"""A run over two made-up sides, whose figures can be read off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.evaluation.evaluation import Evaluation
from rag.evaluation.questions import Question
from rag.evaluation.run import OURS, PLAIN, Query, Side, run
from rag.evaluation.summary import summarise
from rag.schema import Chunk, Retrieved
from tests.unit.evaluation.samples import asking, chunk

POOL = [chunk(f"the {word} stands here", source=f"{word}.md") for word in ("otter", "heron", "weir")]


class Listed:
    """A side that finds what it is told to for each query, and notes what it was asked."""

    def __init__(self, found: Mapping[str, Sequence[int]], chunks: Sequence[Chunk] = POOL) -> None:
        self.chunks = chunks
        self.asked: list[tuple[str, int]] = []
        self._found = found

    def search(self, query: Query, k: int) -> list[Retrieved]:
        self.asked.append((query.text, k))
        return [Retrieved(self.chunks[at], 1 / (n + 2)) for n, at in enumerate(self._found.get(query.text, ()))][:k]


QUESTIONS = [
    asking("otter", name="q1", question="Which swims?", category="animals", split="dev"),
    asking("heron", name="q2", question="Which flies?", category="animals", split="held_out"),
    asking("weir", name="q3", question="Which is <b>built</b>?", category="things", split="dev", sources=("weir.md",)),
    asking(name="q4", question="Which sings?", category="unanswerable"),
    asking(name="q5", question="Which is neither?", category="animals"),
]


def evaluation(*, compare: bool = False, questions: Sequence[Question] = QUESTIONS, k: int = 2) -> Evaluation:
    """q1 is found first by ours and second by the plain recipe, q2 by both first, q3 by neither and by plain second."""
    sides: dict[str, Side] = {
        OURS: Listed({"Which swims?": [0, 1], "Which flies?": [1], "Which is <b>built</b>?": [0, 1]})
    }
    if compare:
        sides[PLAIN] = Listed({"Which swims?": [1, 0], "Which flies?": [1], "Which is <b>built</b>?": [0, 2]})
    rows = run(questions, sides, k)
    chunks = {name: len(side.chunks) for name, side in sides.items()}
    return Evaluation("questions.jsonl", "", questions, ("A note.",), rows, summarise(rows, chunks, k))
