"""The page itself: what stands where, and what happens when something is asked, opened or cleared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from html import escape
from typing import Any, cast

import gradio as gr

from rag.keeping.measurer import Measurer
from rag.schema import LlmChoice, LodestarError
from rag.web import record
from rag.web.after_answer import after_answer, saving
from rag.web.asking import ask, told
from rag.web.history import Message, fitting
from rag.web.index_room import index_room
from rag.web.labels import ALL_DOCUMENTS, apology, doc_type_choices, greeting, llm_choices, looked_for
from rag.web.limits import Seats
from rag.web.map_room import map_room
from rag.web.needs import Assistant, Keeper
from rag.web.quality_room import quality_room
from rag.web.reader import reader
from rag.web.sources import sources_html
from rag.web.typed import Chatbot
from rag.web.visitors import asks_as

# A saved conversation must outlive a restart and a new version of the page; Gradio's own key and salt change with both.
# The salt is no secret: Gradio sends it to every browser.
_STORAGE_KEY = "lodestar-conversations"
_STORAGE_SALT = "lodestar"

_ASK = "Ask about your documents"
_ASK_MORE = "Ask a follow-up"
_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_PICKER: dict[str, Any] = {"container": False, "filterable": False, "min_width": 0}

_BRAND = """<div class="brand"><button type="button" data-open="saved" aria-label="Saved conversations"></button>
<i class="star"></i><b role="heading" aria-level="1">Lodestar</b><button type="button" data-open="sources">Sources</button></div>"""
_BY = '<span class="by">Answered by</span>'
_TOO_LONG = '<p id="too-long" role="status" hidden></p>'


def build(assistant: Assistant, keeper: Keeper) -> gr.Blocks:
    """The whole page over one assistant, and the keeper of its documents."""
    page: gr.Blocks = gr.Blocks(title="Lodestar", analytics_enabled=False, fill_height=True, fill_width=True)
    with page:
        # True once a browser has loaded the page. A program that calls the API never loads it, and gets plain text.
        on_page = gr.State(False)
        gr.HTML(_BRAND, elem_id="top", padding=False, apply_default_css=False)
        with gr.Tabs(selected="chat", elem_id="rooms"):
            with gr.Tab("Chat", id="chat", elem_id="room-chat") as room, gr.Row(elem_id="work"):
                with gr.Column(elem_id="talk", min_width=0):
                    # What a question is asked with stands before the conversation here, because that needs it; the
                    # stylesheet puts it below the box to ask in.
                    with gr.Row(elem_id="choices"):
                        doc_type = _filter(assistant, label="Search in", elem_id="doc-type", **_PICKER)
                        gr.HTML(_BY, padding=False, elem_id="by")
                        # Who calls the API need not name a model. The page does: it must say which one answers.
                        anyone = [("Whoever is there", ""), *llm_choices(assistant.llms())]
                        llm = gr.Dropdown(anyone, value="", label="Answered by", elem_id="llm", **_PICKER)
                        look_again = gr.Button("Look for models", size="sm", elem_id="look-again", min_width=0)
                    gr.HTML(_TOO_LONG, padding=False, elem_id="limit")
                    _keep_private(doc_type, llm)
                    chat = _conversation(assistant, [doc_type, llm, on_page])
                panel = gr.HTML(sources_html([]), elem_id="panel", padding=False, apply_default_css=False)
            with room:
                after_answer(assistant, keeper, chat)
            with gr.Tab("Map", id="map", elem_id="room-map"):
                map_room(assistant, chat)
            with gr.Tab("Quality", id="quality", elem_id="room-quality") as quality_tab:
                quality_room(assistant, Measurer(assistant.settings), quality_tab)
            with gr.Tab("Index", id="index", elem_id="room-index") as index_tab:
                index_room(keeper, index_tab)
        reader(assistant)
        _keep_panel(chat, panel)
        _ask_examples(chat)
        _survive_restart(chat, on_page)
        look_again.click(
            lambda current: _look_again(assistant, current),
            [llm],
            [llm],
            show_progress="hidden",
            api_visibility="private",
        )
        page.load(_trimmed, [chat.saved_conversations], [chat.saved_conversations], **_QUIET)
        page.load(lambda: (True, *_first_sight(assistant)), None, [on_page, doc_type, llm, chat.chatbot], **_QUIET)
    page.queue(default_concurrency_limit=None)
    return page


def _keep_private(*pickers: gr.Dropdown) -> None:
    """Gradio describes the API to whoever opens the page, before any password: no folder's or model's name belongs there."""
    for picker in pickers:
        vars(picker).update(api_info=lambda: {"type": "string"}, example_payload=lambda: "", example_value=lambda: "")


def _conversation(assistant: Assistant, inputs: Sequence[gr.components.Component]) -> gr.ChatInterface:
    seats = Seats(assistant.settings.max_questions)
    save = gr.Button("Save as Markdown", render=False)

    async def answer(
        message: str, history: list[Message], doc_type: str, llm: str, on_page: bool, request: gr.Request
    ) -> AsyncIterator[str | dict[str, Any]]:
        """Ask the documents a question. Calls of one session form a conversation."""
        address = request.client.host if request.client else ""
        with seats.taken(asks_as(request.session_hash or ""), address) as refusal:
            if refusal:
                yield told(refusal, on_page=on_page)
                return
            asking = ask(assistant, message, history, doc_type, llm, on_page=on_page)
            async with aclosing(cast("Any", asking)) as pieces:
                async for piece in pieces:
                    yield piece

    chat = gr.ChatInterface(
        answer,
        chatbot=Chatbot(
            elem_id="chat",
            label="Conversation",
            show_label=False,
            scale=1,
            height="100%",
            layout="bubble",
            buttons=["copy", save],
            feedback_options=("Like", "Dislike"),
            latex_delimiters=[],
            allow_tags=False,
        ),
        textbox=gr.Textbox(
            elem_id="question",
            label="Your question",
            placeholder=_ASK,
            lines=1,
            max_lines=8,
            autofocus=True,
            submit_btn=True,
            stop_btn=True,
            container=False,
        ),
        additional_inputs=list(inputs),
        editable=True,
        save_history=True,
        flagging_mode="never",
        analytics_enabled=False,
        concurrency_limit=None,
        api_name="chat",
        api_description="Ask the documents a question. Calls of one session form a conversation.",
    )
    saving(chat, save)
    chat.saved_conversations.storage_key = _STORAGE_KEY
    chat.saved_conversations.secret = _STORAGE_SALT
    chat.new_chat_button.value = "New conversation"
    chat.new_chat_button.icon = None
    chat.new_chat_button.elem_id = "new-chat"
    chat.chat_history_dataset.elem_id = "saved-list"
    if chat.new_chat_button.parent is not None:
        chat.new_chat_button.parent.elem_id = "saved"
    return chat


def _keep_panel(chat: gr.ChatInterface, panel: gr.HTML) -> None:
    """The panel follows the conversation, and the list of those saved, where the open one is marked.

    Gradio saves after each answer, retry, undo and edit: one event for them all.
    """
    number = gr.Textbox(visible="hidden", label="Open conversation")

    def of(messages: Sequence[Message], opened: int | None) -> tuple[str, gr.Textbox, str]:
        asks = gr.Textbox(placeholder=_ASK_MORE if messages else _ASK)
        return sources_html(record.answers(messages)), asks, "" if opened is None else str(opened)

    def of_saved(index: int, saved: Sequence[Sequence[Message]]) -> tuple[str, gr.Textbox, str]:
        return of(saved[index], index)

    shown = [panel, chat.textbox, number]
    number.change(None, [number], None, js="(number) => window.lodestarSaved?.opened(number)")
    chat.saved_conversations.change(of, [chat.chatbot_state, chat.conversation_id], shown, **_QUIET).then(
        None, None, None, js="() => window.lodestar?.ready()"
    )
    chat.chat_history_dataset.click(of_saved, [chat.chat_history_dataset, chat.saved_conversations], shown, **_QUIET)
    for cleared in (chat.new_chat_button.click, chat.chatbot.clear):
        cast("Callable[..., Any]", cleared)(lambda: of([], None), None, shown, **_QUIET)


def _ask_examples(chat: gr.ChatInterface) -> None:
    """An example goes the way of a typed question: Gradio's own wiring would not save a conversation that began with one."""

    def chosen(picked: gr.SelectData) -> str:
        return str(picked.value["text"])

    chat.chatbot.example_select(chosen, None, [chat.textbox], **_QUIET).then(
        None, None, None, js="() => window.lodestar?.send()"
    )


