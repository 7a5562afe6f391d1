"""A public link is guarded: a password however it was switched on, and nothing open that the page does not need."""

from __future__ import annotations

import concurrent.futures
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.app import App, echo
from tests.doubles.replies import Says
from tests.doubles.scripted import ScriptedEndpoint
from tests.trust.knocking import QUESTION, Browser

PASSWORD = "a-long-enough-password"
OPEN_TO_ALL = ["/", "/theme.css", "/favicon.ico", "/robots.txt", "/gradio_api/startup-events"]


@pytest.fixture(scope="module")
def shared(start: Callable[..., App]) -> App:
    """The page as others reach it: with a password."""
    return start("--auth", f"ada:{PASSWORD}", RAG_LLM="extractive")


@pytest.mark.parametrize(
    ("flags", "settings"),
    [
        (["--share"], {}),
        ([], {"RAG_SHARE": "1"}),
        ([], {"GRADIO_SHARE": "True"}),
        ([], {"RAG_SHARE": "true", "GRADIO_SHARE": "false", "GRADIO_ALLOWED_PATHS": "/", "GRADIO_NUM_WORKERS": "1"}),
    ],
)
def test_however_it_is_switched_on_it_asks_for_a_password(
    start: Callable[..., App],
    flags: list[str],
    settings: dict[str, str],
    tmp_path: Path,
    reached_out: Callable[[], list[str]],
) -> None:
    # Where the link is made does not answer here, so there is none; all else is as with one.
    nowhere = {"GRADIO_SHARE_SERVER_ADDRESS": "127.0.0.1:1", "HF_HOME": str(tmp_path)}
    app = start(*flags, RAG_LLM="extractive", **settings, **nowhere)
    with httpx.Client(base_url=app.url, trust_env=False) as http:
        assert http.get("/config").status_code == 401
        assert "auth_required" in http.get("/").text
        call = {"data": [QUESTION]}
        assert http.post("/gradio_api/call/chat", json=call).status_code == 401
        end = time.monotonic() + 120
        while not (said := re.search(r"User: (\S+)\s+Password: (\S+)", app.log.read_text())):
            assert time.monotonic() < end, app.log.read_text()
            time.sleep(0.2)
        assert http.post("/login", data={"username": said[1], "password": said[2] + "x"}).status_code == 400
        assert http.post("/login", data={"username": said[1], "password": said[2]}).status_code == 200
        assert http.get("/config").status_code == 200
    # What makes the link would be fetched where it is not there yet. Nothing else goes out.
    assert all("cdn-media.huggingface.co" in tried for tried in reached_out())


def test_a_short_password_is_no_password_for_a_public_link(start: Callable[..., App]) -> None:
    with pytest.raises(AssertionError, match="too short for a public link"):
        start("--share", "--auth", "ada:short", RAG_LLM="extractive")


ROUTES = [
    "/config",
    "/gradio_api/info",
    "/gradio_api/queue/data?session_hash=x",
    "/gradio_api/heartbeat/x",
    "/gradio_api/call/chat/x",
    "/gradio_api/app_id",
]
POSTS = ["queue/join", "run/predict", "call/chat", "cancel", "reset"]


def test_without_the_password_nothing_opens_but_the_page_that_asks_for_it(shared: App) -> None:
    with httpx.Client(base_url=shared.url, trust_env=False) as http:
        assert {path: http.get(path).status_code for path in OPEN_TO_ALL} == dict.fromkeys(OPEN_TO_ALL, 200)
        assert {path: http.get(path).status_code for path in ROUTES} == dict.fromkeys(ROUTES, 401)
        posted = {path: http.post(f"/gradio_api/{path}", json={}).status_code for path in POSTS}
        assert posted == dict.fromkeys(POSTS, 401)
        for name in ("access-token", "access-token-unsecure"):
            assert http.get("/config", headers={"cookie": f"{name}-x=None; {name}-=x"}).status_code == 401
        for folder in ("contracts", "employees", "policies"):
            assert folder not in http.get("/").text, "a folder's name is part of the documents"


