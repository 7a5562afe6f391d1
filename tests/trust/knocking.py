"""A stranger at the running app: raw requests, as no browser would send them, and a browser's own cookie where one is wanted."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

QUESTION = "How do employees travel by train?"


class Browser:
    """A browser without a window: it keeps cookies, knows the page's functions and speaks Gradio's protocol."""

    def __init__(self, url: str, session: str = "session1", **options: Any) -> None:
        self.url, self.session = url, session
        self.http = httpx.Client(base_url=url, timeout=120, trust_env=False, **options)
        self.config: dict[str, Any] = {}

    def open(self) -> Browser:
        """Load the page, as a browser does before anything else."""
        assert self.http.get("/").status_code == 200
        self.config = self.http.get("/config").json()
        return self

    def function(self, api_name: str) -> int:
        """The number of the last function of that name."""
        return int([of["id"] for of in self.config["dependencies"] if of["api_name"] == api_name][-1])

    def run(self, number: int, *data: Any, **more: Any) -> httpx.Response:
        body = {"fn_index": number, "data": list(data), "session_hash": self.session, **more}
        return self.http.post("/gradio_api/run/predict", json=body)

    def join(self, number: int, *data: Any, **more: Any) -> httpx.Response:
        body = {"fn_index": number, "data": list(data), "session_hash": self.session, **more}
        return self.http.post("/gradio_api/queue/join", json=body)

    def messages(self, session: str = "", seconds: float = 60) -> Iterator[dict[str, Any]]:
        """What the conversation's listener hears."""
        asked = {"session_hash": session or self.session}
        with self.http.stream("GET", "/gradio_api/queue/data", params=asked, timeout=seconds) as stream:
            if stream.status_code != 200:
                return
            with contextlib.suppress(
                httpx.RemoteProtocolError
            ):  # Gradio ends it so where there is no such conversation
                for line in stream.iter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))

    def ask(self, question: str, llm: str = "") -> str:
        """One question through the API, and everything that was said."""
        assert self.join(self.function("chat"), question, None, "", llm, False).status_code == 200
        heard = list(self.messages())
        assert any(message["msg"] == "process_completed" for message in heard), heard
        return json.dumps(heard)


def raw(port: int, head: str, body: bytes = b"", *, seconds: float = 20) -> tuple[int, bytes]:
    """Send bytes as they are, then what came back; the status, and all of it."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(ConnectionError):  # the other side may have heard enough
            connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65_536):
                answer += part
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return int(found[1]) if found else 0, answer


def copies(folder: Path, text: str) -> list[Path]:
    """The files below `folder` that hold `text`."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def resident(process: int) -> float:
    """Megabytes of memory that a process holds."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
