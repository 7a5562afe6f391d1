"""Your conversation is yours: many at once, stolen names, forged histories, Gradio's own ways in, and the memory of it all."""

from __future__ import annotations

import concurrent.futures
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.browser.app import App, echo
from tests.doubles.replies import Says
from tests.doubles.scripted import Messages, ScriptedEndpoint
from tests.trust.knocking import QUESTION, Browser, resident
from tests.trust.rounds import rounds

SECRET = re.compile(r"secret-\d+-\d+")
VISITORS, TURNS = rounds(10, 50), rounds(4, 10)
OPENED = rounds(500, 5_000)


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(echo) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def app(start: Callable[..., App], model: ScriptedEndpoint) -> App:
    return start(OPENAI_BASE_URL=model.base_url)


@pytest.fixture
def scripted(model: ScriptedEndpoint) -> ScriptedEndpoint:
    """The model of `app`, well-behaved and never asked when the test begins."""
    model.script = echo
    model.log.clear()
    return model


def _secrets(text: str) -> set[str]:
    """Whose secrets stand there."""
    return {found.split("-")[1] for found in SECRET.findall(text)}


def _converse(url: str, visitor: int) -> list[str]:
    """A conversation through the API; each question tells a secret that nobody else knows."""
    browser = Browser(url, "samename").open()
    questions = [f"Do trains know secret-{visitor}-{turn} or first class?" for turn in range(TURNS)]
    return [browser.ask(question) for question in questions]


def _repeats_all(messages: Messages) -> str:
    """A model that says everything that it was told by the visitor."""
    return " ".join(re.findall(r"secret-\d+-\d+", json.dumps(messages))) + " first class [1]."


def test_many_conversations_at_once_and_nobodys_secret_in_anothers(app: App, scripted: ScriptedEndpoint) -> None:
    """All of them under the same name, as two browsers might make up."""
    scripted.script = _repeats_all
    with concurrent.futures.ThreadPoolExecutor(VISITORS) as pool:
        heard = list(pool.map(_converse, [app.url] * VISITORS, range(VISITORS)))
    for visitor, answers in enumerate(heard):
        assert {owner for answer in answers for owner in _secrets(answer)} == {str(visitor)}
        assert f"secret-{visitor}-0" in answers[-1], "and yet each remembers its own"
    told = [_secrets(chat.text) for chat in scripted.chats]
    assert len(told) >= VISITORS * TURNS
    assert all(len(owners) == 1 for owners in told)
    assert _secrets(app.log.read_text()) == set()


def test_two_visitors_of_the_page_with_secrets(app: App, scripted: ScriptedEndpoint, visit: Callable[..., Any]) -> None:
    scripted.script = _repeats_all
    visitors = [visit(app) for _ in range(rounds(2, 6))]
    for turn in range(2):
        for number, visitor in enumerate(visitors):
            visitor.send(f"Do trains know secret-{number}-{turn}?")
        for number, visitor in enumerate(visitors):
            visitor.settled(turn + 1, f"Do trains know secret-{number}-{turn}?")
    for number, visitor in enumerate(visitors):
        # The panel holds the trace with the whole prompt.
        assert _secrets(visitor.page.content()) == {str(number)}
        assert f"secret-{number}-0" in visitor.answers.last.inner_text()
    assert all(len(_secrets(chat.text)) == 1 for chat in scripted.chats)


def test_a_stolen_name_is_an_empty_conversation(app: App, scripted: ScriptedEndpoint) -> None:
    owner = Browser(app.url, "thesession").open()
    owner.ask("Do trains know secret-1-1?")
    for thief in (Browser(app.url, "thesession").open(), Browser(app.url, "thesession")):
        thief.config = owner.config
        assert "secret-1" not in thief.ask(QUESTION)
        assert "secret-1" not in scripted.chats[-1].text
    assert "secret-1-1" in owner.ask("What did I ask?"), "nor did the owner lose anything"
    tries = ["a" * 33 + "-thesession", owner.http.cookies["lodestar-visitor"], "../thesession", "%2e%2e", "x" * 200, ""]
    for name in tries:
        thief = Browser(app.url, name).open()
        answer = thief.join(thief.function("chat"), QUESTION, None, "", "", False)
        assert answer.status_code == 400 or "secret-1" not in str(list(thief.messages()))


