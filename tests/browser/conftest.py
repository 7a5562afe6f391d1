"""The real `app.py` in a process of its own, over a small knowledge base, and a real Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.scripted import Messages, ScriptedEndpoint

ROOT = Path(__file__).resolve().parents[2]
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

DOCUMENTS = {
    "contracts/meridian-freight.md": """# Meridian Freight agreement

## Term

The Meridian Freight agreement ends on **30 June 2027**. It renews for twelve months unless notice is given ninety days before.

## Fees

| Tier | Response | Monthly fee |
| --- | --- | --- |
| Standard | 8 hours | 4,200 EUR |
| Priority | 2 hours | 6,900 EUR |
""",
    "employees/ingrid-solheim.md": """# Ingrid Solheim

Ingrid Solheim owns the Meridian Freight account and has her desk in Bergen. She joined in May 2021.
""",
    "policies/travel.md": """# Travel policy

## Trains

Employees travel first class by train on journeys longer than four hours. Receipts are due within ten days.
""",
    "policies/journeys.md": """# Journeys

## What counts as a journey?

A journey counts from door to door, so the ride to the station and the wait on the platform are part of it. Time spent
on the way to a customer is working time in full, and so is the way back when it begins before eight in the evening.
""",
    "policies/hostile.md": """# Quokka policy

The quokka allowance is seven biscuits a day. <img src="http://foreign.example/a.png" onerror="document.title='owned'">
![pixel](http://foreign.example/b.png) <script>document.title='owned'</script> [free money](http://foreign.example/c)
""",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> str:
    named = os.environ.get("CHROMIUM", "")
    for name in (named, "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name) if name else None
        if path:
            return path
    pytest.skip("no Chromium on this machine; install one (apt install chromium) or name it in CHROMIUM")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        browser.close()


@dataclass
class App:
    """A running app."""

    url: str
    port: int
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without anybody's own settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_", "GRADIO_"))}
    return {**env, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small knowledge base and its index."""
    folder = tmp_path_factory.mktemp("app")
    for source, text in DOCUMENTS.items():
        path = folder / "knowledge-base" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", "knowledge-base", "--index", "vector_db"]
    env = environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="package")
def start(workspace: Path) -> Iterator[Callable[..., App]]:
    """Start `app.py` with settings and flags; everything started is stopped at the end."""
    started: list[App] = []

    def start(*flags: str, port: int = 0, **settings: str) -> App:
        port = port or free_port()
        log = workspace / f"app-{len(started)}.log"
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *flags]
        with log.open("w") as out:
            process = subprocess.Popen(
                command, cwd=workspace, env=environment(**settings), stdout=out, stderr=out, text=True
            )
        app = App(f"http://127.0.0.1:{port}", port, process, log)
        started.append(app)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if process.poll() is not None:
                raise AssertionError(f"app.py ended with {process.returncode}: {log.read_text()}")
            try:
                urllib.request.urlopen(app.url, timeout=1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return app
        raise AssertionError(f"app.py did not answer: {log.read_text()}")

    yield start
    for app in started:
        app.stop()


@pytest.fixture(scope="package")
def quoting(start: Callable[..., App]) -> App:
    """The app as it runs with no settings at all on a machine without a model server."""
    return start(RAG_LLM="extractive")


def echo(messages: Messages) -> str:
    """Repeats the question, and the first one of the conversation; rewrites a follow-up when told to."""
    said = [message["content"] for message in messages if message["role"] == "user"]
    question = said[-1].rsplit("Question: ", 1)[-1].strip()
    if messages[0]["content"].startswith("Rewrite"):
        return f"{question.rstrip('?')} ({said[0].rstrip('?')})?"
    first = f" Your first question was: {said[0]}" if len(said) > 1 else ""
    return f"You asked: {question} The first source answers that [1].{first}"


@pytest.fixture(scope="package")
def _endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(echo) as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_endpoint: ScriptedEndpoint) -> ScriptedEndpoint:
    """The model of the app `modelled`, well-behaved and never asked when the test begins."""
    _endpoint.script = echo
    _endpoint.log.clear()
    return _endpoint


@pytest.fixture(scope="package")
def _modelled(start: Callable[..., App], _endpoint: ScriptedEndpoint) -> App:
    return start(OPENAI_BASE_URL=_endpoint.base_url, RAG_FIRST_TOKEN_TIMEOUT="5", RAG_CONNECT_TIMEOUT="1")


@pytest.fixture
def modelled(_modelled: App, endpoint: ScriptedEndpoint) -> App:
    """The app with the scripted endpoint as its model."""
    return _modelled


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visitor]]:
    """Open the page as a visitor of one's own: own storage, own conversation."""
    contexts = []

    def visit(app: App, *, phone: bool = False, context: Any = None) -> Visitor:
        if context is None:
            size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
            context = browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)
            contexts.append(context)
        return Visitor(context.new_page(), app.url)

    yield visit
    for context in contexts:
        context.close()


class Visitor:
    """Somebody at the page."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.page.set_default_timeout(90_000)  # a busy machine is no fault of the page
        self.url = url
        self.foreign: list[str] = []
        self.broken: list[str] = []
        page.on("request", self._seen)
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.open()

    def _seen(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.locator("#question textarea").wait_for()
        self.page.locator("#chat .placeholder h1").wait_for()

    def send(self, question: str) -> None:
        """Type and send, without waiting for the answer."""
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")

    def ask(self, question: str) -> str:
        """Ask, wait until the answer is complete and its sources stand in the panel, and give its text."""
        before = self.answers.count()
        self.send(question)
        self.settled(before + 1, question)
        return str(self.answers.last.inner_text())

    def settled(self, count: int, question: str = "") -> None:
        """Wait until `count` answers are complete. The page saves a finished answer, then the panel follows."""
        self.page.wait_for_function(
            """([count, question]) => {
                const said = document.querySelectorAll("#chat .bot.message:not(.pending)").length;
                const asked = [...document.querySelectorAll("#panel .turn .asked")].map(e => e.textContent);
                return said === count && document.querySelector("#question .submit-button")
                    && (!question || asked.at(-1) === question);
            }""",
            arg=[count, question],
            timeout=90_000,
        )

    @property
    def answers(self) -> Any:
        return self.page.locator("#chat .bot.message:not(.pending)")

    @property
    def questions(self) -> list[str]:
        return [text.strip() for text in self.page.locator("#chat .user.message").all_inner_texts()]

    def has_saved(self, count: int) -> None:
        """Wait until the list of saved conversations has `count` rows; it follows the panel by a moment."""
        self.page.wait_for_function("n => document.querySelectorAll('#saved-list td').length === n", arg=count)

    @property
    def sources(self) -> Any:
        """The sources in sight."""
        return self.page.locator("#panel .turn.shown .source")
