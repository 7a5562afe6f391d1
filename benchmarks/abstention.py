"""python -m benchmarks.abstention [--also DIR]: fit when to refuse, and report how far it carries.

Fitted on the development half of the first questions, and on all of DIR/questions.jsonl over DIR/knowledge-base where that is
given, against near misses that are made from them:
- masked: the question as it is, every chunk that proves its answer or holds one of its keywords taken from what was found;
- swapped: one of its names, codes or years replaced by another of the knowledge base that no chunk holds beside a keyword;
- strange: every word that says what it is about replaced by a common word that the knowledge base does not hold.
Reported on the other half, on the whole second company, and on questions that are foreign to both.
"""

from __future__ import annotations

import argparse
import atexit
import random
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.config import Settings
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.run import query_of
from rag.index.embed import Embedder, open_embedder
from rag.index.lexical import STOP_WORDS, words
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.abstain import BIAS, CHOSEN, LEAST, WEIGHTS, Signals, names, signals
from rag.retrieval.hybrid import retrieve, spelled
from rag.schema import Chunk

Values = npt.NDArray[np.float64]

HERE = Path(__file__).parent
FOREIGN = (HERE / "foreign.txt").read_text("utf-8").splitlines()
K = 10
FOLDS = 8
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST = 0.04
"""Share of the answerable development questions that the chosen point may refuse; the goal allows 5 %."""
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w'-]+(?: [A-Z][\w'-]+)?|\b(?=\w*\d)[A-Z][\w-]*\b|\b20[12]\d\b")


@dataclass(frozen=True)
class Case:
    """One question with its signals. `kind`: answerable, unanswerable, masked, swapped, strange or foreign."""

    base: str
    kind: str
    group: str
    signals: Signals


@dataclass(frozen=True)
class Base:
    """An opened knowledge base and its questions."""

    name: str
    index: OpenIndex
    embedder: Embedder
    questions: Sequence[Question]
    fitted: Sequence[Question] = ()
    """Those that near misses are made from."""

    def case(self, kind: str, group: str, query: str, hidden: frozenset[str] = frozenset()) -> Case:
        query = spelled(query, self.index, self.embedder)
        found = retrieve(query, self.index, self.embedder, K + len(hidden))
        seen = [item for item in found if item.chunk.chunk_id not in hidden][:K]
        return Case(self.name, kind, group, signals(query, seen, self.index, self.embedder) or Signals(0, 0, 0, 0))

    def asked(self, questions: Sequence[Question]) -> Iterator[Case]:
        for question in questions:
            kind = "answerable" if question.answerable else "unanswerable"
            yield self.case(kind, _group(question), query_of(question).text)

    def made(self) -> list[Case]:
        return [*self.masked(), *self.swapped(), *self.strange()]

    def masked(self) -> Iterator[Case]:
        for question in filter(_answerable, self.fitted):
            hidden = frozenset(chunk.chunk_id for chunk in self.index.chunks if _answers(chunk, question))
            yield self.case("masked", _group(question), query_of(question).text, hidden)

    def swapped(self) -> Iterator[Case]:
        chance = random.Random(0)
        texts = [chunk.text.lower() for chunk in self.index.chunks]
        known = sorted({name for chunk in self.index.chunks for name in _NAME.findall(chunk.body)})
        for question in filter(_answerable, self.fitted):
            query = query_of(question).text
            for old in names(query):
                others = [name for name in known if _kind(name) == _kind(old) and name.lower() not in query.lower()]
                chance.shuffle(others)
                keywords = [keyword.lower() for keyword in question.keywords]
                for other in others:
                    if not any(other.lower() in text and any(word in text for word in keywords) for text in texts):
                        yield self.case("swapped", _group(question), query.replace(old, other))
                        break

    def strange(self) -> Iterator[Case]:
        chance = random.Random(0)
        common = sorted(w for w in self.embedder.common_words if len(w) > 3 and not self.index.lexical.knows(w))
        for question in filter(_answerable, self.fitted):
            query = _WORD.sub(lambda m: chance.choice(common) if _says(m[0]) else m[0], query_of(question).text)
            yield self.case("strange", _group(question), query)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--also", type=Path, metavar="DIR", help="a further knowledge base and its questions to fit on")
    arguments = parser.parse_args()
    first, second = (
        _open("first", Path("knowledge-base"), HERE),
        _open("second", HERE / "second/knowledge-base", HERE / "second"),
    )
    dev, held = ([item for item in first.questions if item.split == split] for split in ("dev", "held_out"))
    bases = [replace(first, fitted=dev)]
    if arguments.also:
        also = _open("also", arguments.also / "knowledge-base", arguments.also)
        bases.append(replace(also, fitted=also.questions))
    fitted = [case for base in bases for case in [*base.asked(base.fitted), *base.made()]]
    weights = _fit([case for case in fitted if case.kind != "unanswerable"])
    print(f"fitted on {_counts(fitted)}, the unanswerable ones left out")
    print("bias and weights:", np.round(weights, 3), "  in rag/retrieval/abstain.py:", np.array([BIAS, *WEIGHTS]))

    foreign = [first.case("foreign", text, text) for text in FOREIGN]
    crossed = _crossed([*fitted, *foreign])
    for base in bases:
        here = np.array([case.base == base.name for case in [*fitted, *foreign]])
        cases = [case for case in [*fitted, *foreign] if case.base == base.name]
        _report(f"fitted on ({base.name}), cross-validated by document", cases, crossed[here])
        _report(f"the same, the best chunk's score alone ({base.name})", cases, _scores(cases), chosen=False)
        answerable = crossed[here][[case.kind == "answerable" for case in cases]]
        print(f"point that refuses at most {MOST:.0%} of these: {_point(answerable, MOST):.3f}, chosen: {CHOSEN.below}")

    other = [*second.asked(second.questions), *(second.case("foreign", text, text) for text in FOREIGN)]
    for title, cases in (("held-out half", [*first.asked(held), *foreign]), ("second company", other)):
        _report(title, cases, _confidence(cases, np.array([BIAS, *WEIGHTS])))
        _report(f"{title}, the best chunk's score alone", cases, _scores(cases), chosen=False)


