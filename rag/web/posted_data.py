"""What a visitor's click carries, which may be anything, made harmless; and what a visitor uploaded, put away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from rag.keeping.keeper import Upload

_LONGEST = 2000


def data_of(event: object) -> dict[str, Any]:
    """The `data-` attributes of the button that was clicked."""
    data = getattr(event, "_data", None)
    return data if isinstance(data, dict) else {}


def text_of(value: object) -> str:
    """A text, or "" for anything else."""
    return value[:_LONGEST] if isinstance(value, str) else ""


def number_of(value: object) -> int:
    """A number from 0 on that was written in digits, or 0 for anything else."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9 else 0


def host_of(request: Any) -> str:
    """The address that the visitor's browser says it opened; "" where it says none, which is no address of this machine."""
    return str(request.headers.get("host", "")) if request else ""


def forget(uploads: Iterable[Upload]) -> None:
    """Take away the copies that Gradio made: what was uploaded is kept in the knowledge base or not at all."""
    for upload in uploads:
        with contextlib.suppress(OSError):
            upload.path.unlink()
