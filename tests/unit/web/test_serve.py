"""Who may enter, and what a browser is told."""

from __future__ import annotations

from typing import Any

from rag.config import Settings
from rag.web.serve import OwnFilesOnly, login


def settings(**flags: Any) -> Settings:
    return Settings.load(env={}, dotenv=None, **flags)


def test_no_password_on_this_machine() -> None:
    assert login(settings()) == (None, False)


def test_a_given_password_is_used() -> None:
    assert login(settings(auth="ada:pass:word-word", share=True)) == (("ada", "pass:word-word"), False)


def test_a_public_link_always_has_one() -> None:
    made, made_up = login(settings(share=True))
    assert made is not None
    assert made_up
    assert len(made[1]) >= 12
    assert made != login(settings(share=True))[0]


async def test_the_policy_goes_with_every_answer_and_with_nothing_else() -> None:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await OwnFilesOnly(app)({"type": "http"}, None, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"a"] == b"b"
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert sent[1] == {"type": "http.response.body", "body": b"x"}