def test_no_stranger_hears_an_answer_or_stops_it(app: App, scripted: ScriptedEndpoint) -> None:
    rest = threading.Event()
    scripted.script = lambda messages: Says("Slowly, secret-2-2 comes.", gate=rest)
    owner, stranger = Browser(app.url, "listening").open(), Browser(app.url, "listening").open()
    chat = owner.function("chat")
    event = owner.join(chat, QUESTION, None, "", "", False).json()["event_id"]
    # Joining by the same name, the stranger would get what the owner is told.
    assert not any("secret" in json.dumps(message) for message in stranger.messages(seconds=5))
    assert stranger.http.get(f"/gradio_api/call/chat/{event}").status_code == 404
    assert httpx.get(f"{app.url}/gradio_api/call/chat/{event}", trust_env=False).status_code == 404
    assert stranger.http.get("/gradio_api/deep_link", params={"session_hash": "listening"}).status_code == 404
    for session in ("listening", event):
        cancel = {"session_hash": session, "fn_index": chat, "event_id": event}
        assert stranger.http.post("/gradio_api/cancel", json=cancel).status_code == 200
        assert httpx.post(f"{app.url}/gradio_api/cancel", json=cancel, trust_env=False).status_code == 200
    rest.set()
    assert "secret-2-2 comes." in json.dumps(list(owner.messages())).replace('", "', "")
    assert not scripted.chats[-1].gone.is_set()


def test_a_program_without_cookies_has_its_conversation(app: App, scripted: ScriptedEndpoint) -> None:
    def call(question: str, **session: str) -> str:
        with httpx.Client(base_url=app.url, trust_env=False, timeout=60) as http:
            event = http.post("/gradio_api/call/chat", json={"data": [question, "", ""], **session}).json()["event_id"]
            return http.get(f"/gradio_api/call/chat/{event}").text

    assert "You asked: Do trains know secret-3-1" in call("Do trains know secret-3-1?", session_hash="program-1")
    assert "secret-3-1" in call("And the first class?", session_hash="program-1")
    assert "secret-3-1" not in call("And the first class?", session_hash="program-2")
    assert "secret-3-1" not in call("And the first class?")


def test_what_many_visitors_leave_behind_is_bounded(
    start: Callable[..., App], record_property: Callable[..., None]
) -> None:
    """Memory after twice as many visitors is about what it was after as many: nothing is kept for each that ever was."""
    app = start(RAG_LLM="extractive")
    Browser(app.url).open().ask(QUESTION)
    load = next(of["id"] for of in Browser(app.url).open().config["dependencies"] if of["queue"] is False)

    def come(number: int) -> None:
        with httpx.Client(base_url=app.url, trust_env=False, timeout=120) as http:
            session = f"visitor-{number}"
            body = {"fn_index": load, "data": [], "session_hash": session}
            http.post("/gradio_api/run/predict", json=body)
            call = http.post("/gradio_api/call/chat", json={"data": ["Hello?", "", ""], "session_hash": session})
            if number % 2:  # the others never fetch their answer
                http.get(f"/gradio_api/call/chat/{call.json()['event_id']}")

    held = [resident(app.process.pid)]
    for half in range(2):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(come, range(half * OPENED, (half + 1) * OPENED)))
        held.append(resident(app.process.pid))
    record_property("megabytes", held)
    print("MB before, after", OPENED, "and after", 2 * OPENED, "sessions:", held)
    assert held[2] - held[1] < 60
    assert held[2] - held[0] < 250
    assert "Bergen" in Browser(app.url).open().ask("Where does Ingrid Solheim have her desk?")
