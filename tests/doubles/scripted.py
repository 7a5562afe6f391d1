"""A scripted OpenAI-compatible server on a loopback port: it says what a function makes of the messages, or fails as told.

    with ScriptedEndpoint(lambda messages: "Two pounds [1].") as endpoint:
        Settings.load(env={"OPENAI_BASE_URL": endpoint.base_url}, dotenv=None)
        ...
        assert endpoint.chats[0].messages[-1]["content"].endswith("What does it cost?")

The function returns a text, a `Says` (how the text comes) or a `Fails` (what comes instead): see `replies.py`, whose FAILURES
names one of each way that real servers were seen to fail. To replace the function while the server runs, assign `script`.
What could be asked next is asked for beside an answer: that has a script of its own, `suggests`, and is none of the `chats`.
"""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from rag.answering import prompts
from tests.doubles.replies import SECRET, Fails, Says

CHAT = "/v1/chat/completions"
Messages = list[dict[str, str]]
Script = Callable[[Messages], str | Says | Fails]


@dataclass
class Request:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: dict[str, Any]
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the client hung up before the answer was complete."""

    @property
    def messages(self) -> Messages:
        return list(self.body["messages"])

    @property
    def suggesting(self) -> bool:
        """Whether it is asked what could be asked next."""
        return self.messages[0]["content"] == prompts.SUGGEST

    @property
    def text(self) -> str:
        """Everything that was said to the model."""
        return "\n".join(message["content"] for message in self.messages)


class ScriptedEndpoint:
    """The server; `with` starts and stops it. `log` holds every request in order, `chats` those for an answer."""

    def __init__(
        self,
        script: Script | str = "I have nothing to say.",
        *,
        models: Sequence[str] = ("scripted",),
        extra: Mapping[str, Any] | None = None,
        port: int = 0,
    ) -> None:
        """`extra`: path -> object, for what only some servers have, such as llama.cpp's /props. `port`: 0 takes a free one."""
        self.script: Script = (lambda messages: script) if isinstance(script, str) else script
        self.suggests: Script = lambda messages: ""
        self.models = list(models)
        self.extra = dict(extra or {})
        self.log: list[Request] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"endpoint": self}))
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.base_url = f"{self.root}/v1"

    @property
    def chats(self) -> list[Request]:
        return [request for request in self.log if request.path == CHAT and not request.suggesting]

    @property
    def suggestions(self) -> list[Request]:
        return [request for request in self.log if request.path == CHAT and request.suggesting]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the play."""


class _Stop(Exception):
    """Nothing more is to be sent on this connection."""


class _Handler(BaseHTTPRequestHandler):
    endpoint: ScriptedEndpoint
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Tests read the app's output, not ours."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def _answer(self, body: dict[str, Any]) -> None:
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.endpoint.log.append(request)
        try:
            if self.path == "/v1/models":
                self._whole(200, {"object": "list", "data": [{"id": name} for name in self.endpoint.models]})
            elif self.path in self.endpoint.extra:
                self._whole(200, self.endpoint.extra[self.path])
            elif self.path != CHAT:
                self._whole(404, {"error": {"message": "no such path"}})
            else:
                script = self.endpoint.suggests if request.suggesting else self.endpoint.script
                reply = script(request.messages)
                reply = Says(reply) if isinstance(reply, str) else reply
                if isinstance(reply, Fails):
                    self._whole(reply.status, reply.body, reply.kind)
                else:
                    self._say(reply, request)
        except OSError:  # the client is not there any more to be written to
            request.gone.set()
            self.close_connection = True
        except _Stop:
            self.close_connection = True

    def _say(self, reply: Says, request: Request) -> None:
        if reply.hang_after == 0:
            self._wait(request)
        if not request.body.get("stream"):
            self._whole(200, _chunk("message", {"role": "assistant", "content": reply.text}, reply.finish))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._send(_chunk("delta", {"role": "assistant", "content": ""}), request)
        words = list(reply.pieces) or re.findall(r"\s*\S+\s*$|\s*\S+", reply.text)
        for at, word in enumerate([*words, None]):
            if at == reply.hang_after:
                self._wait(request)
            if at == reply.cut_after:
                self._cut(reply.reset)
            if at == reply.error_after:
                error = {"message": f"slot failed {SECRET}", "type": "server_error", "code": 500}
                self._send({"error": error}, request)
                raise _Stop
            if at and reply.gate:
                self._wait(request, reply.gate)
            if word is not None:
                self._send(_chunk("delta", {"content": word}), request)
        self._send(_chunk("delta", {}, reply.finish), request)
        self._write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, event: Mapping[str, Any], request: Request) -> None:
        if self._hung_up():
            request.gone.set()
            raise _Stop
        self._write(f"data: {json.dumps(event)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _whole(self, status: int, body: object, kind: str = "application/json") -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _wait(self, request: Request, gate: threading.Event | None = None) -> None:
        """Until the gate opens; without one for ever. Ends when the client hangs up or the server closes."""
        while not (gate and gate.is_set()):
            if self._hung_up(within=0.02):
                request.gone.set()
                raise _Stop
            if self.endpoint.closing.is_set():
                raise _Stop

    def _hung_up(self, within: float = 0) -> bool:
        asked = select.poll()  # `select` takes no descriptor above 1,023, and a long run of tests has as many
        asked.register(self.connection, select.POLLIN)
        return bool(asked.poll(within * 1000)) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def _cut(self, reset: bool) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        raise _Stop


def _chunk(key: str, said: Mapping[str, str], finish: str | None = None) -> dict[str, Any]:
    kind = "chat.completion" if key == "message" else "chat.completion.chunk"
    choice = {"index": 0, key: said, "finish_reason": finish}
    return {"id": "chat-1", "object": kind, "created": 1, "model": "scripted", "choices": [choice]}
