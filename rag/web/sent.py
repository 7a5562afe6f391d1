"""What goes out to a client, and what Gradio is given in place of the client."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rag.web.posted import Receive, Refused

Send = Callable[[Any], Awaitable[None]]


class Said:
    """Sends, and knows whether anything was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.anything = False

    async def __call__(self, message: Any) -> None:
        self.anything = True
        await self._send(message)


def same_site(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Gradio's cookie would go along with what other sites ask for; the browser is told that it must not."""
    if name.lower() != b"set-cookie":
        return name, value
    parts = [part for part in value.split(b"; ") if not part.lower().startswith(b"samesite")]
    return name, b"; ".join([*parts, b"SameSite=Lax"])


def giving(cookie: str, send: Send) -> Send:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", cookie.encode())]}
        await send(message)

    return sending


def whole(body: bytes, receive: Receive) -> Receive:
    """What Gradio receives: the body that was read, and then whatever the browser does, such as going away."""
    given = False

    async def receiving() -> Mapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


async def refuse(refused: Refused, send: Send) -> None:
    # Both names: the page shows `detail`, a program's client `error`.
    body = json.dumps({"detail": refused.sentence, "error": refused.sentence}).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "connection": "close",
        **refused.headers,
    }
    await send(
        {
            "type": "http.response.start",
            "status": refused.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
