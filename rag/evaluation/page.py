"""An evaluation as one HTML page that needs nothing beside itself. Every text that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from rag.evaluation.answers import JUDGED, MEASURES, AnswerSummary
from rag.evaluation.evaluation import Evaluation
from rag.evaluation.metrics import METRICS
from rag.evaluation.page_questions import questions
from rag.evaluation.page_style import CSS
from rag.evaluation.report import CHANCE, chance, count, head, headline, interval, left_out, verdict
from rag.evaluation.run import LABELS, OURS
from rag.evaluation.statistics import Estimate, Paired
from rag.evaluation.summary import Summary

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>How well questions are answered</title>
<style>{css}</style>
</head>
<body>
<main>
"""


def page(evaluation: Evaluation) -> str:
    """The whole page."""
    return _HEAD.format(css=CSS) + "\n".join(_body(evaluation)) + "\n</main>\n</body>\n</html>\n"


def _body(evaluation: Evaluation) -> Iterator[str]:
    yield "<h1>How well questions are answered</h1>"
    yield f"<p>{escape(head(evaluation))}</p>"
    for line in left_out(evaluation):
        yield f'<p class="soft">{escape(line)}</p>'
    if summary := evaluation.summary:
        yield from _whole(summary)
        yield from _chart(summary)
        yield from _categories(summary)
        yield from _reworded(summary)
    if evaluation.answers:
        yield from _answers(evaluation.answers, evaluation.judge)
    yield from questions(evaluation)


def _whole(summary: Summary) -> Iterator[str]:
    whole = summary.whole
    yield f"<h2>{'All questions' if len(summary.groups) > 1 else 'Figures'}</h2>"
    if verdict := _verdict(summary):
        yield f"<p>{verdict}</p>"
    header = ["", "questions", *(LABELS[side] for side in summary.sides)]
    header += ["difference", "won, lost, tied", "p"] if whole.pairs else []
    rows = []
    for metric in METRICS:
        if metric.key in whole.figures[OURS]:
            name = f'{escape(metric.name)}<span class="says">{escape(metric.says)}</span>'
            cells = [name, str(whole.figures[OURS][metric.key].n)]
            cells += [_figure(whole.figures[side][metric.key]) for side in summary.sides]
            rows.append([*cells, *(_pair(whole.pairs[metric.key]) if whole.pairs else ())])
    yield _table(header, rows)
    yield '<p class="soft">Small: the 95 % interval, from drawing the questions again 4,000 times.'
    if whole.pairs:
        yield "p: how often as large a difference would come about by chance (sign-flip permutation test)."
    yield "</p>"
    for side, taken in summary.times.items():
        yield (
            f'<p class="soft">{escape(LABELS[side])}: a search takes {taken.median:.0f} ms (median), '
            f"{taken.p95:.0f} ms (95th percentile).</p>"
        )


def _verdict(summary: Summary) -> str:
    """The comparison in one sentence."""
    pair = summary.whole.pairs.get("mrr") or next(iter(summary.whole.pairs.values()), None)
    return verdict(pair) if pair else ""


def _chart(summary: Summary) -> Iterator[str]:
    groups = summary.categories if len(summary.categories) > 1 else ()
    key = next((key for key in ("mrr", "hit") if key in summary.whole.figures[OURS]), "")
    if not groups or not key:
        return
    name = next(metric.name for metric in METRICS if metric.key == key)
    yield f"<h2>{escape(name)} by category</h2>"
    sides = "".join(f'<span><i class="{side}"></i>{escape(LABELS[side])}</span>' for side in summary.sides)
    yield f'<div class="key">{sides}<span>The line is the 95 % interval.</span></div>'
    yield '<div class="chart">'
    for group in groups:
        yield f"<b>{escape(_words(group.name))}<small>{group.n}</small></b><div>"
        for side in summary.sides:
            if value := group.figures[side].get(key):
                yield _bar(side, value)
        yield "</div>"
    yield "</div>"


