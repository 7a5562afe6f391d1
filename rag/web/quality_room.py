"""The tab Quality: how well questions with known answers are answered, and one question taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gradio as gr

from rag.keeping.measurer import FEEDBACK, SHIPPED, newest_before
from rag.keeping.runs import Run
from rag.schema import LodestarError
from rag.web import index_html as told
from rag.web import quality_rows as rows
from rag.web.labels import ALL_DOCUMENTS, count, doc_type_choices
from rag.web.needs import Assistant, Measurer
from rag.web.posted_data import data_of, host_of, number_of, text_of

_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_CLICKS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('button[type=button]');
  if (button) trigger('click', {...button.dataset});
});"""
_TICK = 0.7  # seconds
_LONGEST = 1000  # characters of a question
_LABELS = {FEEDBACK: "Saved from the chat", SHIPPED: "Shipped with Lodestar"}
_WHICH = [("All", rows.ALL), ("Missed", rows.MISSED), ("Better", rows.BETTER), ("Worse", rows.WORSE)]
_NOTHING_YET = "<p>Ask a question, and see what each stage of the search makes of it.</p>"
_UNMEASURED = '<p class="none">Nothing has been measured yet. Measure, and see which questions find their answers.</p>'
_UNREADABLE = "The last measurement cannot be read; run the questions again."


class _Seen(NamedTuple):
    """A run, and what its questions are held against."""

    run: Run
    questions: Sequence[rows.Asked]
    others: Sequence[tuple[str, str]]
    other: str

    @property
    def label(self) -> str:
        return next((label for label, value in self.others if value == self.other), "")