def _open(name: str, folder: Path, questions: Path) -> Base:
    temporary = tempfile.mkdtemp(prefix="lodestar-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    settings = Settings.load(env={}, dotenv=None, knowledge_base=folder, index=Path(temporary), store="faiss")
    index = OpenIndex(ingest(settings).folder)
    return Base(name, index, open_embedder(settings), read_questions(questions / "questions.jsonl"))


def _scores(cases: Sequence[Case]) -> Values:
    return np.array([case.signals.score for case in cases], np.float64)


def _answerable(question: Question) -> bool:
    return question.answerable


def _group(question: Question) -> str:
    return question.sources[0] if question.sources else question.id


def _answers(chunk: Chunk, question: Question) -> bool:
    proves = any(
        reference.source == chunk.source and chunk.start < reference.end and reference.start < chunk.end
        for reference in question.references
    )
    return proves or any(keyword.lower() in chunk.text.lower() for keyword in question.keywords if len(keyword) > 1)


def _says(word: str) -> bool:
    return any(part not in STOP_WORDS for part in words(word))


def _kind(name: str) -> str:
    return "year" if re.fullmatch(r"20\d\d", name) else "code" if any(c.isdigit() for c in name) else "name"


def _fit(cases: Sequence[Case]) -> Values:
    """Bias and weights of a logistic regression; answerable questions and near misses weigh the same, and each knowledge base does."""
    from sklearn.linear_model import LogisticRegression

    values, right = _values(cases), np.array([case.kind == "answerable" for case in cases])
    kinds = [(case.base, case.kind) for case in cases]
    share = np.array([(3 if kind[1] == "answerable" else 1) / kinds.count(kind) for kind in kinds])
    mean, spread = values.mean(axis=0), values.std(axis=0)
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit((values - mean) / spread, right, sample_weight=share * len(cases) / share.sum())
    weights = model.coef_[0] / spread
    return np.array([model.intercept_[0] - weights @ mean, *weights])


def _crossed(cases: Sequence[Case]) -> Values:
    """Each case's confidence by a model that saw no question about its document."""
    groups = sorted({case.group for case in cases})
    random.Random(1).shuffle(groups)
    fold = {group: number % FOLDS for number, group in enumerate(groups)}
    confidence = np.zeros(len(cases))
    for number in range(FOLDS):
        seen = [case for case in cases if fold[case.group] != number and case.kind not in ("unanswerable", "foreign")]
        left = [at for at, case in enumerate(cases) if fold[case.group] == number]
        confidence[left] = _confidence([cases[at] for at in left], _fit(seen))
    return confidence


def _values(cases: Sequence[Case]) -> Values:
    return np.array([case.signals[:3] for case in cases], np.float64)


def _confidence(cases: Sequence[Case], weights: Values) -> Values:
    familiar = np.array([case.signals.familiar >= LEAST for case in cases])
    return np.asarray(familiar / (1 + np.exp(-weights[0] - _values(cases) @ weights[1:])))


def _point(answerable: Values, share: float) -> float:
    """The highest threshold below which at most this share of the answerable questions lies."""
    return float(np.sort(answerable)[int(share * len(answerable))])


def _report(title: str, cases: Sequence[Case], confidence: Values, *, chosen: bool = True) -> None:
    from sklearn.metrics import roc_auc_score

    kinds = np.array([case.kind for case in cases])
    answerable = confidence[kinds == "answerable"]
    print(f"\n{title}: {_counts(cases)}")
    points = [("the chosen point", CHOSEN.below)] if chosen else []
    points += [(f"{share:.0%} of the answerable", _point(answerable, share)) for share in SHARES]
    print(f"{'refused':<22}" + "".join(f"{name:>22}" for name, _ in points) + "   AUC")
    for kind in dict.fromkeys(kinds):
        here = confidence[kinds == kind]
        both = np.concatenate([answerable, here])
        auc = "" if kind == "answerable" else f"{roc_auc_score([1] * len(answerable) + [0] * len(here), both):6.2f}"
        print(f"{kind:<22}" + "".join(f"{(here < point).mean():>22.1%}" for _, point in points) + auc)


def _counts(cases: Sequence[Case]) -> str:
    kinds = [case.kind for case in cases]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


if __name__ == "__main__":
    main()