def _bar(side: str, value: Estimate) -> str:
    line = ""
    if value.low is not None and value.high is not None:
        line = f'<u style="left:{100 * value.low:.1f}%;width:{100 * (value.high - value.low):.1f}%"></u>'
    label = f"{LABELS[side]}: {value.mean:.3f}"
    return (
        f'<div class="bar" role="img" aria-label="{escape(label)}"><i class="{side}" style="width:{100 * value.mean:.1f}%"></i>'
        f"{line}<span>{value.mean:.2f}</span></div>"
    )


def _categories(summary: Summary) -> Iterator[str]:
    if len(summary.groups) < 3:
        return
    for side in summary.sides:
        keys = headline(summary, side)
        names = [metric.name for key in keys for metric in METRICS if metric.key == key]
        yield f"<h3>{escape(LABELS[side])}, group by group</h3>"
        yield _table(
            ["", "questions", *names],
            [
                [escape(_words(group.name)), str(group.n), *(_figure(group.figures[side].get(key)) for key in keys)]
                for group in summary.groups
            ],
        )


def _reworded(summary: Summary) -> Iterator[str]:
    if not summary.reworded:
        return
    yield "<h2>The same questions, put plainly</h2>"
    yield '<p class="soft">MRR as asked, and of the same questions written as one would put them to a stranger.</p>'
    rows = []
    for item in summary.reworded:
        for side in summary.sides:
            name = f"{escape(_words(item.category))}, {escape(LABELS[side])}"
            rows.append([name, str(item.n), f"{item.as_asked[side]:.3f}", f"{item.reworded[side]:.3f}"])
    yield _table(["", "questions", "as asked", "put plainly"], rows)


def _answers(summary: AnswerSummary, judge: str) -> Iterator[str]:
    groups = [group for group in (summary.answerable, summary.unanswerable) if group and group.n]
    says: Mapping[str, str] = MEASURES | JUDGED
    yield "<h2>Answers</h2>"
    yield f"<p>{escape(f'Answered by: {summary.llm}' if summary.llm else 'Nothing was answered.')}</p>"
    if judge:
        yield f"<p>{escape(count(summary.judged, 'answer'))} marked by {escape(judge)}.</p>"
    for fault, times in (*summary.faults.items(), *summary.judge_faults.items()):
        yield f'<p class="worse">{count(times, "question")}: {escape(fault)}</p>'
    yield _table(
        ["", *(f"{group.name}, {group.n} questions" for group in groups)],
        [
            [
                f'{escape(key)}<span class="says">{escape(says[key])}</span>',
                *(_figure(group.figures.get(key)) for group in groups),
            ]
            for key in says
            if any(key in group.figures for group in groups)
        ],
    )
    if summary.times:
        median, p95 = summary.times
        yield f'<p class="soft">An answer takes {median:.0f} ms (median), {p95:.0f} ms (95th percentile).</p>'


def _figure(value: Estimate | None, signed: bool = False) -> str:
    if value is None:
        return "–"
    sign = "+" if signed else ""
    small = ""
    if value.low is not None and value.high is not None:
        small = f"<small>{interval(value.low, value.high, signed)}</small>"
    return f"<span>{value.mean:{sign}.3f}{small}</span>"


def _pair(pair: Paired) -> list[str]:
    kind = "" if pair.p >= CHANCE else "better" if pair.difference.mean > 0 else "worse"
    difference = f'<span class="{kind}">{_figure(pair.difference, signed=True)}</span>'
    return [difference, f"{pair.wins}, {pair.losses}, {pair.ties}", escape(chance(pair.p))]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Header cells are text; the cells of the rows are HTML."""
    lines = ["<table><thead><tr>", *(f"<th>{escape(name)}</th>" for name in header), "</tr></thead><tbody>"]
    for row in rows:
        cells = (f'<td data-label="{escape(name)}">{cell}</td>' for name, cell in zip(header[1:], row[1:], strict=True))
        lines += [f'<tr><th scope="row">{row[0]}</th>', *cells, "</tr>"]
    return "".join([*lines, "</tbody></table>"])


def _words(name: str) -> str:
    """A category's name as a person writes it."""
    return name.replace("_", " ")
