"""python -m benchmarks.abstention [--also DIR]: fit when to refuse, and report how far it carries.

Fitted on the organisations in benchmarks/training, each predicted by all the others: their answerable questions against
questions that were written for the other organisations (elsewhere). Reported on both halves of the first questions, on the
second company and on DIR/questions.jsonl over DIR/knowledge-base, none of which is fitted on, with questions that are foreign
to all; and, everywhere, on near misses: questions that people wrote about what is there and that the documents do not answer.
Behind a talk: where there are conversations, their follow-ups, and all of these kinds asked behind one of the talks.
"""

from __future__ import annotations

import argparse
import atexit
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.follow_ups import conversations
from rag.answering.leaning import talk as talk_of
from rag.config import Settings
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.run import query_of
from rag.index.embed import Embedder, open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.abstain import BIAS, CHOSEN, LEANS, WEIGHTS, Signals, leaning, signals
from rag.retrieval.conversation import Talk
from rag.retrieval.hybrid import retrieve, spelled

Values = npt.NDArray[np.float64]

HERE = Path(__file__).parent
TRAINING = HERE / "training"
FOREIGN = (HERE / "foreign.txt").read_text("utf-8").splitlines()
SENSELESS = ("asdf qwer", "lkjh gfds poiu", "blah blah", "qwertz", "xyzzy", "foo bar baz")
K = 10
ELSEWHERE = 20
"""Questions asked of each organisation that were written for each other one."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
BEHIND_A_TALK = ("follow up", "new topic", "by itself")
MOST = 0.04
"""Share of the answerable questions that the chosen point may refuse; the goal allows 5 %."""


@dataclass(frozen=True)
class Case:
    """One question with its signals. `kind`: answerable, near miss, elsewhere or foreign."""

    base: str
    kind: str
    signals: Signals
    leans: float = 0.0


@dataclass(frozen=True)
class Base:
    """An opened knowledge base and its questions."""

    name: str
    index: OpenIndex
    embedder: Embedder
    questions: Sequence[Question]
    conversations: Sequence[Question] = ()

    def case(self, kind: str, asked: str, talk: Talk | None = None) -> Case:
        query = spelled(asked, self.index, self.embedder)
        found = retrieve(query, self.index, self.embedder, K, talk=talk)
        told = signals(query, found, self.index, self.embedder)
        return Case(self.name, kind, told or Signals(0, 0, 0, 0, 0), leaning(talk))

    def asked(self, questions: Sequence[Question]) -> Iterator[Case]:
        for question in questions:
            query = query_of(question)
            yield self.case("answerable" if question.answerable else "near miss", query.asked, query.talk)

    def foreign(self) -> Iterator[Case]:
        for question in FOREIGN:
            yield self.case("foreign", question)

    def elsewhere(self, others: Sequence[Base]) -> Iterator[Case]:
        chance = random.Random(0)
        for other in others:
            if other.name != self.name:
                for question in chance.sample([*filter(_answerable, other.questions)], ELSEWHERE):
                    query = query_of(question)
                    yield self.case("elsewhere", query.asked, query.talk)

    def behind_talks(self, others: Sequence[Base]) -> Iterator[Case]:
        chance = random.Random(0)
        talks = [one.turns for one in self.conversations]
        for one in self.conversations:
            yield self.case(one.category.replace("_", " "), one.question, talk_of(one.question, one.turns))
        kinds = [("foreign", question) for question in [*FOREIGN, *SENSELESS]]
        kinds += [("near miss", one.question) for one in self.questions if not one.answerable]
        kinds += [
            ("elsewhere", one.question)
            for other in others
            if other.name != self.name
            for one in chance.sample([*filter(_answerable, other.questions)], ELSEWHERE)
        ]
        for kind, question in kinds:
            yield self.case(kind, question, talk_of(question, chance.choice(talks)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--also", type=Path, metavar="DIR", help="a further knowledge base and its questions to report on"
    )
    arguments = parser.parse_args()
    training = [_open(folder.name, folder) for folder in sorted(TRAINING.iterdir()) if folder.is_dir()]
    fitted: list[Case] = []
    for base in training:
        fitted += [*base.asked(base.questions), *base.elsewhere(training), *base.foreign()]
    weights = _fit(fitted)
    print("bias and weights:", np.round(weights, 3), "  in rag/retrieval/abstain.py:", np.array([BIAS, *WEIGHTS]))
    crossed = _crossed(fitted)
    _report("each organisation predicted by the others", fitted, crossed)
    _report("the same, the best chunk's score alone", fitted, _scores(fitted), chosen=False)
    for base in training:
        here = np.array([case.base == base.name for case in fitted])
        _report(base.name, [case for case in fitted if case.base == base.name], crossed[here], shares=())
    for base in training:
        if base.conversations:
            cases = [*base.behind_talks(training)]
            confidence = _confidence(cases, np.array([BIAS, *WEIGHTS]))
            _report(f"{base.name}, behind a talk", cases, confidence, answered=BEHIND_A_TALK, shares=())
    answerable = crossed[[case.kind == "answerable" for case in fitted]]
    print(
        f"\npoint that refuses at most {MOST:.0%} of the answerable: {_point(answerable, MOST):.3f}, chosen: {CHOSEN.below}"
    )

    first = _open("first", Path("knowledge-base"), HERE)
    others = [
        (f"first set, {split}", replace(first, questions=[q for q in first.questions if q.split == split]))
        for split in ("dev", "held_out")
    ]
    others.append(("second company", _open("second", HERE / "second")))
    if arguments.also:
        others.append((str(arguments.also), _open("also", arguments.also)))
    for title, base in others:
        cases = [*base.asked(base.questions), *base.elsewhere(training), *base.foreign()]
        _report(title, cases, _confidence(cases, np.array([BIAS, *WEIGHTS])))


def _open(name: str, folder: Path, questions: Path | None = None) -> Base:
    temporary = tempfile.mkdtemp(prefix="lodestar-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    knowledge_base = folder if questions else folder / "knowledge-base"
    settings = Settings.load(env={}, dotenv=None, knowledge_base=knowledge_base, index=Path(temporary), store="faiss")
    index = OpenIndex(ingest(settings).folder)
    read = read_questions((questions or folder) / "questions.jsonl")
    talks = folder / "conversations.jsonl"
    return Base(name, index, open_embedder(settings), read, conversations(talks) if talks.is_file() else ())


def _scores(cases: Sequence[Case]) -> Values:
    return np.array([case.signals.score for case in cases], np.float64)


def _answerable(question: Question) -> bool:
    return question.answerable


def _fit(cases: Sequence[Case]) -> Values:
    """Bias and weights of a logistic regression; answerable questions and the others weigh the same, and each knowledge base does."""
    from sklearn.linear_model import LogisticRegression

    cases = [case for case in cases if case.kind in ("answerable", "elsewhere")]
    values, right = _values(cases), np.array([case.kind == "answerable" for case in cases])
    kinds = [(case.base, case.kind) for case in cases]
    share = np.array([1 / kinds.count(kind) for kind in kinds])
    mean, spread = values.mean(axis=0), values.std(axis=0)
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit((values - mean) / spread, right, sample_weight=share * len(cases) / share.sum())
    weights = model.coef_[0] / spread
    return np.array([model.intercept_[0] - weights @ mean, *weights])


def _crossed(cases: Sequence[Case]) -> Values:
    """Each case's confidence by a model that saw no question about its organisation."""
    confidence = np.zeros(len(cases))
    for name in dict.fromkeys(case.base for case in cases):
        left = [at for at, case in enumerate(cases) if case.base == name]
        weights = _fit([case for case in cases if case.base != name])
        confidence[left] = _confidence([cases[at] for at in left], weights)
    return confidence


