"""Questions through the whole chain, and their answers scored without a judge: by keywords, proofs and refusals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.answering.evidence import without_markers
from rag.documents.sentences import sentences
from rag.evaluation.questions import Question
from rag.evaluation.statistics import Estimate, Times, estimate, times
from rag.schema import Answer, Turn

Progress = Callable[[int, int], None]

MEASURES = {
    "keywords": "share of the expected keywords that the answer holds",
    "complete": "share of questions answered with every keyword",
    "supported": "share of the answer's numbers and names that stand in the passages it cites",
    "refused": "share of questions answered with \u201cI don't know\u201d",
}
JUDGED = {
    "accuracy": "1 to 5: does it say what the expected answer says, and nothing wrong",
    "completeness": "1 to 5: does it leave nothing out that was asked for",
    "relevance": "1 to 5: does it keep to the question",
}

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_NAME = re.compile(r"\b[A-Z][\w\u2019'-]*\w")
_BEFORE = " \"'\u201c*-#|>"
"""What may stand before a sentence's first word."""
_WORD = re.compile(r"\w[\w\u2019'-]*\w|\w")


class Asks(Protocol):
    """What an `Assistant` can do."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of an answer: marks by name, or why there are none."""

    marks: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    fault: str = ""


Judge = Callable[[Question, Answer], Judgement]


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with its answer and what it is worth. `scores` holds those of MEASURES that apply."""

    question: Question
    answer: Answer
    scores: Mapping[str, float]
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class AnswersOf:
    """The answers to some of the questions."""

    name: str
    n: int
    figures: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class AnswerSummary:
    """All figures of the answers. `faults` and `judge_faults`: sentence -> how often."""

    llm: str
    answerable: AnswersOf
    unanswerable: AnswersOf | None
    categories: tuple[AnswersOf, ...]
    times: Times | None
    judged: int
    faults: Mapping[str, int]
    judge_faults: Mapping[str, int]


def ask_all(
    questions: Sequence[Question],
    assistant: Asks,
    judge: Judge | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Answered]:
    """Every question, answerable or not, in order."""
    answered = []
    for n, question in enumerate(questions):
        progress(n, len(questions))
        answer = assistant.ask(question.question, question.turns)
        judgement = judge(question, answer) if judge is not None and not answer.fault else None
        answered.append(Answered(question, answer, scores(question, answer), judgement))
    progress(len(questions), len(questions))
    return answered


def scores(question: Question, answer: Answer) -> dict[str, float]:
    """The measures that apply to this answer; none where the endpoint failed."""
    if answer.fault:
        return {}
    found = {"refused": float(answer.refused)}
    if question.answerable and question.keywords:
        text = answer.text.casefold()
        share = sum(keyword.casefold() in text for keyword in question.keywords) / len(question.keywords)
        found |= {"keywords": share, "complete": float(share == 1)}
    if not answer.refused and (claims := claims_of(answer.text)):
        held = _held(" ".join(dict.fromkeys(citation.chunk.text for citation in answer.citations)))
        found["supported"] = sum(claim in held for claim in claims) / len(claims)
    return found


def claims_of(text: str) -> list[str]:
    """The numbers, and the words with a capital that do not open a sentence, each once, as `_held` writes them."""
    text = without_markers(text)
    opening = {end - len(text[start:end].lstrip(_BEFORE)) for start, end in sentences(text)}
    names = (match[0] for match in _NAME.finditer(text) if match.start() not in opening)
    return list(dict.fromkeys([*map(_number, _NUMBER.findall(text)), *map(_name, names)]))


def summarise_answers(answered: Sequence[Answered]) -> AnswerSummary:
    """The figures of at least one answer."""
    answerable = [item for item in answered if item.question.answerable]
    unanswerable = [item for item in answered if not item.question.answerable]
    names = sorted({item.question.category for item in answered})
    taken = [item.answer.trace.ms for item in answered if not item.answer.fault]
    return AnswerSummary(
        llm=next((item.answer.llm for item in answered if item.answer.llm), ""),
        answerable=_of("answerable", answerable),
        unanswerable=_of("unanswerable", unanswerable) if unanswerable else None,
        categories=tuple(_of(name, [item for item in answered if item.question.category == name]) for name in names),
        times=times(taken) if taken else None,
        judged=sum(bool(item.judgement and item.judgement.marks) for item in answered),
        faults=_counted(item.answer.fault for item in answered),
        judge_faults=_counted(item.judgement.fault for item in answered if item.judgement),
    )


def _of(name: str, items: Sequence[Answered]) -> AnswersOf:
    figures = {}
    for key in (*MEASURES, *JUDGED):
        values = [
            value
            for item in items
            if (value := item.scores.get(key, (item.judgement.marks if item.judgement else {}).get(key))) is not None
        ]
        if values:
            figures[key] = estimate(values)
    return AnswersOf(name, len(items), figures)


def _counted(faults: Iterable[str]) -> dict[str, int]:
    return dict(Counter(fault for fault in faults if fault))


def _held(text: str) -> set[str]:
    return {*map(_number, _NUMBER.findall(text)), *map(_name, _WORD.findall(text))}


def _number(text: str) -> str:
    return text.replace(",", "")


def _name(text: str) -> str:
    return text.casefold().replace("\u2019", "'").removesuffix("'s")