@pytest.mark.parametrize(
    "path", ["/", "/config", "/nothing", "/gradio_api/file=x", "/theme.css", "/gradio_api/call/chat/x"]
)
def test_every_answer_carries_the_policy(shared: App, path: str) -> None:
    headers = httpx.get(shared.url + path, trust_env=False).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_cookies_are_for_the_page_alone(shared: App) -> None:
    with httpx.Client(base_url=shared.url, trust_env=False) as http:
        given = http.get("/").headers.get_list("set-cookie")
        given += http.post("/login", data={"username": "ada", "password": PASSWORD}).headers.get_list("set-cookie")
        assert len(given) == 3
        for cookie in given:
            assert "httponly" in cookie.lower()
            assert "samesite=lax" in cookie.lower()
            assert "samesite=none" not in cookie.lower()


def test_passwords_cannot_be_tried_on_and_on(start: Callable[..., App]) -> None:
    app = start("--auth", f"ada:{PASSWORD}", RAG_LLM="extractive")

    def attempt(word: str) -> httpx.Response:
        return httpx.post(f"{app.url}/login", data={"username": "ada", "password": word}, trust_env=False, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(attempt, [f"wrong {n}" for n in range(40)]))
    assert sorted(answer.status_code for answer in answers) == [400] * 10 + [429] * 30
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert re.fullmatch(r"Too many wrong passwords; please try again in \d+ seconds\.", refused.json()["detail"])
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert attempt(PASSWORD).status_code == 429, "the right one waits too, or it could be told from the others"


def test_whoever_waited_gets_in_and_right_passwords_never_wait(shared: App) -> None:
    def attempt(word: str) -> int:
        return httpx.post(
            f"{shared.url}/login", data={"username": "ada", "password": word}, trust_env=False
        ).status_code

    assert [attempt(PASSWORD) for _ in range(15)] == [200] * 15
    assert attempt(PASSWORD.upper()) == 400
    assert attempt("") in (400, 422)
    assert attempt("pässword \N{GRINNING FACE}") == 400


@pytest.fixture
def slow() -> Iterator[tuple[ScriptedEndpoint, threading.Event]]:
    """An endpoint that says one word and the rest when it is told to."""
    rest = threading.Event()
    with ScriptedEndpoint(lambda messages: Says("Slowly, slowly.", gate=rest)) as endpoint:
        yield endpoint, rest
        rest.set()


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _told(visitor: Any) -> str:
    """What a visitor reads who asks and gets no answer, hence no sources in the panel."""
    visitor.send(QUESTION)
    visitor.settled(1)
    return str(visitor.answers.last.inner_text())


def test_one_visitor_cannot_take_all_and_a_full_house_says_so(
    start: Callable[..., App], visit: Callable[..., Any], slow: tuple[ScriptedEndpoint, threading.Event]
) -> None:
    endpoint, rest = slow
    app = start(
        OPENAI_BASE_URL=endpoint.base_url,
        RAG_MAX_QUESTIONS="4",
        RAG_FIRST_TOKEN_TIMEOUT="600",
        RAG_ANSWER_TIMEOUT="600",
    )
    first = visit(app)
    # Six connections are all that a browser opens to one page, too few for four tabs: its other tabs are played.
    (cookie,) = [of for of in first.page.context.cookies() if of["name"] == "lodestar-visitor"]
    tabs = [Browser(app.url, f"tab{number}", cookies={cookie["name"]: cookie["value"]}).open() for number in range(3)]
    for tab in tabs:
        assert tab.join(tab.function("chat"), QUESTION, None, "", "", False).status_code == 200
    _until(lambda: len(endpoint.chats) == 3)
    notice = _told(first)
    assert "3 of your questions are being answered already; please wait until one of them is done." in notice
    other, late = visit(app), visit(app)
    other.send(QUESTION)
    other.answers.first.wait_for()
    assert "Lodestar is answering as many questions as it can; please ask again in a moment." in _told(late)
    assert len(endpoint.chats) == 4
    other.page.close()
    assert endpoint.chats[-1].gone.wait(90), "a closed tab ends the call to the endpoint"
    rest.set()
    for tab in tabs:
        assert "slowly." in str(list(tab.messages()))
    endpoint.script = echo
    assert "You asked: And by ship?" in late.ask("And by ship?")
    assert "as many questions" not in endpoint.chats[-1].text, "the notice is no part of the conversation"
