"""python -m benchmarks.retrieval: Lodestar's search against the plain recipe, on the questions of this folder.

Both sides run in one process on the same files with the same model, question by question in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.metrics import coverage, ndcg, reciprocal_rank
from benchmarks.plain import PlainRecipe
from rag.answering.condense import condense
from rag.config import Settings
from rag.index.embed import open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.hybrid import retrieve
from rag.schema import Turn

QUESTIONS = Path(__file__).parent / "questions.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description="Lodestar's search against the plain recipe.")
    parser.add_argument("--knowledge-base", type=Path, default=Path("knowledge-base"))
    parser.add_argument("-k", type=int, default=10)
    arguments = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.open(encoding="utf-8")]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(env={}, dotenv=None, knowledge_base=arguments.knowledge_base, index=Path(folder))
        index = OpenIndex(ingest(settings).folder)
        embedder = open_embedder(settings)
        plain = PlainRecipe(arguments.knowledge_base, embedder)
        every = [chunk.text for chunk in index.chunks]
        rows: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
        times: dict[str, list[float]] = defaultdict(list)
        for question in questions:
            if question["category"] == "unanswerable":
                continue
            query = query_of(question)
            for side in ("plain recipe", "Lodestar"):
                started = time.perf_counter()
                if side == "Lodestar":
                    texts = [item.chunk.text for item in retrieve(query, index, embedder, arguments.k)]
                else:
                    texts = plain.search(query, arguments.k)
                times[side].append((time.perf_counter() - started) * 1000)
                words = question["keywords"]
                pool = every if side == "Lodestar" else plain.texts
                figures = (reciprocal_rank(texts, words), ndcg(texts, words, pool), coverage(texts, words))
                for group in (question["split"], question["category"]):
                    rows[group, side].append(figures)
    print(f"{len(every)} chunks, {len(plain.texts)} of the plain recipe; k={arguments.k}")
    print(f"{'':14s}{'':>4s}  {'plain recipe':^26s}  {'Lodestar':^26s}")
    print(f"{'':14s}{'n':>4s}  {'MRR':>8s} {'nDCG':>8s} {'coverage':>8s}  {'MRR':>8s} {'nDCG':>8s} {'coverage':>8s}")
    for group in ("dev", "held_out", *sorted({q["category"] for q in questions} - {"unanswerable"})):
        cells = [_means(rows[group, side]) for side in ("plain recipe", "Lodestar")]
        print(
            f"{group:14s}{len(rows[group, 'Lodestar']):4d}  "
            + "  ".join(" ".join(f"{v:8.3f}" for v in c) for c in cells)
        )
    medians = {side: statistics.median(values) for side, values in times.items()}
    print("median ms a search: " + ", ".join(f"{side} {value:.1f}" for side, value in medians.items()))


def query_of(question: dict[str, Any]) -> str:
    """What is searched for: a follow-up is made to stand alone as the embedded default does it."""
    turns = [Turn(turn["question"], turn["answer"]) for turn in question.get("turns", [])]
    return condense(question["question"], turns)


def _means(figures: list[tuple[float, float, float]]) -> list[float]:
    return [statistics.fmean(column) for column in zip(*figures, strict=True)]


if __name__ == "__main__":
    main()
