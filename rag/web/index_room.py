"""The tab Index: what is in it, where it came from, and for whoever may: documents added, an ingest, the way back."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles

from rag.keeping.files import MOST_BYTES, MOST_FILES
from rag.keeping.keeper import Upload
from rag.schema import LodestarError
from rag.web import documents_html as shelf
from rag.web import index_html as told
from rag.web.labels import ALL_DOCUMENTS, doc_type_choices, doc_type_label
from rag.web.needs import Keeper
from rag.web.posted_data import data_of, forget, host_of, number_of, text_of

_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_CLICKS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('button[type=button]');
  if (button) trigger('click', {...button.dataset});
});"""
_HINT = (
    f'<p class="hint">Up to {MOST_FILES} files of {MOST_BYTES // 2**20} MB. A new name in the box makes a new type.</p>'
)
_TICK = 0.7  # seconds


class _Uploads(gr.UploadButton):
    """Hands on what a file was called where it came from: Gradio changes the name that it keeps it under."""

    is_template = True

    def preprocess(self, payload: ListFiles | FileData | None) -> Any:
        given = payload.root if isinstance(payload, ListFiles) else [payload] if payload else []
        return [Upload(str(file.orig_name or Path(file.path).name), Path(file.path)) for file in given]

    def postprocess(self, value: Any) -> None:
        return None


