"""Who may enter, and what a browser is told."""

from __future__ import annotations

import os
from typing import Any

import pytest

from rag.config import Settings
from rag.schema import SettingsError
from rag.web.serve import OwnFilesOnly, checks, hosts, login, without_gradios_own


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
    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert sent[1] == {"type": "http.response.body", "body": b"x"}


def test_a_short_password_is_for_no_public_link() -> None:
    assert login(settings(auth="ada:short"))[0] == ("ada", "short")
    with pytest.raises(SettingsError, match="12 characters or more"):
        login(settings(auth="ada:short", share=True))


def test_only_that_user_with_that_password() -> None:
    right = checks(("ada", "pässword"))
    assert right("ada", "pässword")
    assert not any((right("ada", "password"), right("bob", "pässword"), right("", ""), right("ada", "")))


@pytest.mark.parametrize(
    ("given", "share"), [("True", True), ("true", True), ("1", True), ("false", False), ("", False)]
)
def test_gradios_own_switches_are_read_as_ours_or_go(monkeypatch: pytest.MonkeyPatch, given: str, share: bool) -> None:
    monkeypatch.setenv("GRADIO_SHARE", given)
    monkeypatch.setenv("GRADIO_NUM_WORKERS", "2")
    monkeypatch.setenv("GRADIO_TEMP_DIR", "kept")
    assert without_gradios_own(settings()).share is share
    assert "GRADIO_SHARE" not in os.environ
    assert "GRADIO_NUM_WORKERS" not in os.environ
    assert os.environ["GRADIO_TEMP_DIR"] == "kept"


def test_names_matter_where_only_this_machine_is_meant() -> None:
    assert not hosts(settings()).knows("foreign.example")
    assert hosts(settings(host_names="docs.example, wiki.example")).knows("wiki.example:80")
    assert hosts(settings(share=True)).knows("x.foreign.example")
    assert hosts(settings(host="0.0.0.0")).knows("lodestar.lan")
