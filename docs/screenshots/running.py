"""The app that the pictures are taken of: the shipped knowledge base in an index of its own, with three kinds of model."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.browser.app import ROOT, App, environment, free_port
from tests.doubles.scripted import Messages, ScriptedEndpoint

CONTRACT = "When does the contract with Northmere Water end, and who is its account manager?"
# The contract ends in 2029: the year here is wrong on purpose, for the picture of what the page makes of that.
_SAID = (
    "The agreement with Northmere Water runs from 1 April 2024 to 31 March 2030 [1]. "
    "Its account manager at Tarnfield is Bram Hoekstra [1]."
)


@contextlib.contextmanager
def apps() -> Iterator[dict[str, str]]:
    """Addresses by what answers there: "quotes" from the documents, a "model" that is scripted, one that is "down"."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        here = Path(folder)
        _run([sys.executable, "-m", "rag.ingest", *_where(here)], here)
        model = stack.enter_context(ScriptedEndpoint(_say, models=["scripted"]))
        nobody = f"http://127.0.0.1:{free_port()}/v1"
        settings = {
            "quotes": {"RAG_LLM": "extractive"},
            "model": {"OPENAI_BASE_URL": model.base_url},
            "down": {"OPENAI_BASE_URL": nobody, "RAG_CONNECT_TIMEOUT": "1"},
        }
        yield {name: stack.enter_context(_app(here, name, one)).url for name, one in settings.items()}


def _say(messages: Messages) -> str:
    return CONTRACT if messages[0]["content"].startswith("Rewrite") else _SAID


def _where(here: Path) -> list[str]:
    # The knowledge base where it lies: only there its questions are offered for measuring.
    return ["--knowledge-base", str(ROOT / "knowledge-base"), "--index", str(here / "vector_db")]


def _run(command: list[str], here: Path) -> None:
    done = subprocess.run(command, cwd=here, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:3])} failed: {done.stderr or done.stdout}")


@contextlib.contextmanager
def _app(here: Path, name: str, settings: dict[str, str]) -> Iterator[App]:
    port, log = free_port(), here / f"{name}.log"
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), *_where(here)]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=here, env=environment(**settings), stdout=out, stderr=out, text=True)
    app = App(f"http://127.0.0.1:{port}", port, process, log)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(app.url, timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"The app with {name} did not open: {log.read_text()}") from None
                time.sleep(0.2)
        yield app
    finally:
        app.stop()
