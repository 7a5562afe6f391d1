"""The page as a whole: what it loads, how it fits, who may see it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.browser.app import ROOT, environment, free_port
from tests.doubles.replies import Says


def test_everything_comes_from_this_process(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting)
    visitor.ask("How do employees travel by train?")
    assert visitor.foreign == []
    assert visitor.broken == []
    with urllib.request.urlopen(quoting.url) as page:
        policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("phone", [False, True])
def test_nothing_sticks_out(quoting: Any, visit: Any, phone: bool) -> None:
    visitor = visit(quoting, phone=phone)
    for _ in range(2):
        width, height = visitor.page.evaluate(
            "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
        )
        assert width <= 0
        assert height <= 0
        if not visitor.questions:
            visitor.ask("What are the fees of the Meridian Freight agreement?")


def test_on_a_phone_a_number_opens_the_sources(quoting: Any, visit: Any) -> None:
    visitor = visit(quoting, phone=True)
    visitor.ask("How do employees travel by train?")
    assert not visitor.page.locator("#panel").is_visible()
    visitor.page.locator("#chat a[href='#s1-1']").first.tap()
    visitor.page.locator("#s1-1").wait_for()
    visitor.page.locator("#panel .turn.shown [data-close]").click()
    visitor.page.locator("#panel").wait_for(state="hidden")
    visitor.page.locator("[data-open=saved]").tap()
    visitor.page.locator("#saved-list td").first.wait_for()


def test_the_answer_stays_where_it_is_when_it_is_complete(modelled: Any, endpoint: Any, visit: Any) -> None:
    rest = threading.Event()
    endpoint.script = lambda messages: Says("First-class[1] " + "and many more words " * 12, gate=rest)
    visitor = visit(modelled)
    visitor.send("How do employees travel by train?")
    link = visitor.page.locator("#chat a[href='#s1-1']").first
    link.wait_for()
    during = link.bounding_box()
    rest.set()
    visitor.settled(1, "How do employees travel by train?")
    assert link.bounding_box() == during


def test_before_the_password_nothing_is_told(start: Any, browser: Any) -> None:
    app = start("--auth", "ada:correct horse", RAG_LLM="extractive")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{app.url}/config")
    assert refused.value.code == 401
    with urllib.request.urlopen(app.url) as opened:
        told = opened.read().decode()
    assert not any(name in told for name in ("contracts", "Contracts", "extractive", "Meridian", "journey?"))
    assert "correct horse" not in app.log.read_text()
    page = browser.new_page()
    page.goto(app.url)
    page.locator("input[type=text]").fill("ada")
    page.locator("input[type=password]").fill("correct horse")
    page.get_by_role("button", name="Login").click()
    page.locator("#chat .placeholder h1").wait_for()
    page.close()


def test_a_shared_page_has_a_password_and_still_comes_from_here(workspace: Any, browser: Any) -> None:
    """The tunnel is the one part that is not real here: there is no internet in a test."""
    port = free_port()
    code = (
        "import app, gradio.networking, sys\n"
        "gradio.networking.setup_tunnel = lambda **_: 'https://shared.example'\n"
        f"sys.argv[1:] = ['--share', '--port', '{port}', '--llm', 'extractive']\n"
        "app.main()"
    )
    command = [sys.executable, "-c", code]
    env = environment(PYTHONPATH=str(ROOT))
    process = subprocess.Popen(command, cwd=workspace, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said and process.poll() is None:
            said += process.stdout.readline()
        assert "https://shared.example" in said
        password = re.search(r"User: lodestar   Password: (\S{12,})", said)
        assert password
        foreign: list[str] = []
        page = browser.new_page()
        page.on("request", lambda request: None if f":{port}/" in request.url else foreign.append(request.url))
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("input[type=text]").fill("lodestar")
        page.locator("input[type=password]").fill(password[1])
        page.get_by_role("button", name="Login").click()
        page.locator("#chat .placeholder h1").wait_for()
        page.close()
        assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []
    finally:
        process.terminate()
        process.wait(10)


def test_files_of_this_machine_are_not_served(quoting: Any, workspace: Any) -> None:
    for path in (workspace / "knowledge-base/policies/travel.md", workspace / "vector_db/CURRENT", "/etc/hostname"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{quoting.url}/gradio_api/file={path}")
        assert refused.value.code in (403, 404)
