"""An answer as a message keeps it, so that a saved conversation still shows its sources without any server-side memory.

Gradio stores a message in the browser and posts it back; of its own fields only `metadata.log` carries free text, and a
message without a title never shows it. What comes back is a visitor's data: it is checked like any other input.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.schema import Answer
from rag.web.history import Message

_LARGEST = 2_000_000
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def pack(answer: Answer) -> str:
    """The answer as text; compressed, because the prompt repeats the chunks and a browser keeps only 5 MB."""
    return base64.b64encode(zlib.compress(_ANSWER.dump_json(answer), 9)).decode("ascii")


def unpack(packed: str) -> Answer | None:
    """The answer, or None where the text is not one this version wrote."""
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), _LARGEST)
        return _ANSWER.validate_json(data)
    except (ValidationError, zlib.error, binascii.Error, ValueError):
        return None


def metadata(answer: Answer) -> dict[str, Any]:
    """The message metadata that carries `answer`."""
    return {"log": pack(answer)}


def answers(messages: Sequence[Message]) -> Iterator[tuple[int, Answer]]:
    """Each answer that a conversation carries, with the number of its turn."""
    turn = 0
    for message in messages:
        if message.get("role") != "assistant":
            continue
        turn += 1
        log = (message.get("metadata") or {}).get("log")
        answer = unpack(log) if isinstance(log, str) else None
        if answer is not None:
            yield turn, answer
