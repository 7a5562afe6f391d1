"""What the door lets in, and what of it reaches Gradio."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rag.web.door import Door, Hosts
from rag.web.uploads import Uploads
from rag.web.visitors import COOKIE, visitor

SECRET = "s" * 43
ME = visitor(SECRET, "")


class Behind:
    """Gradio's side, and the app: it notes what reaches it and answers 200, or as told."""

    def __init__(self, status: int = 200, fails: Exception | None = None) -> None:
        self.status, self.fails = status, fails
        self.scope: dict[str, Any] = {}
        self.body = b""
        self.left: list[str] = []

    def refused(self, host: str) -> str:
        return "" if host.startswith("localhost") else "Not from there."

    def logged_in(self, cookies: Mapping[str, str]) -> bool:
        return "token" in cookies

    def kind(self, number: object) -> str:
        return {1: "queued", 2: "at once", 3: "saved"}.get(number, "") if type(number) is int else ""

    def takes_files(self, number: object) -> bool:
        return number == 3

    def answers(self, component: object, name: object) -> bool:
        return (component, name) == (7, "places")

    def session_of(self, event: str) -> str:
        return ME.session("mine") if event == "my-event" else "c0-another"

    def refusal(self, session: str) -> str:
        return "Full." if session.endswith("-full") else ""

    def answered(self, session: str) -> None:
        self.left.append(session)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["method"] == "POST":
            self.body = (await receive())["body"]
        if self.fails:
            raise self.fails
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def knock(
    behind: Behind, path: str, posted: Any = None, *, private: bool = False, **headers: str
) -> tuple[int, dict[str, str]]:
    """One request; the status and the headers of its answer."""
    path, _, query = path.partition("?")
    given = {"host": "localhost:7860", **headers}
    body = json.dumps(posted).encode()
    scope = {
        "type": "http",
        "method": "GET" if posted is None else "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body if posted is not None else b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await Door(
        behind, behind, Hosts(frozenset(["docs.example"]), anyone=False), Uploads(behind.refused, 1000), private=private
    )(scope, receive, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize("path", ["/", "/config", "/assets/a.js", "/theme.css", "/gradio_api/info"])
async def test_what_the_page_needs(path: str) -> None:
    assert (await knock(Behind(), path))[0] == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload/x", "/gradio_api/file=x", "/gradio_api/deep_link", "/x", "/assets/../x"]
)
async def test_everything_else_is_closed(path: str) -> None:
    behind = Behind()
    assert (await knock(behind, path))[0] == 404
    assert (await knock(behind, path, {}))[0] == 404
    assert behind.scope == {}


async def test_files_come_in_where_they_may_and_no_more_than_fit() -> None:
    path = "/gradio_api/upload"
    assert (await knock(Behind(), path, "file"))[0] == 200
    assert (await knock(Behind(), path, "file", host="docs.example"))[0] == 403
    assert (await knock(Behind(), path, "file", content_length="1001"))[0] == 413
    behind = Behind()
    assert (await knock(behind, path, "x" * 1001))[0] == 413
    assert behind.body == b""
    assert (await knock(Behind(), path, "file", private=True))[0] == 401


async def test_a_file_is_taken_only_by_the_function_that_is_given_files() -> None:
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    assert (await knock(Behind(), "/gradio_api/run/predict", {"fn_index": 2, "data": [file]}))[0] == 400
    behind = Behind()
    assert (await knock(behind, "/gradio_api/run/predict", {"fn_index": 3, "data": [file]}))[0] == 200
    assert json.loads(behind.body)["data"] == [file]


async def test_a_component_answers_with_the_functions_it_has_for_the_page() -> None:
    path, asked = "/gradio_api/component_server", {"component_id": 7, "fn_name": "places", "data": {}, "path": "x"}
    assert (await knock(Behind(), path, asked))[0] == 400  # no files
    del asked["path"]
    behind = Behind()
    assert (await knock(behind, path, {**asked, "session_hash": "mine", "more": 1}))[0] == 200
    assert json.loads(behind.body) == {**asked, "session_hash": visitor("", "127.0.0.1").session("mine")}
    for wrong in ({"component_id": 8}, {"fn_name": "postprocess"}, {"component_id": "7"}):
        assert (await knock(Behind(), path, {**asked, **wrong}))[0] == 404