def index_room(keeper: Keeper, tab: gr.Tab) -> None:
    """Everything is read when the tab is opened, and nothing before."""
    asked = gr.State(None)  # what is to be done once it is confirmed
    opened = gr.State(False)
    timer = gr.Timer(_TICK, active=False)
    html: dict[str, Any] = {"padding": False, "apply_default_css": False}
    with gr.Column(elem_id="index", min_width=0):
        summary = gr.HTML("<h2>Index</h2>", elem_id="index-summary", **html)
        closed = gr.HTML(elem_id="index-closed", **html)
        with gr.Column(visible=False, elem_id="keeping", min_width=0) as keeping:
            with gr.Row(elem_id="adding"):
                into = gr.Dropdown([], label="Add to", allow_custom_value=True, elem_id="into", min_width=0)
                upload = _Uploads(
                    "Choose Markdown files", file_count="multiple", file_types=[".md", ".markdown"], elem_id="upload"
                )
                ingest = gr.Button("Ingest", variant="primary", elem_id="ingest", min_width=0)
            gr.HTML(_HINT, **html)
            pending = gr.HTML(elem_id="pending", **html)
        progress = gr.HTML('<div role="status"></div>', elem_id="progress", **html)
        said = gr.HTML('<div role="status"></div>', elem_id="index-said", **html)
        with gr.Row(elem_id="finding") as finding:
            words = gr.Textbox(label="Find a document", placeholder="Title or file name", elem_id="find", min_width=0)
            doc_type = gr.Dropdown(
                [("All documents", ALL_DOCUMENTS)],
                value=ALL_DOCUMENTS,
                label="Type",
                filterable=False,
                elem_id="find-type",
                min_width=0,
            )
        main = gr.HTML(elem_id="documents", js_on_load=_CLICKS, **html)
        history = gr.HTML(elem_id="kept", js_on_load=_CLICKS, **html)
    with gr.Column(visible=False, elem_id="confirm", min_width=0) as confirm:
        question = gr.HTML(elem_id="confirm-question", **html)
        with gr.Row():
            yes = gr.Button("Go on", variant="primary", elem_id="confirm-yes", min_width=0)
            no = gr.Button("Cancel", elem_id="confirm-no", min_width=0)
    # No folder's name is told to whoever asks for the description of the API.
    for one in (into, doc_type):
        vars(one).update(api_info=lambda: {"type": "string"}, example_payload=lambda: "", example_value=lambda: "")

    def listing(kind: str, query: str, page: int = 0) -> str:
        try:
            return shelf.documents_html(shelf.matching(keeper.documents(), text_of(kind), text_of(query)), page)
        except LodestarError:
            return ""

    state = [summary, closed, keeping, into, pending, progress, timer, ingest, doc_type, history]

    def read(into_now: str, kind: str, request: gr.Request) -> dict[Any, Any]:
        """The state of index and ingest, as this visitor may see it."""
        refused, now = keeper.refusal(host_of(request)), keeper.ingesting
        shown: dict[Any, Any] = {
            closed: told.said_html(refused),
            keeping: gr.Column(visible=not refused),
            progress: _status(told.progress_html(now, keeper.changed)),
            timer: gr.Timer(active=now.running),
            ingest: gr.Button("Ingesting" if now.running else "Ingest", interactive=not now.running),
        }
        try:
            manifest = keeper.manifest()
            kinds = dict(manifest.doc_types)
            chosen = text_of(into_now) or next(iter(sorted(kinds)), "")
            labels = [(doc_type_label(name) if name in kinds else name, name) for name in sorted({*kinds, chosen})]
            return shown | {
                summary: told.summary_html(manifest),
                into: gr.Dropdown(labels, value=chosen),
                pending: "" if now.running or refused else told.pending_html(keeper.pending()),
                doc_type: gr.Dropdown(doc_type_choices(kinds), value=kind if kind in kinds else ALL_DOCUMENTS),
                history: told.changes_html(keeper.last_changes())
                + told.skipped_html(manifest.skipped)
                + told.kept_html(keeper.kept(), may=not refused),
            }
        except LodestarError as error:
            return shown | {summary: told.fault_html(str(error)), history: ""}

    def enter(into_now: str, kind: str, query: str, is_open: bool, request: gr.Request) -> dict[Any, Any]:
        return read(into_now, kind, request) | ({} if is_open else {main: listing(kind, query)})

    def tick(into_now: str, kind: str, query: str, is_open: bool, request: gr.Request) -> dict[Any, Any]:
        now = keeper.ingesting
        if now.running:
            return {progress: _status(told.progress_html(now, None))}
        return enter(into_now, kind, query, is_open, request)

    here = [into, doc_type, words, opened]
    tab.select(enter, here, [*state, main], **_QUIET)
    timer.tick(tick, here, [*state, main], **_QUIET)

    def find(kind: str, query: str) -> str:
        return listing(kind, query)

    words.change(find, [doc_type, words], [main], trigger_mode="always_last", **_QUIET)
    doc_type.input(find, [doc_type, words], [main], **_QUIET)

    asking = [confirm, question, yes, asked]

    def ask(sentence: str, do: str, what: tuple[Any, ...]) -> dict[Any, Any]:
        return {
            confirm: gr.Column(visible=True),
            question: f'<div role="alert"><p>{escape(sentence)}</p></div>',
            yes: gr.Button(do),
            asked: what,
        }

    def clicked(kind: str, query: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        """A document is opened, another page turned to, or a document is to be removed."""
        data = data_of(event)
        page = number_of(data.get("back", data.get("page")))
        source = text_of(data.get("remove") or data.get("document"))
        if not source:
            return {main: listing(kind, query, page), finding: gr.Row(visible=True), opened: False}
        may = not keeper.refusal(host_of(request))
        first = number_of(data.get("first"))
        try:
            listed, chunks = keeper.document(source, first, shelf.CHUNKS)
        except LodestarError as error:
            return {said: _status(told.said_html(str(error)))}
        if "remove" in data:
            return ask(told.remove_question(listed), "Remove", ("remove", source)) if may else {}
        opening = shelf.document_html(listed, chunks, min(first, listed.chunks - 1), page, may=may)
        return {main: opening, finding: gr.Row(visible=False), opened: True, said: _status("")}

    main.click(clicked, [doc_type, words], [main, finding, opened, said, *asking], **_QUIET).then(
        None, None, None, js="() => window.lodestarIndex?.moved()"
    )

    def wants(event: gr.EventData) -> dict[Any, Any]:
        name = text_of(data_of(event).get("publish"))
        sentence = told.publish_question(keeper.kept(), name) if name else ""
        return ask(sentence, "Use that index", ("publish", name)) if sentence else {said: _status("")}

    focus = {"fn": None, "inputs": None, "outputs": None, "js": "() => window.lodestarIndex?.asked()"}
    history.click(wants, None, [said, *asking], **_QUIET).then(**focus)

    def take(uploads: Sequence[Upload], into_now: str, request: gr.Request) -> dict[Any, Any]:
        """Files were chosen: those that are new are written, those that exist are asked about."""
        try:
            added = keeper.add(host_of(request), text_of(into_now), uploads or [])
        except LodestarError as error:
            forget(uploads or [])
            return {said: _status(told.said_html(str(error)))}
        waiting = {upload.path for upload in added.existing}
        forget([upload for upload in uploads if upload.path not in waiting])
        shown: dict[Any, Any] = {said: _status(told.added_html(added))}
        if added.existing:
            sentence = told.replace_question(into_now, [upload.name for upload in added.existing])
            shown |= ask(sentence, "Replace", ("replace", into_now, added.existing))
        return shown

    after = ([into, doc_type], state)
    upload.upload(take, [upload, into], [said, *asking], **_QUIET).then(read, *after, **_QUIET).then(**focus)

    def start(request: gr.Request) -> dict[Any, Any]:
        try:
            keeper.ingest(host_of(request))
            return {said: _status("")}
        except LodestarError as error:
            return {said: _status(told.said_html(str(error)))}

    ingest.click(start, None, [said], **_QUIET).then(read, *after, **_QUIET)

    def done(what: tuple[Any, ...] | None, request: gr.Request) -> dict[Any, Any]:
        """What was asked about is confirmed. It comes from this visitor's own session, and is checked again below."""
        shown: dict[Any, Any] = {confirm: gr.Column(visible=False), asked: None}
        try:
            match what:
                case ("publish", name):
                    manifest = keeper.go_to(host_of(request), name)
                    sentence = f"Answers now come from the index of {told.when(manifest.created)}."
                    return shown | {said: _status(told.said_html(sentence))}
                case ("remove", source):
                    place = keeper.remove(host_of(request), source)
                    sentence = f"{source} is now {place}. Ingest, and answers no longer know it."
                    return shown | {said: _status(told.said_html(sentence))}
                case ("replace", kind, uploads):
                    added = keeper.add(host_of(request), kind, uploads, replace=True)
                    forget(uploads)
                    return shown | {said: _status(told.added_html(added))}
        except LodestarError as error:
            return shown | {said: _status(told.said_html(str(error)))}
        return shown

    def cancel(what: tuple[Any, ...] | None) -> dict[Any, Any]:
        if what and what[0] == "replace":
            forget(what[2])
        return {confirm: gr.Column(visible=False), asked: None}

    ended = [confirm, asked, said]
    yes.click(done, [asked], ended, **_QUIET).then(enter, here, [*state, main], **_QUIET)
    no.click(cancel, [asked], ended[:2], **_QUIET)


def _status(inside: str) -> str:
    """Read out by a screen reader when it changes."""
    return f'<div role="status">{inside}</div>'