def quality_room(assistant: Assistant, measurer: Measurer, tab: gr.Tab) -> None:
    """Everything is read when the tab is opened, and nothing before."""
    timer = gr.Timer(_TICK, active=False)
    html: dict[str, Any] = {"padding": False, "apply_default_css": False}
    small: dict[str, Any] = {"min_width": 0}
    no_comparison = measurer.no_comparison()
    with gr.Column(elem_id="quality", min_width=0):
        gr.HTML("<h2>Quality</h2>", **html)
        with gr.Tabs(selected="evaluation", elem_id="quality-parts") as parts:
            with gr.Tab("Your questions", id="evaluation"):
                closed = gr.HTML(elem_id="quality-closed", **html)
                with gr.Column(visible=False, elem_id="measuring", min_width=0) as measuring:
                    with gr.Row(elem_id="measure"):
                        file = gr.Dropdown([], label="Questions", filterable=False, elem_id="question-file", **small)
                        run = gr.Button("Measure", variant="primary", elem_id="run-evaluation", **small)
                        stop = gr.Button("Stop", visible=False, elem_id="stop-evaluation", **small)
                    with gr.Row(elem_id="measure-how"):
                        compare = gr.Checkbox(
                            label="Beside the plain recipe",
                            info=no_comparison
                            or "1,000-character chunks, same model, Chroma. Takes some minutes longer.",
                            interactive=not no_comparison,
                            elem_id="compare",
                            **small,
                        )
                        answers = gr.Checkbox(
                            label="Have them answered too",
                            info="By the model that answers here. Takes as long as to ask them all.",
                            elem_id="answers",
                            **small,
                        )
                progress = gr.HTML('<div role="status"></div>', elem_id="quality-progress", **html)
                report = gr.HTML(elem_id="report", **html)
                changed = gr.HTML(elem_id="changed", **html)
                with gr.Row(visible=False, elem_id="which") as finding:
                    which = gr.Radio(_WHICH, value=rows.ALL, label="Show", elem_id="which-questions", **small)
                    other = gr.Dropdown([], label="Held against", filterable=False, elem_id="held-against", **small)
                listed = gr.HTML(elem_id="questions", js_on_load=_CLICKS, **html)
            with gr.Tab("Playground", id="playground"):
                with gr.Row(elem_id="asking"):
                    question = gr.Textbox(
                        label="Question", max_length=_LONGEST, lines=1, max_lines=4, elem_id="try-question", **small
                    )
                    doc_type = gr.Dropdown(
                        [("All documents", ALL_DOCUMENTS)],
                        value=ALL_DOCUMENTS,
                        label="Search in",
                        filterable=False,
                        elem_id="try-type",
                        **small,
                    )
                    search = gr.Button("Search", variant="primary", elem_id="try", **small)
                stages = gr.HTML(_NOTHING_YET, elem_id="stages", **html)
    # No folder's name is told to whoever asks for the description of the API.
    for one in (file, other, doc_type):
        vars(one).update(api_info=lambda: {"type": "string"}, example_payload=lambda: "", example_value=lambda: "")

    def seen(host: str, name: str, held: str) -> _Seen | None:
        """The newest run over a file, held against the run before or against what was chosen. Raises LodestarError."""
        runs = measurer.runs(host, name)
        if not runs:
            return None
        now = runs[0]
        try:
            before = newest_before(runs[1:], now)
            others = [(f"the run of {told.when(past.at)}", past.at) for past in runs[1:]]
            if any(rows.PLAIN in row["results"] for row in now.report["rows"]):
                others.append(("the plain recipe", rows.PLAIN))
            chosen = held if held in [value for _, value in others] else before.at if before else ""
            chosen = chosen or (others[0][1] if others else "")
            past = next((past for past in runs[1:] if past.at == chosen), None)
            standings = rows.standings(now.report, rows.PLAIN) if chosen == rows.PLAIN else {}
            standings = rows.standings(past.report) if past else standings
            return _Seen(now, rows.asked(now.report, standings), others, chosen)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LodestarError(_UNREADABLE) from None

    def drawn(found: _Seen, kind: str, page: int = 0) -> dict[Any, Any]:
        from rag.web import quality_html as figures  # what draws is imported when there is something to draw
        from rag.web.quality_chart import chart_html
        from rag.web.quality_list import list_html

        try:
            head = figures.report_html(found.run, measurer.generation(), found.questions, found.label)
            chart = chart_html(found.run.report)
            listing = list_html(rows.chosen(found.questions, kind), kind, page)
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
            raise LodestarError(_UNREADABLE) from None
        return {
            report: head + chart,
            listed: listing,
            finding: gr.Row(visible=bool(found.questions)),
            other: gr.Dropdown(found.others, value=found.other or None, visible=bool(found.others)),
            changed: told.changes_html(measurer.last_changes()),
        }

    nothing: dict[Any, Any] = {report: "", listed: "", changed: "", finding: gr.Row(visible=False)}
    results = [report, listed, finding, other, changed]
    state = [closed, measuring, file, run, stop, progress, timer, doc_type, *results]

    def read(name: str, kind: str, held: str, request: gr.Request) -> dict[Any, Any]:
        """All of it, as this visitor may see it."""
        from rag.web import quality_html as figures

        host = host_of(request)
        shown: dict[Any, Any] = {doc_type: gr.Dropdown(_choices(assistant))}
        if refused := measurer.refusal(host):
            return shown | nothing | {closed: told.said_html(refused)}
        files, now = measurer.files(host), measurer.evaluating
        names = [one.name for one in files]
        name = text_of(name) if name in names else now.questions if now.questions in names else next(iter(names), "")
        labels = [(f"{_LABELS[one.name]} ({count(one.lines, 'question')})", one.name) for one in files]
        shown |= {
            closed: "" if files else figures.empty_html(str(assistant.settings.feedback)),
            measuring: gr.Column(visible=bool(files)),
            file: gr.Dropdown(labels, value=name or None),
            run: gr.Button(interactive=not now.running),
            stop: gr.Button(visible=now.running),
            progress: _status(figures.progress_html(now)),
            timer: gr.Timer(active=now.running),
        }
        return shown | results_of(host, name, kind, held)

    def results_of(host: str, name: str, kind: str, held: str, page: int = 0) -> dict[Any, Any]:
        try:
            if found := seen(host, text_of(name), text_of(held)):
                return drawn(found, text_of(kind), page)
            return nothing | {report: _UNMEASURED if name and not measurer.evaluating.running else ""}
        except LodestarError as error:
            return nothing | {report: told.said_html(str(error))}

    def tick(name: str, kind: str, held: str, request: gr.Request) -> dict[Any, Any]:
        from rag.web import quality_html as figures

        now = measurer.evaluating
        if now.running and not measurer.refusal(host_of(request)):
            return {progress: _status(figures.progress_html(now))}
        return read(name, kind, held, request)

    here = [file, which, other]
    tab.select(read, here, state, **_QUIET)
    timer.tick(tick, here, state, **_QUIET)

    def look(name: str, kind: str, held: str, request: gr.Request) -> dict[Any, Any]:
        return results_of(host_of(request), name, kind, held)

    for picker in (file, which, other):
        picker.input(look, here, results, **_QUIET)

    def start(name: str, beside: bool, too: bool, request: gr.Request) -> dict[Any, Any]:
        try:
            measurer.start(host_of(request), text_of(name), compare=beside is True, answers=too is True)
            return {progress: _status("")}
        except LodestarError as error:
            return {progress: _status(told.said_html(str(error)))}

    def started(name: str, kind: str, held: str, request: gr.Request) -> dict[Any, Any]:
        return read(name, kind, held, request) if measurer.evaluating.running else {}

    run.click(start, [file, compare, answers], [progress], **_QUIET).then(started, here, state, **_QUIET)

    def end(request: gr.Request) -> dict[Any, Any]:
        try:
            measurer.stop(host_of(request))
        except LodestarError as error:
            return {progress: _status(told.said_html(str(error)))}
        return {}

    stop.click(end, None, [progress], **_QUIET)

    def taken_apart(words: str, kind: str) -> str:
        from rag.web.playground_html import stages_html

        asked = text_of(words)[:_LONGEST].strip()
        if not asked:
            return _NOTHING_YET
        try:
            return stages_html(asked, assistant.stages(asked, text_of(kind) or None), assistant.settings)
        except LodestarError as error:
            return told.said_html(str(error))

    search.click(taken_apart, [question, doc_type], [stages], **_QUIET)
    question.submit(taken_apart, [question, doc_type], [stages], **_QUIET)
    doc_type.input(taken_apart, [question, doc_type], [stages], **_QUIET)

    def clicked(name: str, kind: str, held: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        """Another page is turned to, or a question is looked at in the playground."""
        data = data_of(event)
        if words := text_of(data.get("try"))[:_LONGEST]:
            return {parts: gr.Tabs(selected="playground"), question: words, stages: taken_apart(words, "")}
        return results_of(host_of(request), name, kind, held, number_of(data.get("page")))

    listed.click(clicked, here, [*results, parts, question, stages], **_QUIET)


def _choices(assistant: Assistant) -> list[tuple[str, str]]:
    try:
        return doc_type_choices(assistant.overview().doc_types)
    except LodestarError:
        return doc_type_choices({})


def _status(inside: str) -> str:
    """Read out by a screen reader when it changes."""
    return f'<div role="status">{inside}</div>'
