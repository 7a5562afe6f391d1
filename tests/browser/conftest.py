"""The real `app.py` in a process of its own, over a small knowledge base, and a real Chromium to look at it with."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.app import DOCUMENTS, ROOT, App, chromium_path, echo, environment, free_port
from tests.browser.visitor import Visitor, launched
from tests.doubles.scripted import ScriptedEndpoint


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> str:
    if path := chromium_path():
        return path
    pytest.skip("no Chromium on this machine; install one (apt install chromium) or name it in CHROMIUM")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Any]:
    with launched(chromium) as browser:
        yield browser


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