def _survive_restart(chat: gr.ChatInterface, on_page: gr.State) -> None:
    """After a restart the page in the browser still shows its conversation, but Gradio's copy of it here is gone."""

    def restored(shown: list[Message], kept: list[Message]) -> tuple[Any, bool]:
        return (shown if shown and not kept else gr.skip()), True

    chat.textbox.submit(restored, [chat.chatbot, chat.chatbot_state], [chat.chatbot_state, on_page], **_QUIET)


def _trimmed(saved: list[list[Message]]) -> Any:
    kept = fitting(saved)
    return gr.skip() if len(kept) == len(saved) else kept


def _first_sight(assistant: Assistant) -> tuple[gr.Dropdown, gr.Dropdown, gr.Chatbot]:
    """What a visitor sees on arrival. Read anew for each, so that a new index or a repaired one shows without a restart."""
    try:
        overview = assistant.overview()
        chatbot = gr.Chatbot(
            placeholder=greeting(overview, assistant.llms()),
            examples=[{"text": question} for question in overview.examples[:4]],
        )
    except LodestarError as error:
        chatbot = gr.Chatbot(placeholder=apology(str(error)), examples=[])
    return _filter(assistant), _picker(assistant.llms()), chatbot


def _filter(assistant: Assistant, **place: Any) -> gr.Dropdown:
    try:
        doc_types = assistant.overview().doc_types
    except LodestarError:
        doc_types = {}
    return gr.Dropdown(doc_type_choices(doc_types), value=ALL_DOCUMENTS, **place)


def _look_again(assistant: Assistant, current: str) -> gr.Dropdown:
    """The picker after another look; what was picked stays picked while it is still there."""
    try:
        llms = assistant.find_llms()
    except LodestarError as error:
        raise gr.Error(str(error), print_exception=False) from None
    gr.Info(escape(looked_for(llms)), duration=6)
    return _picker(llms, current)


def _picker(llms: Sequence[LlmChoice], current: str = "") -> gr.Dropdown:
    names = [llm.name for llm in llms]
    return gr.Dropdown(llm_choices(llms), value=current if current in names else names[0])