async def test_a_browser_gets_its_cookie_once() -> None:
    assert (await knock(Behind(), "/"))[1]["set-cookie"].startswith(f"{COOKIE}=")
    assert "set-cookie" not in (await knock(Behind(), "/", cookie=f"{COOKIE}={SECRET}"))[1]


async def test_no_stored_state_is_shown() -> None:
    behind = Behind()
    await knock(behind, "/?deep_link=abc")
    assert behind.scope["query_string"] == b""


async def test_a_conversation_is_kept_under_the_visitors_own_name() -> None:
    behind, cookie = Behind(), f"{COOKIE}={SECRET}"
    posted = {"fn_index": 1, "data": ["Why?"], "session_hash": "mine", "batched": True, "oauth_token": "x"}
    assert (await knock(behind, "/gradio_api/queue/join", posted, cookie=cookie))[0] == 200
    assert json.loads(behind.body) == {"fn_index": 1, "data": ["Why?"], "session_hash": ME.session("mine")}
    assert dict(behind.scope["headers"])[b"content-length"] == str(len(behind.body)).encode()
    await knock(behind, "/gradio_api/queue/data?session_hash=mine", cookie=cookie)
    assert behind.scope["query_string"].decode() == f"session_hash={ME.session('mine')}"
    await knock(behind, "/gradio_api/heartbeat/mine", cookie=cookie)
    assert behind.scope["path"] == f"/gradio_api/heartbeat/{ME.session('mine')}"
    assert behind.left == [ME.session("mine")]


async def test_only_its_own_visitor_fetches_or_stops_an_answer() -> None:
    behind, cookie = Behind(), f"{COOKIE}={SECRET}"
    assert (await knock(behind, "/gradio_api/call/chat/my-event", cookie=cookie))[0] == 200
    assert (await knock(behind, "/gradio_api/call/chat/my-event"))[0] == 404
    assert (await knock(behind, "/gradio_api/call/chat/others", cookie=cookie))[0] == 404
    for event, left in (("my-event", "my-event"), ("others", "")):
        cancel = {"session_hash": "mine", "fn_index": 1, "event_id": event}
        assert (await knock(behind, "/gradio_api/cancel", cancel, cookie=cookie))[0] == 200
        assert json.loads(behind.body)["event_id"] == left


@pytest.mark.parametrize(("path", "right"), [("queue/join", (1,)), ("run/predict", (2, 3))])
async def test_a_function_is_called_the_way_it_is_meant_to_be(path: str, right: tuple[int, ...]) -> None:
    for number in (1, 2, 3, 4, -1, True, None, "1"):
        posted = {"fn_index": number, "data": [], "session_hash": "mine"}
        status, _ = await knock(Behind(), f"/gradio_api/{path}", posted)
        assert status == (200 if number in right and number is not True else 404), number


async def test_only_a_list_of_all_conversations_may_be_large() -> None:
    for number, status in ((2, 413), (3, 200)):
        posted = {"fn_index": number, "data": [["x" * 3_000_000]], "session_hash": "mine"}
        assert (await knock(Behind(), "/gradio_api/run/predict", posted))[0] == status


async def test_a_full_queue_has_a_sentence() -> None:
    status, headers = await knock(Behind(), "/gradio_api/call/chat", {"data": ["Why?"], "session_hash": "full"})
    assert (status, headers["retry-after"]) == (429, "10")


async def test_a_private_page_lets_in_who_logged_in() -> None:
    assert (await knock(Behind(), "/", private=True))[0] == 200
    assert (await knock(Behind(), "/config", private=True))[0] == 401
    assert (await knock(Behind(), "/gradio_api/reset", {}, private=True))[0] == 401
    assert (await knock(Behind(), "/config", private=True, cookie="token=x"))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "127.0.0.1:80"}, 200),
        ({"host": "[::1]:7860"}, 200),
        ({"host": "docs.example"}, 200),
        ({"host": "DOCS.example."}, 200),
        ({"host": "foreign.example"}, 403),
        ({"host": "localhost.foreign.example"}, 403),
        ({"host": "[oops"}, 403),
        ({"origin": "http://localhost:7860"}, 200),
        ({"origin": "https://docs.example"}, 200),
        ({"origin": "http://localhost:1"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_names_and_origins(headers: dict[str, str], status: int) -> None:
    assert (await knock(Behind(), "/config", **headers))[0] == status


async def test_a_failure_behind_the_door_is_one_sentence() -> None:
    assert (await knock(Behind(fails=TypeError("x")), "/config"))[0] == 500
