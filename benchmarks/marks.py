"""python -m benchmarks.marks: how many planted falsehoods in an answer are marked, and how many of its true sentences.

A scripted model answers each question with its reference answer and the numbers of the sources that prove it, once as it is and
once with a falsehood: a number changed, a date changed, a name exchanged for another one of the same documents, a sentence that
is made up, a sentence that is true of another question. Questions whose proof the search did not find are left out: a true
sentence without its proof deserves its mark.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.stores import QUESTIONS
from rag.answering.facts import facts
from rag.answering.meeting import Texts
from rag.answering.support import Checked, Evidence
from rag.config import Settings
from rag.documents.sentences import sentences
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.run import query_of
from rag.index.embed import Embedder, open_embedder
from rag.index.open import OpenIndex
from rag.ingest import ingest
from rag.retrieval.context import Section, pack
from rag.retrieval.hybrid import retrieve

SETS = (
    (Path("knowledge-base"), QUESTIONS),
    (Path("benchmarks/second/knowledge-base"), Path("benchmarks/second/questions.jsonl")),
)
TRUE = "true"

_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_ROOM = 20_000  # characters of sources
_MADE_UP = """Staff must also complete a short safety course before they start.
The arrangement was reviewed by an outside auditor, who found nothing to object to.
A written reminder goes out to everyone concerned a week in advance.
The decision was unpopular at first and was nearly reversed.
Customers are offered a discount if they pay early.
The equipment is insured against theft and accidental damage.
It was originally planned as a temporary measure only.
The team celebrated the result with a dinner in town.
An exception can be made with the approval of the finance director.
The old process had been criticised for being slow and opaque.
The supplier has promised to replace any faulty parts free of charge.
Visitors are asked to sign in at the front desk.
The change was announced in the company newsletter.
There is also a mobile app, which is free for all users.
Training for new starters is provided by an external company.
The warranty does not cover water damage.
Several competitors have since copied this approach.
The project was delayed because of a shortage of components.
A backup copy is kept at a bank vault in the city.
The staff canteen is closed on public holidays.""".splitlines()


@dataclass(frozen=True)
class Answered:
    """A question, what was found for it, and the numbers of the sources that prove its answer."""

    question: Question
    split: str
    found: list[Section]
    cited: list[int]
    embedder: Embedder
    index: OpenIndex
    names: Sequence[str]

    def marked(self, said: str) -> list[Checked]:
        """What is marked when the model says this."""
        chunks = [item.chunk.text for section in self.found for item in section.chunks]
        texts = Texts(chunks, self.embedder, lambda: self.index)
        evidence = Evidence(self.found, self.question.question, partial(texts.meet, read=self.embedder.embed_many))
        numbers = "".join(f" [{n}]" for n in range(1, len(self.cited) + 1))
        return [one for one in evidence.check(said + numbers, dict(enumerate(self.cited, 1))) if one.why]


def answered(base: Path, questions: Path, index: Path) -> Iterator[Answered]:
    settings = Settings.load(env={}, dotenv=None, knowledge_base=base, index=index)
    embedder = open_embedder(settings)
    opened = OpenIndex(ingest(settings).folder)
    names = _names(base, embedder)
    for n, question in enumerate(read_questions(questions)):
        query = query_of(question)
        found = pack(retrieve(query.asked, opened, embedder, 10, talk=query.talk), _ROOM)
        proofs = [
            [
                at
                for at, section in enumerate(found, 1)
                if _holds(section, reference.source, reference.start, reference.end)
            ]
            for reference in question.references
        ]
        if proofs and all(proofs):
            split = question.split or ("dev", "held_out")[n % 2]
            cited = sorted({proof[0] for proof in proofs})
            yield Answered(
                question,
                split,
                found,
                cited,
                embedder,
                opened,
                names,
            )


def _holds(section: Section, source: str, start: int, end: int) -> bool:
    return any(c.source == source and c.start < end and start < c.end for c in (item.chunk for item in section.chunks))


def _names(base: Path, embedder: Embedder) -> list[str]:
    """Two capitalised words that stand together again and again, neither of them an ordinary word."""
    counts: Counter[str] = Counter()
    for path in base.rglob("*.md"):
        counts.update(re.findall(r"(?<![.!?\n]\s)(?<!\n)\b[A-Z][a-z]{2,} [A-Z][a-z]{2,}\b", path.read_text("utf-8")))
    ordinary = {*embedder.common_words, *(word.lower() for word in (*_MONTHS, *_DAYS))}
    return [name for name, n in counts.items() if n > 2 and not ordinary & set(name.lower().split())]


def plants(all_of: Sequence[Answered], rng: random.Random) -> Iterator[tuple[Answered, str, str]]:
    """(question, kind, what the model says)."""
    for one in all_of:
        text = one.question.answer
        for start, end in sentences(text):
            true = text[start:end]
            yield one, TRUE, true
            for kind, change in (("number", _number), ("date", _date), ("name", _name)):
                planted = change(true, rng, one.names)
                if planted and planted != true:
                    yield one, kind, planted
        yield one, "made up", rng.choice(_MADE_UP)
        sources = {section.source for section in one.found}
        others = [other for other in all_of if other.names is one.names and not sources & set(other.question.sources)]
        if others:
            text = rng.choice(others).question.answer
            start, end = rng.choice(sentences(text))
            if len(text[start:end].split()) >= 5:
                yield one, "elsewhere", text[start:end]


def _number(text: str, rng: random.Random, names: Sequence[str]) -> str:
    figures = [fact for fact in facts(text) if fact.kind in ("number", "code") and re.search(r"\d", fact.text)]
    if not figures:
        return ""
    fact = rng.choice(figures)
    at = fact.start + rng.choice([n for n, letter in enumerate(fact.text) if letter.isdigit()])
    return text[:at] + rng.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]


def _date(text: str, rng: random.Random, names: Sequence[str]) -> str:
    dates = [fact for fact in facts(text) if fact.kind == "date"]
    if not dates:
        return ""
    fact = rng.choice(dates)
    month, figure = re.search("|".join(_MONTHS), fact.text), re.search(r"\d+", fact.text)
    if month and (figure is None or rng.random() < 0.5):
        new = fact.text.replace(month[0], rng.choice([name for name in _MONTHS if name != month[0]]))
    else:
        assert figure
        spread = range(1, 29) if int(figure[0]) <= 31 else range(2019, 2033)
        new = fact.text.replace(figure[0], str(rng.choice([n for n in spread if n != int(figure[0])])), 1)
    return text[: fact.start] + new + text[fact.start + len(fact.text) :]


def _name(text: str, rng: random.Random, names: Sequence[str]) -> str:
    known = {word for name in names for word in (name, *name.split())}
    found = [match for match in re.finditer(r"\b[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*\b", text) if match[0] in known]
    if not found:
        return ""
    match = rng.choice(found)
    others = [name for name in names if not set(name.split()) & set(match[0].split())]
    other = rng.choice(others)
    return text[: match.start()] + (other if " " in match[0] else rng.choice(other.split())) + text[match.end() :]


def main() -> None:
    parser = argparse.ArgumentParser(description="How many planted falsehoods are marked, and how many true sentences.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", choices=("dev", "held_out"), help="print what was judged wrongly in this half")
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str, bool]] = Counter()
    disputed = 0
    with tempfile.TemporaryDirectory() as folder:
        all_of = [one for n, (base, asked) in enumerate(SETS) for one in answered(base, asked, Path(folder) / str(n))]
        for one, kind, said in plants(all_of, random.Random(arguments.seed)):
            marks = one.marked(said)
            disputed += kind == TRUE and any(mark.disputed for mark in marks)
            doubted = [mark for mark in marks if not mark.disputed]
            counts[one.split, kind, bool(doubted)] += 1
            if arguments.show == one.split and (kind == TRUE) == bool(doubted):
                print(f"{kind}: {said} {[mark.why for mark in doubted]}")
            if arguments.show == one.split and kind == TRUE and len(doubted) < len(marks):
                print(f"disputed: {said} {[mark.why for mark in marks if mark.disputed]}")
    kinds = ["number", "date", "name", "made up", "elsewhere"]
    for split in ("dev", "held_out"):
        for name, parts in (("true sentences", [TRUE]), ("all plants", kinds), *((kind, [kind]) for kind in kinds)):
            marked, passed = (sum(counts[split, part, which] for part in parts) for which in (True, False))
            print(
                f"{split:9s} {name:15s} {marked:4d} of {marked + passed:4d} marked: {marked / max(1, marked + passed):.3f}"
            )
    print(f"{disputed} true sentences are said to be disputed between two sources.")


if __name__ == "__main__":
    main()
