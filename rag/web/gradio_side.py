"""What the door asks of Gradio's side: who is logged in, what a function is, whose answer is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import gradio as gr

MOST_WAITING = 1_000
"""Of questions that wait for their turn, and of pieces of answers that nobody fetches."""

_TASK = "<gradio-sep>"  # in the name of a task that answers: conversation, function, this, event

_FULL = "Lodestar is answering as many questions as it can; please ask again in a moment."
_UNFETCHED = "Nobody fetched the answers to this conversation's earlier questions; please begin a new one."


class GradioSide:
    """Reads a page that is launched; the names are Gradio's own, and tests/trust says when a version changes them."""

    def __init__(self, page: gr.Blocks) -> None:
        self._page = page
        reading_all = [fn for fn in page.fns.values() if any(isinstance(of, gr.BrowserState) for of in fn.inputs)]
        self._reading_all = {fn._id for fn in reading_all}

    @property
    def _queue(self) -> Any:
        return self._page._queue

    def logged_in(self, cookies: Mapping[str, str]) -> bool:
        app: Any = self._page.app
        tokens = (cookies.get(f"{name}-{app.cookie_id}") for name in ("access-token", "access-token-unsecure"))
        return any(app.tokens.get(token) is not None for token in tokens)

    def kind(self, number: object) -> str:
        fn = self._page.fns.get(number) if type(number) is int else None
        if fn is None or (fn.fn is None and not fn.cancels):
            return ""
        if fn.queue is not False:
            return "queued"
        return "saved" if fn._id in self._reading_all else "at once"

    def takes_files(self, number: object) -> bool:
        fn = self._page.fns.get(number) if type(number) is int else None
        return fn is not None and any(isinstance(of, gr.UploadButton) for of in fn.inputs)

    def answers(self, component: object, name: object) -> bool:
        block = self._page.blocks.get(component) if type(component) is int else None
        return (
            isinstance(block, gr.HTML)
            and isinstance(name, str)
            and hasattr(getattr(block, name, None), "_is_server_fn")
        )

    def session_of(self, event: str) -> str:
        under_way = self._queue.event_ids_to_events.get(event)
        if under_way is not None:
            return str(under_way.session_hash)
        waiting = self._queue.pending_event_ids_session
        return next((session for session, events in waiting.items() if event in events), "")

    def refusal(self, session: str) -> str:
        if len(self._queue) >= MOST_WAITING:
            return _FULL
        messages = self._queue.pending_messages_per_session.get(session)
        return _UNFETCHED if messages is not None and messages.qsize() >= MOST_WAITING else ""

    def answered(self, session: str) -> None:
        """Gradio keeps an empty set for each conversation that ever was, and what was never fetched for ever."""
        waiting, messages = self._queue.pending_event_ids_session, self._queue.pending_messages_per_session
        if waiting.get(session):
            # Gradio hears that the tab was closed, and yet waits for the model's next word, which may take a minute.
            for task in asyncio.all_tasks():
                name, of_gradio, _ = task.get_name().partition(_TASK)
                if of_gradio and name.rpartition("_")[0] == session:
                    task.cancel()
        if session in waiting:
            del waiting[session]
            messages.pop(session, None)
        if len(waiting) > 2 * MOST_WAITING:
            for name in [name for name in waiting if name not in messages]:
                del waiting[name]
