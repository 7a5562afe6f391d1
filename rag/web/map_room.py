"""The tab Map: all chunks as a picture, and the trail that the conversation leaves among them.

The drawing is `map_canvas.js`, what is around it `map_room.js`. They ask for data through functions of the component, which
Gradio answers only to who may see the page.
"""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from rag.schema import LodestarError
from rag.web.history import Message
from rag.web.map_data import MapData
from rag.web.needs import Assistant
from rag.web.trail import trail

_QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

_ROOM = """<div class="map" data-view="flat">
<h2 class="hidden-title">Map of the passages</h2>
<div class="map-bar">
<div class="map-views" role="group" aria-label="How to show the passages">
<button type="button" data-view="flat" aria-pressed="true">2-D</button><button type="button" data-view="deep"
 aria-pressed="false">3-D</button><button type="button" data-view="list" aria-pressed="false">List</button></div>
<p class="map-state" role="status"></p><progress max="1" aria-label="Arranging the passages" hidden></progress>
<button type="button" class="map-asked" data-open="map" hidden>Questions</button></div>
<div class="map-stage"><canvas tabindex="0" role="application" aria-label="Map of the passages"
 aria-describedby="map-keys"></canvas>
<p id="map-keys" class="hidden-title">Arrow keys go from passage to passage, Enter opens one, plus and minus zoom, 0 shows all,
Shift with an arrow key moves or turns the map. The view List shows the same passages as text.</p>
<p class="map-said hidden-title" aria-live="polite"></p>
<div class="map-glimpse" hidden></div>
<div class="map-zoom"><button type="button" data-zoom="1.5" aria-label="Zoom in">+</button><button type="button"
 data-zoom="0.667" aria-label="Zoom out">&minus;</button><button type="button" data-zoom="0">Show all</button></div></div>
<div class="map-list" hidden></div>
<div class="map-legend" role="group" aria-label="Kinds of documents shown"></div>
<aside class="map-panel" aria-label="Passage"></aside></div>"""

_START = "window.lodestarMap.mount(element, server, () => trigger('follow'))"
_HEARD = "watch('value', () => window.lodestarMap?.trail(props.value))"


def map_room(assistant: Assistant, chat: gr.ChatInterface) -> None:
    data = MapData(assistant)

    def follow(messages: list[Message]) -> str:
        try:
            opened = assistant.index()
            drawn = data.follow(opened)
        except LodestarError:
            return "{}"  # the map says it
        questions = trail(messages or [], opened, drawn.rows)
        return json.dumps({"generation": opened.name, "questions": questions})

    functions = [data.places, data.glimpse, data.passage, data.listing]
    place: dict[str, Any] = {"padding": False, "apply_default_css": False}
    room = gr.HTML(
        html_template=_ROOM, js_on_load=_START, server_functions=list(map(_plain, functions)), elem_id="map", **place
    )
    told = gr.HTML(html_template="<i></i>", js_on_load=_HEARD, elem_id="map-trail", **place)
    room.follow(follow, [chat.chatbot], [told], **_QUIET)
    # An answer that ends while the map is open joins the trail at once, and a conversation that is left takes its trail along.
    chat.chatbot.change(None, None, None, js="() => window.lodestarMap?.follow()")


def _plain(method: Any) -> Any:
    """Gradio marks the functions that a browser may call, and a method cannot be marked."""

    def function(asked: Any = None) -> Any:
        return method(asked)

    function.__name__ = method.__name__
    return function
