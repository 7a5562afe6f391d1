"""An index is made, asked, and served, all as a person does it: with the worst of environments, and hidden keys to look for.

Run by `test_network.py` in a process of its own, which may have no network: `python -m tests.trust.whole_life FOLDER`.
What the commands and the page said is left in FOLDER/said.json.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from tests.browser.app import DOCUMENTS, ROOT, environment, free_port
from tests.doubles.replies import Fails
from tests.doubles.scripted import Messages, ScriptedEndpoint

CANARIES = {"key": "sk-canary-7f3a91", "userinfo": "canary-url-51c2e8", "password": "canary-door-d04b77"}
QUESTION = "When does the Meridian Freight agreement end?"


class Sink:
    """Keeps what is sent to it first, and hangs up."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            connection.settimeout(1)
            with connection, contextlib.suppress(OSError):
                self.received.append("")
                self.received[-1] = connection.recv(300).decode("latin-1")


def hostile(sink: str) -> dict[str, str]:
    """Variables by which a library could be told to send what it sees."""
    asked = {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_TRACING_V2": "true",
        "LANGCHAIN_TRACING_V2": "true",
        "LANGSMITH_API_KEY": "lsv2_x",
        "LANGCHAIN_API_KEY": "lsv2_x",
        "ANONYMIZED_TELEMETRY": "True",
        "CHROMA_OTEL_GRANULARITY": "all",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "0",
        "DO_NOT_TRACK": "0",
        "OPENAI_LOG": "debug",
        "NO_PROXY": "",
    }
    urls = (
        "LANGSMITH_ENDPOINT LANGCHAIN_ENDPOINT CHROMA_OTEL_COLLECTION_ENDPOINT OTEL_EXPORTER_OTLP_ENDPOINT HF_ENDPOINT "
        "HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy OPENAI_PROXY OPENAI_API_BASE"
    )
    return asked | dict.fromkeys(urls.split(), sink)


def main(folder: Path) -> None:
    for source, text in DOCUMENTS.items():
        path = folder / "knowledge-base" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    said: dict[str, Any] = {}

    def script(messages: Messages) -> str | Fails:
        if "freight" in messages[-1]["content"].rsplit("Question:", 1)[-1].lower():
            return "It ends on 30 June 2027 [1]."
        leaked = " ".join(str(endpoint.log[-1].headers.get("authorization")).split())
        return Fails(401, json.dumps({"error": {"message": f"bad key {leaked} {CANARIES}"}}))

    sink = Sink()
    with ScriptedEndpoint(script) as endpoint:
        address = endpoint.base_url.replace("//", f"//me:{CANARIES['userinfo']}@")
        env = environment(
            **hostile(sink.url),
            PYTHONPATH=str(ROOT),
            OPENAI_BASE_URL=endpoint.base_url,
            RAG_AUTH=f"me:{CANARIES['password']}",
        )
        (folder / ".env").write_text(f"OPENAI_API_KEY={CANARIES['key']}\n", "utf-8")
        for name, command in {
            "ingest": ["rag.ingest"],
            "answer": ["rag.ask", QUESTION, "--json"],
            "fault": ["rag.ask", "How do employees travel by train?"],
            "settings": ["rag.search", QUESTION, "--index", "nowhere"],
        }.items():
            done = subprocess.run(
                [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True, check=False
            )
            said[name] = [done.returncode, done.stdout, done.stderr]
        said["page"] = _serve(folder, env | {"OPENAI_BASE_URL": address})
        said["sent key"] = any(CANARIES["key"] in str(request.headers) for request in endpoint.chats)
        said["chats"] = len(endpoint.chats)
    said["sink"] = sink.received
    (folder / "said.json").write_text(json.dumps(said), "utf-8")


def _serve(folder: Path, env: dict[str, str]) -> dict[str, str]:
    """What a visitor is shown, before the password and after it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    jar = urllib.request.HTTPCookieProcessor(CookieJar())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def get(path: str, body: bytes | None = None, kind: str = "application/json") -> str:
        request = urllib.request.Request(url + path, body, {"Content-Type": kind})
        try:
            with opener.open(request, timeout=60) as answer:
                return str(answer.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            return f"HTTP {error.code} {error.read().decode('utf-8', 'replace')}"

    with (folder / "app.log").open("w") as log:
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(port)]
        with subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log) as process:
            try:
                for _ in range(600):
                    try:
                        before = get("/")
                        break
                    except OSError:
                        assert process.poll() is None, (folder / "app.log").read_text()
                        time.sleep(0.1)
                login = urllib.parse.urlencode({"username": "me", "password": CANARIES["password"]}).encode()
                entered = get("/login", login, "application/x-www-form-urlencoded")
                pages = {path: get(path) for path in ("/", "/config", "/gradio_api/info", "/nothing-here")}
                for question in (QUESTION, "How do employees travel by train?"):
                    asked = get("/gradio_api/call/chat", json.dumps({"data": [question, None, None]}).encode())
                    event = json.loads(asked).get("event_id", "") if asked.startswith("{") else ""
                    pages[question] = asked + get(f"/gradio_api/call/chat/{event}")
            finally:
                process.terminate()
    return {"before": before, "entered": entered, **pages}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
