"""What Gradio hands over as a conversation, turned into turns.

The page sends messages whose content is a list of blocks; the API sends messages whose content is a string. Retry, undo,
edit and saved conversations only ever change that list, so turning it into turns anew for each question keeps them right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rag.schema import Turn
from rag.web.answer_text import plain

Message = Mapping[str, Any]

_LONGEST = 24_000
"""Characters of a question or an answer that are read again; what comes from a browser may be of any length."""


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The exchanges that were finished, oldest first. A question that got only an error notice is left out."""
    found: list[Turn] = []
    question = ""
    for message in messages:
        if message.get("role") == "user":
            question = text_of(message)[:_LONGEST].strip()
        elif message.get("role") == "assistant":
            answer = plain(text_of(message)[:_LONGEST])
            if question and answer:
                found.append(Turn(question=question, answer=answer))
            question = ""
    return found


def next_turn(messages: Sequence[Message]) -> int:
    """The number the answer that follows `messages` gets; the links of an answer and its sources agree on it."""
    return 1 + len([message for message in messages if message.get("role") == "assistant"])


def fitting(saved: Sequence[Sequence[Message]], room: int = 3_000_000) -> list[Sequence[Message]]:
    """The newest of the saved conversations, as many as a browser surely keeps: it stores about 5 MB, a third of it padding."""
    kept: list[Sequence[Message]] = []
    for conversation in saved:
        room -= len(json.dumps(conversation))
        if room < 0:
            break
        kept.append(conversation)
    return kept


def text_of(message: Message) -> str:
    """The text of a message, whichever way Gradio wrote it."""
    content = message.get("content")
    blocks = content if isinstance(content, list | tuple) else [content]
    texts = [block.get("text") if isinstance(block, Mapping) else block for block in blocks]
    return "\n\n".join(text for text in texts if isinstance(text, str))
