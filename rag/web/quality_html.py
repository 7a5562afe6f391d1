"""The figures of an evaluation for the tab Quality, from the object that `rag.evaluate --json` prints. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from rag.evaluation.answers import JUDGED, MEASURES
from rag.evaluation.metrics import METRICS
from rag.evaluation.report import CHANCE, chance, interval, verdict
from rag.evaluation.run import LABELS, OURS, PLAIN
from rag.evaluation.statistics import Estimate, Paired
from rag.keeping.evaluating import Evaluating
from rag.keeping.runs import Run
from rag.web.index_html import said_html, when
from rag.web.labels import count
from rag.web.quality_rows import Asked, Report, counts

_HEADLINE = ("mrr", "ndcg", "coverage", "recall", "hit")
_DOING = {
    "Embedded": ("Embedding the plain recipe", "chunk"),
    "Searched": ("Searching", "question"),
    "Answered": ("Answering", "question"),
}
_NOTES = 3
PLAIN_RECIPE = f"the {LABELS[PLAIN]}"

EMPTY = """<div class="empty"><p>There are no questions to measure with yet.
A thumb under an answer in the chat saves its question to <code>{file}</code>, or you write such a file yourself, one question a
line with the words or the document that answer it, as "Measure it" in the README shows, and name it in
<code>RAG_FEEDBACK</code>.</p></div>"""


def empty_html(file: str) -> str:
    """What to do where there is nothing to measure."""
    return EMPTY.format(file=escape(file))


def progress_html(now: Evaluating) -> str:
    """How far an evaluation is, or why there is none."""
    if not now.running:
        return said_html(now.fault)
    if not now.total:
        return '<progress aria-label="Measuring"></progress><p>Getting ready.</p>'
    doing, things = _DOING.get(now.doing, (now.doing, "question"))
    left = f", about {count(now.left, 'second')} left" if now.left else ""
    far = f' max="{now.total}" value="{now.done}"' if now.done else ""  # until then it only moves
    return (
        f'<progress aria-label="Measuring"{far}></progress>'
        f"<p>{escape(doing)}: {now.done:,} of {count(now.total, things)}{left}. The chat goes on meanwhile.</p>"
    )


def report_html(run: Run, generation: str, questions: Sequence[Asked], other: str) -> str:
    """The figures of a run; `generation`: that which answers now; `other`: what the questions are held against, or ""."""
    return "".join(_report(run, generation, questions, other))


def _report(run: Run, generation: str, questions: Sequence[Asked], other: str) -> Iterator[str]:
    report = run.report
    measured = int(report["questions"]["measured"])
    yield f"<h3>{count(measured, 'question')}, measured {when(run.at)}</h3>" if measured else ""
    if run.generation != generation:
        yield said_html(
            "The index has changed since. Run them again, and you see which questions got better or worse by that."
        )
    if other and other != PLAIN_RECIPE and questions:
        better, worse, same = counts(questions)
        yield said_html(f"Held against {other}: {better} better, {worse} worse, {same} as before.")
    retrieval = report.get("retrieval")
    if retrieval and PLAIN in retrieval["chunks"]:
        pairs = retrieval["groups"]["all"]["paired"]
        yield said_html(verdict(paired(pairs.get("mrr") or next(iter(pairs.values())))))
    yield from _left_out(report)
    if retrieval:
        yield _figures(retrieval)
    if "answers" in report:
        yield from _answers(report["answers"])


def _left_out(report: Report) -> Iterator[str]:
    about = report["questions"]
    sentences = []
    if about["unanswerable"]:
        sentences.append(f"{count(about['unanswerable'], 'question')} without an answer: not counted in a search.")
    if missing := len(about["not_measurable"]):
        sentences.append(f"{count(missing, 'question')} with nothing that shows a right answer: cannot be measured.")
    notes = report["notes"]
    sentences += [str(note) for note in notes[:_NOTES]]
    if len(notes) > _NOTES:
        sentences.append(f"{len(notes) - _NOTES} more do not fit the documents.")
    yield f'<div class="hint">{said_html(*sentences)}</div>' if sentences else ""


def estimate(value: Mapping[str, Any]) -> Estimate:
    low, high = value["low"], value["high"]
    return Estimate(
        int(value["n"]),
        float(value["mean"]),
        None if low is None else float(low),
        None if high is None else float(high),
    )


def paired(value: Mapping[str, Any]) -> Paired:
    wins, losses, ties = (int(value[name]) for name in ("wins", "losses", "ties"))
    return Paired(int(value["n"]), wins, losses, ties, estimate(value["difference"]), float(value["p"]))


def headline(figures: Mapping[str, Any]) -> list[str]:
    """The keys of the figures that tell most: whether a file was found at all only where nothing finer is known."""
    keys = [key for key in _HEADLINE if key in figures]
    return keys if keys == ["hit"] else [key for key in keys if key != "hit"]


def _figures(retrieval: Mapping[str, Any]) -> str:
    whole = retrieval["groups"]["all"]
    sides = [side for side in (OURS, PLAIN) if side in retrieval["chunks"]]
    header = ["", *(capital(LABELS[side]) if len(sides) > 1 else "Mean" for side in sides)]
    header += ["Difference"] if "paired" in whole else []
    rows = []
    for key in headline(whole[OURS]):
        metric = next(metric for metric in METRICS if metric.key == key)
        cells = [_figure(estimate(whole[side][key])) for side in sides]
        cells += [_difference(paired(whole["paired"][key]))] if "paired" in whole else []
        rows.append((f'{escape(capital(metric.name))}<span class="says">{escape(metric.says)}</span>', cells))
    taken = [retrieval["search_ms"][side] for side in sides]
    times = [f"{_milliseconds(one['median'])}<small>95 % within {_milliseconds(one['p95'])}</small>" for one in taken]
    name = 'A search<span class="says">how long one takes, half of them less</span>'
    rows.append((name, [*times, *([""] if "paired" in whole else [])]))
    small = "Small: where the figure lies with 95 % certainty, were other questions of the kind asked."
    return f'{table(header, rows)}<p class="hint">{small}</p>'


def _milliseconds(value: float) -> str:
    return f"{float(value):.0f} ms"


def _figure(value: Estimate, signed: bool = False) -> str:
    sign = "+" if signed else ""
    small = ""
    if value.low is not None and value.high is not None:
        small = f"<small>{interval(value.low, value.high, signed)}</small>"
    return f"{value.mean:{sign}.3f}{small}"


def _difference(pair: Paired) -> str:
    kind = "" if pair.p >= CHANCE else "better" if pair.difference.mean > 0 else "worse"
    return (
        f'<span class="{kind}">{_figure(pair.difference, signed=True)}</span><small>p {escape(chance(pair.p))}</small>'
    )


def _answers(answers: Mapping[str, Any]) -> Iterator[str]:
    said: Mapping[str, str] = MEASURES | JUDGED
    groups = {name: answers["groups"][name] for name in ("answerable", "unanswerable") if name in answers["groups"]}
    yield "<h3>Their answers</h3>"
    by = f"Answered by {answers['llm']}." if answers["llm"] else "Nothing was answered."
    judge = f"{count(answers['judged'], 'answer')} marked by {answers['judge']}." if answers["judge"] else ""
    faults = (*answers["faults"].items(), *answers["judge_faults"].items())
    yield said_html(by, judge, *(f"{count(times, 'question')}: {fault}" for fault, times in faults))
    rows = [
        (
            f'{escape(capital(key))}<span class="says">{escape(says)}</span>',
            [_figure(estimate(group[key])) if key in group else "" for group in groups.values()],
        )
        for key, says in said.items()
        if any(key in group for group in groups.values())
    ]
    yield table(["", *(f"{capital(name)} ({group['n']})" for name, group in groups.items())], rows)


def table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Header cells are text; the cells of the rows are HTML, each with the name of its column for a narrow screen."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in header)
    body = ""
    for name, cells in rows:
        inside = (
            f'<td data-label="{escape(column)}">{cell}</td>' for column, cell in zip(header[1:], cells, strict=True)
        )
        body += f'<tr><th scope="row">{name}</th>{"".join(inside)}</tr>'
    one = " one" if len(header) == 2 else ""
    return f'<table class="figures{one}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def capital(name: str) -> str:
    """A figure's name at the head of a line; nDCG stays as it is."""
    return name[:1].upper() + name[1:] if name.islower() else name
