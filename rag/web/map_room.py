"""The tab Map."""

from __future__ import annotations

import gradio as gr

from rag.web.needs import Assistant


def map_room(assistant: Assistant, chat: gr.ChatInterface) -> None:
    gr.HTML("<h2>Map</h2>", elem_id="map")
