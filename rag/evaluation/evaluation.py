"""Everything one evaluation found, as plain data and as the object that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.evaluation.answers import Answered, AnswersOf, AnswerSummary
from rag.evaluation.metrics import marks, overlaps
from rag.evaluation.questions import Question
from rag.evaluation.run import Result, Row
from rag.evaluation.statistics import Estimate, Times
from rag.evaluation.summary import Group, Summary
from rag.schema import Chunk


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`questions`: all that were asked for. `notes`: sentences about questions and files that do not fit together."""

    file: str
    split: str
    questions: Sequence[Question]
    notes: Sequence[str] = ()
    rows: Sequence[Row] = ()
    summary: Summary | None = None
    answered: Sequence[Answered] = ()
    answers: AnswerSummary | None = None
    judge: str = ""

    @property
    def not_measurable(self) -> list[Question]:
        """Answerable questions without keywords, references or sources."""
        return [question for question in self.questions if question.answerable and not question.measurable]

    @property
    def unanswerable(self) -> int:
        return sum(not question.answerable for question in self.questions)


def as_object(evaluation: Evaluation) -> dict[str, Any]:
    """The whole evaluation for `json.dumps`. Only what ends in `ms` differs from one run to the next."""
    report: dict[str, Any] = {
        "questions": {
            "file": evaluation.file,
            "split": evaluation.split or None,
            "asked": len(evaluation.questions),
            "measured": len(evaluation.rows),
            "unanswerable": evaluation.unanswerable,
            "not_measurable": [question.id for question in evaluation.not_measurable],
        },
        "notes": list(evaluation.notes),
    }
    if evaluation.summary:
        report["retrieval"] = _retrieval(evaluation.summary)
    if evaluation.answers:
        report["answers"] = _answers(evaluation.answers, evaluation.judge)
    report["rows"] = [_row(row) for row in evaluation.rows]
    if evaluation.answered:
        report["answer_rows"] = [_answered(item) for item in evaluation.answered]
    return report


def relevant(question: Question, chunk: Chunk) -> bool:
    """Whether a chunk is what the question asks for: by its targets, or where it has none by its source."""
    if question.keywords or question.references:
        by_keyword = any(row[0] for row in marks(question, [chunk]))
        return by_keyword or any(overlaps(chunk, reference) for reference in question.references)
    return chunk.source in question.sources


def _retrieval(summary: Summary) -> dict[str, Any]:
    return {
        "k": summary.k,
        "chunks": dict(summary.chunks),
        "splits": [group.name for group in summary.splits],
        "categories": [group.name for group in summary.categories],
        "groups": {group.name: _group(group) for group in summary.groups},
        "reworded": {
            item.category: {
                "n": item.n,
                "mrr_as_asked": _rounded(item.as_asked),
                "mrr_reworded": _rounded(item.reworded),
            }
            for item in summary.reworded
        },
        "search_ms": {side: _times(taken) for side, taken in summary.times.items()},
    }


def _group(group: Group) -> dict[str, Any]:
    figures: dict[str, Any] = {
        side: {key: _estimate(value) for key, value in values.items()} for side, values in group.figures.items()
    }
    if group.pairs:
        figures["paired"] = {
            key: {
                "n": pair.n,
                "wins": pair.wins,
                "losses": pair.losses,
                "ties": pair.ties,
                "difference": _estimate(pair.difference),
                "p": round(pair.p, 6),
            }
            for key, pair in group.pairs.items()
        }
    return {"n": group.n, **figures}


def _answers(summary: AnswerSummary, judge: str) -> dict[str, Any]:
    return {
        "llm": summary.llm,
        "judge": judge or None,
        "judged": summary.judged,
        "groups": {
            group.name: _answers_of(group)
            for group in (summary.answerable, summary.unanswerable, *summary.categories)
            if group
        },
        "faults": dict(summary.faults),
        "judge_faults": dict(summary.judge_faults),
        "answer_ms": _times(summary.times) if summary.times else None,
    }


def _answers_of(group: AnswersOf) -> dict[str, Any]:
    return {"n": group.n, **{key: _estimate(value) for key, value in group.figures.items()}}


def _row(row: Row) -> dict[str, Any]:
    question = row.question
    return {
        "id": question.id,
        "category": question.category,
        "split": question.split or None,
        "question": question.question,
        "query": row.query,
        "results": {side: _result(question, result) for side, result in row.results.items()},
    }


def _result(question: Question, result: Result) -> dict[str, Any]:
    found = [
        {
            "source": chunk.source,
            "start": chunk.start,
            "end": chunk.end,
            "title": chunk.title,
            "heading": chunk.heading,
            "score": round(score, 6),
            "relevant": relevant(question, chunk),
        }
        for chunk, score in zip(result.found, result.scores, strict=True)
    ]
    return {"figures": _rounded(result.figures), "found": found, "ms": round(result.ms, 2)}


def _answered(item: Answered) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": item.question.id,
        "category": item.question.category,
        "question": item.question.question,
        "answer": item.answer.text,
        "refused": item.answer.refused,
        "fault": item.answer.fault or None,
        "scores": _rounded(item.scores),
        "ms": item.answer.trace.ms,
    }
    if item.judgement:
        row["judgement"] = {
            "marks": dict(item.judgement.marks),
            "reason": item.judgement.reason,
            "fault": item.judgement.fault or None,
        }
    return row


def _estimate(value: Estimate) -> dict[str, Any]:
    return {
        "n": value.n,
        "mean": round(value.mean, 6),
        "low": None if value.low is None else round(value.low, 6),
        "high": None if value.high is None else round(value.high, 6),
    }


def _times(taken: Times) -> dict[str, float]:
    return {"median": round(taken.median, 1), "p95": round(taken.p95, 1)}


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 6) for key, value in figures.items()}
