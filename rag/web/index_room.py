"""The tab Index."""

from __future__ import annotations

import gradio as gr

from rag.web.needs import Assistant


def index_room(assistant: Assistant) -> None:
    gr.HTML("<h2>Index</h2>", elem_id="index")
