"""An evaluation as text for a person. Pure: lines in the order they are read, no colour, about a hundred columns at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.evaluation.answers import JUDGED, MEASURES, AnswersOf, AnswerSummary
from rag.evaluation.evaluation import Evaluation
from rag.evaluation.metrics import METRICS
from rag.evaluation.run import LABELS, OURS, PLAIN
from rag.evaluation.statistics import Estimate, Paired
from rag.evaluation.summary import Group, Summary

_IN_TABLE = ("mrr", "ndcg", "coverage", "recall_budget", "hit")
_COLUMNS = 4
_SMALL = 0.1
CHANCE = 0.05
"""The p value from which on a difference may be chance."""

_NAMED = 8
"""How many questions or notes are named one by one."""


def lines(evaluation: Evaluation) -> Iterator[str]:
    """The report."""
    yield head(evaluation)
    yield from left_out(evaluation)
    if evaluation.summary:
        yield from _retrieval(evaluation.summary)
    if evaluation.answers:
        yield from _answers(evaluation.answers, evaluation.judge)


def head(evaluation: Evaluation) -> str:
    """What was asked, in one sentence."""
    half = f" of the {evaluation.split} half" if evaluation.split else ""
    text = f"{count(len(evaluation.questions), 'question')}{half} in {evaluation.file}"
    if evaluation.summary:
        summary = evaluation.summary
        others = f", {summary.chunks[PLAIN]} of the plain recipe" if PLAIN in summary.chunks else ""
        text += f"; {len(evaluation.rows)} measured at k={summary.k} in {summary.chunks[OURS]} chunks{others}"
    return f"{text}."


def left_out(evaluation: Evaluation) -> Iterator[str]:
    """What the figures do not count, and what does not fit."""
    if evaluation.unanswerable:
        yield f"{count(evaluation.unanswerable, 'question')} without an answer: left out of the figures of the search."
    if missing := evaluation.not_measurable:
        names = ", ".join(question.id for question in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        yield (
            f"{count(len(missing), 'question')} with no keywords, references or sources: "
            f"cannot be measured by a search ({names}{more})."
        )
    yield from evaluation.notes[:_NAMED]
    if len(evaluation.notes) > _NAMED:
        yield f"{len(evaluation.notes) - _NAMED} more questions do not fit the documents; --json names them."


def count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def figure(value: Estimate | None, signed: bool = False) -> str:
    """0.615 (0.54–0.69), or a difference: +0.150 (+0.10 to +0.20)."""
    if value is None:
        return "-"
    sign = "+" if signed else ""
    if value.low is None or value.high is None:
        return f"{value.mean:{sign}.3f}"
    return f"{value.mean:{sign}.3f} ({interval(value.low, value.high, signed)})"


def interval(low: float, high: float, signed: bool = False) -> str:
    """0.54–0.69, or of differences: +0.10 to +0.20; in thousandths where hundredths would all look alike."""
    kind = f"{'+' if signed else ''}.{3 if low < high and max(abs(low), abs(high)) < _SMALL else 2}f"
    return f"{low:{kind}}{' to ' if signed else '–'}{high:{kind}}"


def chance(p: float) -> str:
    """A p value as a person reads it."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def verdict(pair: Paired) -> str:
    """The comparison in one sentence."""
    if pair.p >= CHANCE:
        return "Between Lodestar and the plain recipe there is no difference that could not be chance."
    better, worse = ("Lodestar", "the plain recipe") if pair.difference.mean > 0 else ("The plain recipe", "Lodestar")
    more, fewer = sorted((pair.wins, pair.losses), reverse=True)
    return f"{better} finds more than {worse}: better for {count(more, 'question')}, worse for {fewer}, the same for {pair.ties}."


def explanations(summary: Summary) -> list[tuple[str, str]]:
    """Name and meaning of every metric that was measured."""
    measured = summary.whole.figures[OURS]
    return [(metric.name, metric.says) for metric in METRICS if metric.key in measured]


