"""When something is down, wrong or missing: one plain sentence, and the conversation goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.web.answer_text import PAGE_SPEAKS
from tests.browser.app import ROOT, echo, environment
from tests.doubles.replies import FAILURES, SECRET
from tests.doubles.scripted import ScriptedEndpoint

QUESTION = "How do employees travel by train?"


def _sentence(visitor: Any) -> str:
    notice = visitor.answers.last.locator("blockquote")
    notice.wait_for()
    return str(notice.inner_text()).replace(PAGE_SPEAKS, "").strip()


@pytest.mark.parametrize("failure", ["401", "500", "200 html", "hang", "cut", "empty stream", "overflow, OpenAI"])
def test_a_failing_endpoint_is_one_sentence(modelled: Any, endpoint: Any, visit: Any, failure: str) -> None:
    visitor = visit(modelled)
    endpoint.script = lambda messages: FAILURES[failure]
    visitor.ask(QUESTION)
    sentence = _sentence(visitor)
    assert sentence.endswith(".")
    assert len(sentence) < 200
    shown = visitor.page.locator("body").inner_text()
    assert not any(leak in shown for leak in ("Traceback", SECRET, "<html>", "Error code"))
    endpoint.script = echo
    assert "You asked: And by ship?" in visitor.ask("And by ship?")
    assert sentence not in endpoint.chats[-1].text, "a notice is no part of the conversation"


def test_a_cut_answer_keeps_what_arrived(modelled: Any, endpoint: Any, visit: Any) -> None:
    visitor = visit(modelled)
    endpoint.script = lambda messages: FAILURES["cut"]
    answer = visitor.ask(QUESTION)
    assert answer.startswith("It costs two")
    assert _sentence(visitor) in answer.replace(PAGE_SPEAKS, "")


def test_an_endpoint_that_is_down_and_comes_back(start: Any, visit: Any) -> None:
    with ScriptedEndpoint(echo) as endpoint:
        app = start(OPENAI_BASE_URL=endpoint.base_url)
        visitor = visit(app)
    visitor.ask(QUESTION)
    assert "cannot be reached" in _sentence(visitor)
    visitor.page.locator("#llm input").click()
    visitor.page.get_by_role("option", name="Quotes").click()
    assert "first class" in visitor.ask(QUESTION)
    with ScriptedEndpoint(echo, port=int(endpoint.root.rpartition(":")[2])):
        visitor.page.locator("#llm input").click()
        visitor.page.get_by_role("option", name="scripted").click()
        assert "You asked: And by ship?" in visitor.ask("And by ship?")


def test_without_an_index_the_page_says_what_to_run(start: Any, visit: Any, tmp_path: Path) -> None:
    app = start("--index", str(tmp_path / "nothing"), RAG_LLM="extractive")
    visitor = visit(app)
    assert "python -m rag.ingest" in visitor.page.locator("#chat .placeholder").inner_text()
    visitor.ask(QUESTION)
    assert "python -m rag.ingest" in _sentence(visitor)
    assert visitor.broken == []


def test_a_wrong_setting_ends_with_its_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "app.py"), "--auth", "nobody"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "RAG_AUTH" in done.stderr


def test_a_port_in_use_is_named(quoting: Any, workspace: Path) -> None:
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(quoting.port), "--llm", "extractive"]
    done = subprocess.run(command, cwd=workspace, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert f"Port {quoting.port}" in done.stderr
    assert "--port" in done.stderr
