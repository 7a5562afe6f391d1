"""An endpoint that does with its socket what no library for servers would: each path fails in its own way until it is healed.

A play gets a `Wire` and sends what it likes. The first part of the path is the play's name, the second the call that fails:
`http://127.0.0.1:1/stall/condensing/v1` stalls when it is asked to rewrite a question, and answers.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from rag.answering.prompts import CONDENSE, SUGGEST

GOOD = "It ends on 30 September 2028 [1]."


class Wire:
    """One connection; what is sent after the client has gone, or the server closes, ends the play."""

    def __init__(self, connection: socket.socket, root: str, tries: int, closing: threading.Event) -> None:
        self.connection, self.root, self.tries, self._closing = connection, root, tries, closing

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float = 3600) -> None:
        """Nothing, for so long. Raises when the client hangs up meanwhile."""
        end = time.monotonic() + seconds
        self.connection.settimeout(0.02)
        while time.monotonic() < end and not self._closing.is_set():
            try:
                if not self.connection.recv(1 << 16):
                    raise ConnectionAbortedError
            except TimeoutError:
                continue
        self.connection.settimeout(None)
        if self._closing.is_set():
            raise ConnectionAbortedError

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def whole(self, status: int, body: object, kind: str = "application/json", **headers: str) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.head(status, kind, Content_Length=str(len(data)), **headers)
        self.send(data)

    def event(self, event: object) -> None:
        self.send(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode())

    def words(self, text: str, finish: str | None = None) -> None:
        for word in text.split(" "):
            self.event(delta({"content": f"{word} "}))
        if finish:
            self.event(delta({}, finish))

    def good(self, text: str = GOOD) -> None:
        self.words(text, "stop")
        self.event("[DONE]")


Play = Callable[[Wire], None]


def delta(said: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": dict(said), "finish_reason": finish}]}


class RawEndpoint:
    """The server; `with` starts and stops it."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        self._plays = plays
        self.healed: set[str] = set()
        """Names of plays that are over."""
        self.tries: dict[str, int] = {}
        self._closing = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.root = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.set()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                path, body = _request(connection)
                name, call = path.strip("/").split("/")[:2]
                wire = Wire(connection, self.root, 0, self._closing)
                if not path.endswith("/chat/completions"):
                    if call == "listing":
                        self._plays[name](wire)
                    elif path.endswith("/models"):
                        wire.whole(200, {"data": [{"id": "raw"}]})
                    else:
                        wire.whole(404, {})
                    return
                if SUGGEST.splitlines()[0] in body:  # is asked for beside an answer, and silent however it ends
                    wire.whole(500, {})
                    return
                asked = "condensing" if CONDENSE.splitlines()[0] in body else "answering"
                if asked == call and f"{name}/{call}" not in self.healed:
                    key = f"{name}/{call}"
                    self.tries[key] = wire.tries = self.tries.get(key, 0) + 1
                    self._plays[name](wire)
                else:
                    wire.head()
                    wire.good(GOOD if asked == "answering" else "When does the Port of Invergair agreement end?")
            except OSError:
                return


def _request(connection: socket.socket) -> tuple[str, str]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += _more(connection)
    messages = json.loads(body).get("messages", []) if body else []
    return head.split(b" ")[1].decode(), "".join(message["content"] for message in messages)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionAbortedError
    return data