def headline(summary: Summary, side: str) -> list[str]:
    """The keys of the metrics that fit beside each other, the most telling first."""
    return [key for key in _IN_TABLE if key in summary.whole.figures[side]][:_COLUMNS]


def _retrieval(summary: Summary) -> Iterator[str]:
    yield ""
    whole = summary.whole
    if whole.pairs:
        yield from _table(
            ["all questions", "n", *(LABELS[side] for side in summary.sides), "difference", "won", "lost", "tied", "p"],
            [
                [
                    metric.name,
                    str(whole.figures[OURS][metric.key].n),
                    *(figure(whole.figures[side][metric.key]) for side in summary.sides),
                    *_pair(whole.pairs[metric.key]),
                ]
                for metric in METRICS
                if metric.key in whole.figures[OURS]
            ],
        )
    else:
        rows = [
            [metric.name, str(value.n), figure(value)]
            for metric in METRICS
            if (value := whole.figures[OURS].get(metric.key))
        ]
        yield from _table(["all questions", "n", "mean (95 % interval)"], rows)
    for side in summary.sides:
        keys = headline(summary, side)
        names = [metric.name for key in keys for metric in METRICS if metric.key == key]
        yield ""
        yield from _table([LABELS[side], "n", *names], [_group(group, side, keys) for group in summary.groups])
    for item in summary.reworded:
        yield ""
        yield from _table(
            [f"MRR, {item.n} {item.category} questions", "as asked", "put plainly"],
            [[LABELS[side], f"{item.as_asked[side]:.3f}", f"{item.reworded[side]:.3f}"] for side in summary.sides],
        )
    yield ""
    for side, taken in summary.times.items():
        yield f"A search takes {taken.median:.0f} ms (median), {taken.p95:.0f} ms (95th percentile): {LABELS[side]}."
    yield ""
    yield from _glossary(dict(explanations(summary)))
    yield "In brackets the 95 % interval, from drawing the questions again 4,000 times."
    if whole.pairs:
        yield "p: how often as large a difference would come about by chance (sign-flip permutation test)."


def _group(group: Group, side: str, keys: Sequence[str]) -> list[str]:
    return [group.name, str(group.n), *(figure(group.figures[side].get(key)) for key in keys)]


def _pair(pair: Paired) -> list[str]:
    return [figure(pair.difference, signed=True), *map(str, (pair.wins, pair.losses, pair.ties)), chance(pair.p)]


def _answers(summary: AnswerSummary, judge: str) -> Iterator[str]:
    groups = [group for group in (summary.answerable, summary.unanswerable) if group and group.n]
    groups += [group for group in summary.categories if group.name not in ("answerable", "unanswerable")]
    keys = [key for key in (*MEASURES, *JUDGED) if any(key in group.figures for group in groups)]
    yield ""
    yield f"Answered by: {summary.llm}" if summary.llm else "Nothing was answered."
    yield from _table(["answers", "n", *keys], [_answer_group(group, keys) for group in groups])
    yield ""
    if summary.times:
        yield f"An answer takes {summary.times.median:.0f} ms (median), {summary.times.p95:.0f} ms (95th percentile)."
    for fault, times in summary.faults.items():
        yield f"{count(times, 'question')} without an answer: {fault}"
    if judge:
        yield f"{count(summary.judged, 'answer')} marked by {judge}."
    else:
        yield "No judge: set OPENAI_BASE_URL or OPENAI_API_KEY to have accuracy, completeness and relevance marked."
    for fault, times in summary.judge_faults.items():
        yield f"{count(times, 'answer')} not marked: {fault}"
    yield from _glossary({key: says for key, says in (MEASURES | JUDGED).items() if key in keys})


def _answer_group(group: AnswersOf, keys: Sequence[str]) -> list[str]:
    return [group.name, str(group.n), *(figure(group.figures.get(key)) for key in keys)]


def _glossary(says: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, says))
    for name, meaning in says.items():
        yield f"{name:{width}s}  {meaning}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        cells = [
            f"{row[0]:{widths[0]}s}",
            *(f"{cell:>{width}s}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()
