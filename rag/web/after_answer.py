"""What can be done with answers: say that one was right or wrong, which keeps its question, and save the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import gradio as gr

from rag.answering.feedback import keep
from rag.schema import Answer, LodestarError
from rag.web import record
from rag.web.export import exported
from rag.web.history import Message
from rag.web.needs import Assistant, Keeper

_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_TELLING = {**_QUIET, "queue": True}  # what is not queued cannot show a message
_ASKS = """<h3 id="right-document-title">Which document holds the answer?</h3>
<p>The question is kept with it, so that the next index is tested on it.</p>"""
_MOST_OFFERED = 2_000


def after_answer(assistant: Assistant, keeper: Keeper, chat: gr.ChatInterface) -> None:
    """Thumbs, the question that a thumb down asks, and the button that saves the conversation."""
    asked = gr.State(None)  # the question that is to be kept
    with gr.Column(visible=False, elem_id="right-document", min_width=0) as which:
        gr.HTML(_ASKS, padding=False, apply_default_css=False)
        source = gr.Dropdown([], label="Document", elem_id="which-source", filterable=True)
        with gr.Row():
            leave = gr.Button("Cancel", elem_id="leave-document", size="sm", min_width=0)
            nowhere = gr.Button("None of them", size="sm", min_width=0)
            done = gr.Button("Keep the question", variant="primary", size="sm", min_width=0)

    def said(messages: list[Message], thumb: gr.LikeData) -> tuple[Any, Any, Any]:
        answer = answer_at(messages, thumb.index)
        if answer is None:
            return gr.skip(), gr.skip(), gr.skip()
        if thumb.liked is True:
            _keep(assistant, answer, sorted({citation.chunk.source for citation in answer.citations}))
            return gr.Column(visible=False), gr.skip(), None
        if thumb.liked is False:
            offered = choices(answer, _titles(keeper))
            return gr.Column(visible=True), gr.Dropdown(offered, value=None), answer
        return gr.Column(visible=False), gr.skip(), None

    def kept(answer: Answer | None, chosen: object) -> tuple[Any, None]:
        if answer is not None:
            known = chosen in {value for _, value in choices(answer, _titles(keeper))}
            if not isinstance(chosen, str) or not known:
                raise gr.Error("Choose one of the documents, or None of them.", print_exception=False)
            _keep(assistant, answer, [chosen])
        return gr.Column(visible=False), None

    def kept_without(answer: Answer | None) -> tuple[Any, None]:
        if answer is not None:
            _keep(assistant, answer, [])
        return gr.Column(visible=False), None

    # One thumb after another: the page takes back one that was left while somebody may press the next.
    chat.chatbot.like(said, [chat.chatbot], [which, source, asked], trigger_mode="multiple", **_TELLING).then(
        None, None, None, js=_then("asked")
    )
    done.click(kept, [asked, source], [which, asked], **_TELLING).success(None, None, None, js=_then("kept"))
    nowhere.click(kept_without, [asked], [which, asked], **_TELLING).success(None, None, None, js=_then("kept"))
    leave.click(lambda: (gr.Column(visible=False), None), None, [which, asked], **_QUIET).then(
        None, None, None, js=_then("left")
    )


def _then(what: str) -> str:
    return f"() => window.lodestarThumbs?.{what}()"


def saving(chat: gr.ChatInterface, button: gr.Button) -> None:
    """The whole conversation becomes a file that the browser writes: nothing of it is kept here."""
    text = gr.Textbox(visible="hidden", label="Conversation as Markdown")

    def whole(messages: list[Message]) -> str:
        return exported(messages, date.today()) if messages else ""

    button.click(whole, [chat.chatbot], [text], **_QUIET).then(
        None, [text], None, js="(text) => window.lodestar?.save(text)"
    )


def answer_at(messages: Sequence[Message], index: object) -> Answer | None:
    """The answer that message number `index` carries."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(messages):
        return None
    found = [answer for _, answer in record.answers([messages[index]])]
    return found[0] if found else None


def choices(answer: Answer, titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, source): first what was found for the question, then every document."""
    found = [item.chunk.source for item in answer.retrieved if item.chunk.source in titles]
    sources = list(dict.fromkeys([*found, *titles]))[:_MOST_OFFERED]
    return [(f"{titles[source]} ({source})" if titles[source] else source, source) for source in sources]


def _titles(keeper: Keeper) -> dict[str, str]:
    try:
        return {one.source: one.title for one in keeper.documents()}
    except LodestarError:
        return {}


def _keep(assistant: Assistant, answer: Answer, sources: Sequence[str]) -> None:
    path = assistant.settings.feedback
    try:
        new = keep(path, answer.question, sources, asked_as=answer.trace.alone)
    except LodestarError as error:
        raise gr.Error(str(error), print_exception=False) from None
    gr.Info(f"The question is {'kept' if new else 'kept already'}, in {path.name}.", duration=4)
