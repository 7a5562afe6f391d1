"""python -m benchmarks.quoting: how well the embedded default quotes, given what the search found; `--fit` fits its weights.

A set is a knowledge base and its questions, one JSON object a line: `references` are the exact spans that answer; `keywords` and
`split` may be there. Where no `split` is, every other question is of the development half. The organisations in
benchmarks/training are there to learn from, and taken whole.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stores import QUESTIONS
from benchmarks.telling import TRAINING
from rag.answering.evidence import Markers, cite, without_markers
from rag.answering.extractive import quote
from rag.answering.meeting import Meet, meet
from rag.answering.sentence_scores import FEATURES, features
from rag.config import Settings
from rag.documents.quotable import Quotable, quotables
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.run import query_of
from rag.index.embed import Vectors, open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.best_sentence import vectors
from rag.retrieval.context import Section
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Citation, Retrieved

FACTUAL = ("direct_fact", "numerical", "temporal", "relationship", "comparative")
_EASE = 10.0  # price of large weights


@dataclass(frozen=True)
class Asked:
    """A question of a set with what was found for it, and how to quote from that."""

    question: Question
    query: str
    talk: Talk | None
    found: list[Retrieved]
    embed: Callable[[Sequence[str]], Vectors]
    meet: Meet
    set_name: str

    @property
    def texts(self) -> list[str]:
        return [item.chunk.text for item in self.found]


def main() -> None:
    parser = argparse.ArgumentParser(description="How well the embedded default quotes.")
    parser.add_argument("--set", nargs=2, type=Path, action="append", metavar=("KNOWLEDGE_BASE", "QUESTIONS"))
    parser.add_argument(
        "--training", action="store_true", help="the eight organisations in benchmarks/training as well"
    )
    parser.add_argument("--split", choices=("dev", "held_out"), default="dev")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--fit", action="store_true", help="fit the weights to these questions and print them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked = []
        for n, (base, questions) in enumerate(arguments.set or [(Path("knowledge-base"), QUESTIONS)]):
            asked += _asked(base, questions, Path(folder) / str(n), arguments.split, arguments.k)
        for made in sorted(TRAINING.glob("*/")) if arguments.training else []:
            asked += _asked(
                made / "knowledge-base", made / "questions.jsonl", Path(folder) / made.name, "", arguments.k
            )
        if arguments.fit:
            _fit(asked)
        else:
            for name in dict.fromkeys(one.set_name for one in asked):
                _report([one for one in asked if one.set_name == name], name)


def _asked(base: Path, questions: Path, folder: Path, split: str, k: int) -> list[Asked]:
    """Those of one half, or all where `split` is empty."""
    settings = Settings.load(env={}, dotenv=None, knowledge_base=base, index=folder)
    embedder = open_embedder(settings)
    index = OpenIndex(ingest(settings).folder)
    read = partial(vectors, embedder=embedder)
    asked = []
    for n, question in enumerate(read_questions(questions)):
        half = question.split or ("dev", "held_out")[n % 2]
        if split in ("", half) and question.references:
            query = query_of(question)
            found = retrieve(query.asked, index, embedder, k, talk=query.talk)
            met = partial(meet, embedder=embedder, stored=lambda: index)
            put = spelled(query.asked, index, embedder)
            asked.append(Asked(question, put, query.talk, found, read, met, str(base)))
    return asked


def _report(asked: Sequence[Asked], name: str) -> None:
    rows: dict[str, list[tuple[float, float, float, int, float]]] = {}
    for one in asked:
        started = time.perf_counter()
        text = quote(one.query, one.texts, one.embed, one.meet, one.talk)
        ms = (time.perf_counter() - started) * 1000
        markers = Markers(len(one.found))
        text, citations = cite(markers.feed(text) + markers.close(), markers.order, [Section((i,)) for i in one.found])
        held = [_plain(word) in _plain(without_markers(text)) for word in one.question.keywords]
        share = sum(held) / len(held) if held else 0.0
        row = (float(bool(held) and all(held)), share, _covered(one, citations), text.count("\n") + 1, ms)
        category = one.question.category
        for group in ("all", category, *(["factual"] if category in FACTUAL else [])):
            rows.setdefault(group, []).append(row)
    print(f"{name}: all keywords, share of keywords, share of the references, quoted, median ms")
    for group in sorted(rows):
        columns: list[tuple[float, ...]] = list(zip(*rows[group], strict=True))
        *shares, quoted, ms_each = columns
        means = [statistics.fmean(column) for column in shares]
        cells = " ".join(f"{value:7.3f}" for value in means)
        print(f"{group:20s}{len(quoted):4d} {cells} {statistics.fmean(quoted):6.2f} {statistics.median(ms_each):7.1f}")


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _covered(one: Asked, citations: Sequence[Citation]) -> float:
    """Share of the characters of the references that the quotes show."""
    shown = {(c.chunk.source, at) for c in citations for at in range(c.start, c.end)}
    wanted = [(r.source, at) for r in one.question.references for at in range(r.start, r.end)]
    return sum(place in shown for place in wanted) / len(wanted)


def _fit(asked: Sequence[Asked]) -> None:
    """Fit on everything, and on all folders but one for each folder in turn, to see that the weights carry over."""
    examples = []
    for one in asked:
        found = quotables(one.texts)
        table, _ = features(one.query, found, one.texts, one.embed, one.meet, one.talk, len(found))
        right = np.array([_answers(one, sentence) for sentence in found])
        folder = f"{one.set_name}/{one.question.references[0].source.split('/')[0]}"
        if right.any():
            examples.append((folder, table, right))
    weights = _fitted([example[1:] for example in examples])
    print("weights: " + ", ".join(f"{name} {value:.2f}" for name, value in zip(FEATURES, weights, strict=True)))
    ranks: list[float] = []
    for folder in sorted({example[0] for example in examples}):
        others = _fitted([example[1:] for example in examples if example[0] != folder])
        for _, table, right in (example for example in examples if example[0] == folder):
            scored = table @ others
            ranks.append(1 / (1 + int((scored > scored[right].max()).sum())))
    print(f"mean reciprocal rank of the first right sentence, each folder by the others: {statistics.fmean(ranks):.3f}")


def _answers(one: Asked, sentence: Quotable) -> bool:
    """Whether more than half of the sentence lies in a reference, or more than half of a reference in it."""
    chunk = one.found[sentence.n - 1].chunk
    before = chunk.start - (len(chunk.text) - (chunk.end - chunk.start))
    start, end = sentence.start + before, sentence.end + before
    return any(
        2 * (min(end, r.end) - max(start, r.start)) > min(end - start, r.end - r.start)
        for r in one.question.references
        if r.source == chunk.source
    )


def _fitted(examples: Sequence[tuple[Vectors, np.ndarray]]) -> Vectors:
    """The weights under which the right sentences have the most of the odds."""
    import torch

    spread = torch.tensor(np.concatenate([table for table, _ in examples]).std(axis=0) + 1e-6)
    tables = [torch.tensor(table) / spread for table, _ in examples]
    rights = [torch.tensor(right) for _, right in examples]
    weights = torch.zeros(len(FEATURES), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        total = _EASE * (weights * weights).sum()
        for table, right in zip(tables, rights, strict=True):
            total = total - torch.logsumexp(torch.log_softmax(table @ weights, 0)[right], 0)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    step: Callable[..., Any] = optimizer.step
    step(loss)
    return np.asarray((weights.detach() / spread).numpy(), np.float32)


if __name__ == "__main__":
    main()
