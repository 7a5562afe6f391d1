"""python -m benchmarks.ablation: the plain recipe, then one stage of the search after the other, on each set of questions.

Every row but the first searches the same chunks, cut by structure. Misspelled: every question with two words misspelled, the
same ones every time. A further set (`--set KNOWLEDGE_BASE QUESTIONS`) is measured by its references.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.plain import PlainRecipe
from benchmarks.stores import QUESTIONS
from rag.config import Settings
from rag.documents.load import load
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.run import PLAIN, Lodestar, Row, Side, run
from rag.index.embed import open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.schema import Document

SECOND = Path(__file__).parent / "second"
_BARE = {"spelling": False, "telling": False, "sentence_share": 0}
STAGES: dict[str, dict[str, Any]] = {
    "cut by structure, vectors": {**_BARE, "words_share": 0, "rerank": False, "neighbours_share": 0},
    "+ BM25": {**_BARE, "rerank": False, "neighbours_share": 0},
    "+ late interaction": {**_BARE, "neighbours_share": 0},
    "+ neighbours": _BARE,
    "+ spelling": {"telling": False, "sentence_share": 0},
    "+ what tells": {"sentence_share": 0},
    "+ best sentences: the default": {},
    "default without BM25": {"words_share": 0},
    "default without late interaction": {"rerank": False},
    "default without neighbours": {"neighbours_share": 0},
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    parser = argparse.ArgumentParser(description="What each stage of the search adds.")
    parser.add_argument(
        "--set", nargs=2, type=Path, action="append", metavar=("KNOWLEDGE_BASE", "QUESTIONS"), default=[]
    )
    parser.add_argument("-k", type=int, default=10)
    arguments = parser.parse_args()
    sets = [
        (Path("knowledge-base"), QUESTIONS),
        (SECOND / "knowledge-base", SECOND / "questions.jsonl"),
        *arguments.set,
    ]
    with tempfile.TemporaryDirectory() as folder:
        for n, (base, questions) in enumerate(sets):
            asked = [replace(question, reworded="") for question in read_questions(questions) if question.measurable]
            plain, sides = _sides(base, Path(folder) / str(n))
            print(f"\n{base}: {len(asked)} questions, k={arguments.k}, {_sizes(sides)}")
            if all(question.keywords for question in asked):
                _by_keywords(asked, sides, arguments.k)
            else:
                _by_references(asked, sides, arguments.k)
            plain.close()


def _sides(base: Path, folder: Path) -> tuple[PlainRecipe, dict[str, Side]]:
    settings = Settings.load(env={}, dotenv=None, knowledge_base=base, index=folder)
    embedder = open_embedder(settings)
    index = OpenIndex(ingest(settings).folder)
    exact = open_embedder(settings.model_copy(update={"precision": "float32"}))  # sentence-transformers' own numbers
    plain = PlainRecipe([item for item in load(base) if isinstance(item, Document)], exact)
    stages = {name: Lodestar(index, embedder, settings.model_copy(update=off)) for name, off in STAGES.items()}
    return plain, {PLAIN: plain, **stages}


def _sizes(sides: dict[str, Side]) -> str:
    plain, ours = (len(side.chunks) for side in list(sides.values())[:2])
    return f"{ours} chunks, {plain} of the plain recipe"


def _by_keywords(asked: Sequence[Question], sides: dict[str, Side], k: int) -> None:
    rows = run(asked, sides, k)
    wrong = run([misspelled(question) for question in asked if question.category != "misspelled"], sides, k)
    print("| | MRR dev | MRR held out | nDCG dev | nDCG held out | keywords dev | keywords held out | misspelled MRR |")
    print("|---|---|---|---|---|---|---|---|")
    for side in sides:
        cells = [_mean(rows, side, key, split) for key in ("mrr", "ndcg", "coverage") for split in ("dev", "held_out")]
        _line(side, [*cells, _mean(wrong, side, "mrr")])


def _by_references(asked: Sequence[Question], sides: dict[str, Side], k: int) -> None:
    rows = run(asked, sides, k)
    halves = {"one half": rows[::2], "the other": rows[1::2]}
    keys = {"recall in 4,000": "recall_budget", "recall at 5": "recall_5", "IoU at 5": "iou_5"}
    heads = [f"{name}, {half}" for name in keys for half in halves]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for side in sides:
        _line(side, [_mean(half, side, key) for key in keys.values() for half in halves.values()])


def _line(side: str, cells: Sequence[float]) -> None:
    print(
        f"| {'plain recipe' if side == PLAIN else side} | {' | '.join(f'{cell:.3f}' for cell in cells)} |", flush=True
    )


def _mean(rows: Sequence[Row], side: str, key: str, split: str = "") -> float:
    values = [row.results[side].figures[key] for row in rows if split in ("", row.question.split)]
    return statistics.fmean(values) if values else float("nan")


def misspelled(question: Question) -> Question:
    """The question with one slip of the fingers in each of two of its longer words; the same for the same question."""
    chance = random.Random(question.question)
    words = list(re.finditer(r"[A-Za-z]{5,}", question.question))
    text = question.question
    for match in sorted(chance.sample(words, min(2, len(words))), key=lambda match: -match.start()):
        text = text[: match.start()] + _slip(match[0], chance) + text[match.end() :]
    return replace(question, question=text, reworded="")


def _slip(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    slips = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + chance.choice(_LETTERS) + word[at + 1 :],
    )
    return chance.choice(slips)


if __name__ == "__main__":
    main()