def _values(cases: Sequence[Case]) -> Values:
    return np.array([case.signals for case in cases], np.float64)


def _confidence(cases: Sequence[Case], weights: Values) -> Values:
    leans = LEANS * np.array([case.leans for case in cases])
    return np.asarray(1 / (1 + np.exp(-weights[0] - _values(cases) @ weights[1:] - leans)))


def _point(answerable: Values, share: float) -> float:
    """The highest threshold below which at most this share of the answerable questions lies."""
    return float(np.sort(answerable)[int(share * len(answerable))])


def _report(
    title: str,
    cases: Sequence[Case],
    confidence: Values,
    *,
    chosen: bool = True,
    shares: Sequence[float] = SHARES,
    answered: Sequence[str] = ("answerable",),
) -> None:
    from sklearn.metrics import roc_auc_score

    kinds = np.array([case.kind for case in cases])
    answerable = confidence[np.isin(kinds, answered)]
    print(f"\n{title}: {_counts(cases)}")
    points = [("the chosen point", CHOSEN.below)] if chosen else []
    points += [(f"{share:.0%} of the answerable", _point(answerable, share)) for share in shares]
    print(f"{'refused':<22}" + "".join(f"{name:>22}" for name, _ in points) + "   AUC")
    for kind in dict.fromkeys(kinds):
        here = confidence[kinds == kind]
        both = np.concatenate([answerable, here])
        auc = "" if kind in answered else f"{roc_auc_score([1] * len(answerable) + [0] * len(here), both):6.2f}"
        print(f"{kind:<22}" + "".join(f"{(here < point).mean():>22.1%}" for _, point in points) + auc)


def _counts(cases: Sequence[Case]) -> str:
    kinds = [case.kind for case in cases]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


if __name__ == "__main__":
    main()
