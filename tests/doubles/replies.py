"""What a scripted endpoint can be told to send: a text and how it comes, or one of the ways that real servers fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "sk-sent-by-the-endpoint-0123456789"
"""Stands in the text of every failure below: what an endpoint sends may hold keys, and must not be shown."""


@dataclass(frozen=True)
class Says:
    """A text, sent word by word when streaming is asked for, and how it comes."""

    text: str
    finish: str = "stop"
    pieces: tuple[str, ...] = ()
    """The text cut in another way than at its words."""
    gate: threading.Event | None = None
    """The first word comes at once, the others only when this is set."""
    hang_after: int | None = None
    """Nothing more comes after so many words; 0: not even the headers."""
    cut_after: int | None = None
    """The connection is closed after so many words, the stream unfinished."""
    reset: bool = False
    """With `cut_after`: reset instead of closed."""
    error_after: int | None = None
    """After so many words the stream reports an error."""


@dataclass(frozen=True)
class Fails:
    """An answer that is none: any status with any body."""

    status: int
    body: str
    kind: str = "application/json"


def _error(status: int, message: str, **more: Any) -> Fails:
    return Fails(status, json.dumps({"error": {"message": f"{message} {SECRET}", **more}}))


def _page(status: int, title: str) -> Fails:
    return Fails(status, f"<html><title>{title}</title><body>{title} {SECRET}</body></html>", "text/html")


FAILURES: Mapping[str, Says | Fails] = {
    "401": _error(401, "Incorrect API key provided:", type="invalid_request_error", code="invalid_api_key"),
    "403": _error(403, "You may not use this model.", type="permission_error"),
    "404": _error(404, "The model does not exist.", type="invalid_request_error", code="model_not_found"),
    "429": _error(429, "Rate limit reached.", type="rate_limit_error", code="rate_limit_exceeded"),
    "500": _error(500, "Oops.", type="server_error"),
    "502 html": _page(502, "Bad Gateway"),
    "503": _error(503, "Loading model", type="unavailable_error", code=503),
    "200 html": _page(200, "Welcome to the router"),
    "200 other json": Fails(200, json.dumps({"hello": SECRET})),
    "empty stream": Says(""),
    "hang": Says("never", hang_after=0),
    "stall": Says("It costs two pounds and more", hang_after=3),
    "cut": Says("It costs two pounds and more", cut_after=3),
    "cut before the first word": Says("It costs", cut_after=0),
    "reset": Says("It costs two pounds and more", cut_after=3, reset=True),
    "length": Says("It costs two", finish="length"),
    "error in the stream": Says("It costs two pounds", error_after=2),
    "overflow, OpenAI": _error(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9413 tokens.",
        type="invalid_request_error",
        param="messages",
        code="context_length_exceeded",
    ),
    "overflow, OpenAI's newer": _error(
        400, "Input tokens exceed the configured limit of 272000 tokens.", code="context_length_exceeded"
    ),
    "overflow, llama.cpp": _error(
        400,
        "request (6834 tokens) exceeds the available context size (4096 tokens), try increasing it",
        code=400,
        type="exceed_context_size_error",
        n_prompt_tokens=6834,
        n_ctx=4096,
    ),
    "overflow, Ollama": _error(400, "the input length exceeds the context length", type="invalid_request_error"),
}
