"""The tab Quality."""

from __future__ import annotations

import gradio as gr

from rag.web.needs import Assistant


def quality_room(assistant: Assistant) -> None:
    gr.HTML("<h2>Quality</h2>", elem_id="quality")
