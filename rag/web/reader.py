"""The whole document over the page, at the place that an answer cites. What happens in it is `reader.js`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.web.needs import Assistant
from rag.web.reading import Reading

_DIALOG = """<dialog class="reader" aria-labelledby="reader-title">
<header><div><h2 id="reader-title"></h2><p class="about"><span class="doc-type"></span><span class="path"></span></p></div>
<button type="button" class="reader-close" aria-label="Close the document">&times;</button></header>
<div class="reader-text" tabindex="0" role="region" aria-labelledby="reader-title">
<p class="notice" role="status"></p>
<button type="button" class="reader-more" data-more="before" hidden>Show more above</button>
<div class="pages"></div>
<button type="button" class="reader-more" data-more="from" hidden>Show more below</button></div></dialog>"""


def reader(assistant: Assistant) -> gr.HTML:
    reading = Reading(assistant)

    # Gradio marks the functions that a browser may call, and a method cannot be marked.
    def read_document(asked: Any = None) -> Any:
        return reading.document(asked)

    def read_more(asked: Any = None) -> Any:
        return reading.more(asked)

    return gr.HTML(
        html_template=_DIALOG,
        js_on_load="window.lodestarReader.mount(element, server)",
        server_functions=[read_document, read_more],
        elem_id="reader",
        padding=False,
        apply_default_css=False,
    )
