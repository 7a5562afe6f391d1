"""What visitors typed, shown as they typed it. Gradio reads each message as Markdown, theirs too.

Only what goes to a browser is written so that nothing in it is Markdown or HTML; what comes back is read as it was typed. So the
conversation, what is saved of it and what a model reads hold nothing but the words themselves.
"""

from __future__ import annotations

import re
from abc import ABCMeta
from html import unescape
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta

# Stands behind what is written so, and is never shown: it says where a link would lead, and there is none. What the browser
# has put into the conversation itself has no such mark.
WRITTEN = "\n\n[typed]: #"

_LEADING = r"^[ \t]+|(?<=[ \t])[ \t]+|^[ \t]*(?:[-+=#]|\d{1,9}(?=[.)]))"
_ACTIVE = re.compile(rf"[\\`*_\[\]<>|~&@$]|:(?=//)|(?<=www)\.|%(?=%%LATEX)|{_LEADING}", re.IGNORECASE | re.MULTILINE)


def literal(text: str) -> str:
    """`text` as Markdown that shows it letter by letter."""
    return _ACTIVE.sub(lambda found: "".join(f"&#{ord(letter)};" for letter in found[0]), text) + WRITTEN


def typed(shown: str) -> str:
    """The inverse of `literal`; any other text is left as it is."""
    return unescape(shown.removesuffix(WRITTEN)) if shown.endswith(WRITTEN) else shown


class _Plain(ComponentMeta):
    """Gradio's own writes a type stub beside the module of each new component, and does nothing else for this one."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        return ABCMeta.__new__(cls, name, bases, attrs)


class Chatbot(gr.Chatbot, metaclass=_Plain):
    """Gradio's, with the visitors' messages shown as they were typed."""

    is_template = True  # it has no front end of its own

    def postprocess(self, value: Any) -> Any:
        return _questions(super().postprocess(value), literal)

    def preprocess(self, payload: Any) -> Any:
        return super().preprocess(_questions(payload, typed))


def _questions(messages: Any, change: Any) -> Any:
    """Gradio's messages with what visitors said changed; they are copies, since a state may hold the same ones."""
    if messages is None:
        return None
    messages = messages.model_copy(deep=True)
    for message in messages.root:
        for content in message.content if message.role == "user" else ():
            if content.type == "text":
                content.text = change(content.text)
    return messages
