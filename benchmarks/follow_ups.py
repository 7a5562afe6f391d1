"""python -m benchmarks.follow_ups [--fit]: how well follow-ups are found within their talk, and what tells one that leans on it.

benchmarks/training holds conversations about invented organisations. Their last question either cannot be understood without the
talk or has moved on to something else; questions that were written to be asked by themselves, put behind somebody's talk, have
moved on too. Answers in the conversations are people's; in one column they are what the embedded default quotes, right or wrong.
`--fit` fits the signs of rag/answering/leaning.py, and how they and what is found are weighed in
rag/retrieval/conversation.py; rates are of each organisation predicted by the others. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag.answering.evidence import without_markers
from rag.answering.extractive import quote
from rag.answering.leaning import said, signs, talk
from rag.answering.meeting import meet
from rag.config import Settings
from rag.evaluation.metrics import overlaps, reciprocal_rank
from rag.evaluation.questions import Question, read_questions
from rag.index.embed import Embedder, open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve
from rag.schema import Turn

TRAINING = Path(__file__).parent / "training"
LEANING, MOVED_ON, BY_ITSELF = "follow_up", "new_topic", "by_itself"
_SHORT, _OF_EACH = 3, 30  # as many questions of at most three telling words as of more are put behind a talk
_SURELY = 100.0  # odds of a question that is read within its talk alone
_K = 10


@dataclass(frozen=True)
class Place:
    """One organisation's index, opened."""

    index: OpenIndex
    embedder: Embedder

    def mrr(self, question: Question, text: str, within: Talk | None = None) -> float:
        found = [item.chunk for item in retrieve(text, self.index, self.embedder, _K, talk=within)]
        return reciprocal_rank([[overlaps(chunk, one) for chunk in found] for one in question.references])

    def quoted(self, turns: Sequence[Turn]) -> list[Turn]:
        """The turns with what the embedded default answers, each within those before it."""
        history: list[Turn] = []
        met = partial(meet, embedder=self.embedder, stored=lambda: self.index)
        for turn in turns:
            within = talk(turn.question, history)
            found = retrieve(turn.question, self.index, self.embedder, _K, talk=within)
            texts = [item.chunk.text for item in found]
            answer = without_markers(quote(turn.question, texts, self.embedder.embed, met, within))
            history.append(Turn(turn.question, answer))
        return history

    def best(self, text: str, within: Talk | None) -> float:
        found = retrieve(text, self.index, self.embedder, 1, talk=within)
        return found[0].score if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--fit", action="store_true", help="fit what tells that a question leans on the talk")
    arguments = parser.parse_args()
    sets = {path.parent.name: conversations(path) for path in sorted(TRAINING.glob("*/conversations.jsonl"))}
    (_fit if arguments.fit else _table)(sets)


def conversations(path: Path) -> list[Question]:
    """Those of the file, and questions that were asked by themselves behind the talk of one of them."""
    found = read_questions(path)
    draw = random.Random(0)
    single = [one for one in read_questions(path.with_name("questions.jsonl")) if one.answerable and one.references]
    draw.shuffle(single)
    short = [one for one in single if signs(one.question).words <= _SHORT][:_OF_EACH]
    longer = [one for one in single if signs(one.question).words > _SHORT][:_OF_EACH]
    return found + [replace(one, category=BY_ITSELF, turns=draw.choice(found).turns) for one in short + longer]


def _places(sets: dict[str, list[Question]]) -> Iterator[tuple[str, Place]]:
    for name in sets:
        with tempfile.TemporaryDirectory() as made:
            settings = Settings.load(
                env={}, dotenv=None, knowledge_base=TRAINING / name / "knowledge-base", index=Path(made)
            )
            embedder = open_embedder(settings)
            yield name, Place(OpenIndex(ingest(settings).folder), embedder)


def _table(sets: dict[str, list[Question]]) -> None:
    print(
        "| MRR | follow-ups | as asked | within the talk | within quoted answers | put plainly | share | new topics | as asked ",
        end="",
    )
    print(
        "| within the talk | asked by themselves | as asked | within a talk |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    rows = []
    for name, place in _places(sets):
        row: list[float] = []
        for category in (LEANING, MOVED_ON, BY_ITSELF):
            some = [question for question in sets[name] if question.category == category]
            row += [len(some), statistics.mean(place.mrr(one, one.question) for one in some)]
            row.append(statistics.mean(place.mrr(one, one.question, talk(one.question, one.turns)) for one in some))
            if category == LEANING:
                quoted = [(one.question, talk(one.question, place.quoted(one.turns))) for one in some]
                row.append(statistics.mean(place.mrr(one, *put) for one, put in zip(some, quoted, strict=True)))
                row.append(statistics.mean(place.mrr(one, one.reworded) for one in some))
                row.append(row[-3] / row[-1])
        rows.append(row)
        _print(name, row)
    _print("mean", [statistics.mean(column) for column in zip(*rows, strict=True)])


def _print(name: str, row: Sequence[float]) -> None:
    print(f"| {name} | {' | '.join(f'{value:.0f}' if value > 1 else f'{value:.3f}' for value in row)} |", flush=True)


def _fit(sets: dict[str, list[Question]]) -> None:
    by_words = _fit_words(sets)
    better = np.array([_better(place, question) for name, place in _places(sets) for question in sets[name]])
    odds, both = _odds(np.stack([by_words, better], axis=1), sets, 100.0)
    _say("and by what is found", sets, odds)
    print(f"BIAS, BY_WORDS, BY_FOUND = {both.intercept_[0]:.2f}, {both.coef_[0][0]:.2f}, {both.coef_[0][1]:.1f}")


def _fit_words(sets: dict[str, list[Question]]) -> np.ndarray:
    """The odds of each question by its words, as the other organisations tell it."""
    told = np.array([[float(sign) for sign in signs(one.question)] for some in sets.values() for one in some])
    odds, words = _odds(told, sets, 1.0)
    _say("by its words alone", sets, odds)
    print(f"BIAS = {words.intercept_[0]:.2f}\nWEIGHTS = ({', '.join(f'{weight:.2f}' for weight in words.coef_[0])})")
    return odds


def _better(place: Place, question: Question) -> float:
    """By how much the best chunk within the talk is met better than that of the question alone."""
    within = talk(question.question, question.turns) or Talk(said(question.turns), 0.0)
    return place.best(question.question, within._replace(odds=_SURELY)) - place.best(question.question, None)


def _odds(x: np.ndarray, sets: dict[str, list[Question]], loose: float) -> tuple[np.ndarray, LogisticRegression]:
    """Each organisation's by what the others teach, and what all of them teach."""
    y = np.array([one.category == LEANING for some in sets.values() for one in some])
    of = np.array([name for name, some in sets.items() for _ in some])
    found = np.zeros(len(y))
    for name in sets:
        model = LogisticRegression(C=loose, max_iter=1000).fit(x[of != name], y[of != name])
        found[of == name] = model.decision_function(x[of == name])
    return found, LogisticRegression(C=loose, max_iter=1000).fit(x, y)


def _say(how: str, sets: dict[str, list[Question]], odds: np.ndarray) -> None:
    kinds = np.array([one.category for some in sets.values() for one in some])
    wrong = {
        kind: f"{((odds > 0) != (kind == LEANING))[kinds == kind].mean():.1%} of {(kinds == kind).sum()}"
        for kind in np.unique(kinds).tolist()
    }
    print(f"{how}: taken wrongly {wrong}")


if __name__ == "__main__":
    main()
