"""Keys are never in logs, traces, pages or files. What commands and the page say is looked through in `test_network.py`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.schema import SettingsError
from tests.doubles.replies import Fails
from tests.doubles.scripted import ScriptedEndpoint
from tests.trust.whole_life import CANARIES

KEYS = {"openai_api_key": CANARIES["key"], "auth": f"me:{CANARIES['password']}"}


def _clean(text: str) -> bool:
    return not any(canary in text for canary in CANARIES.values())


def test_settings_show_no_key() -> None:
    settings = Settings(**KEYS, openai_base_url=f"http://me:{CANARIES['userinfo']}@127.0.0.1:1/v1")  # type: ignore[arg-type]
    assert _clean(repr(settings))
    assert _clean(str(settings))


@pytest.mark.parametrize(
    "env",
    [
        {"OPENAI_BASE_URL": f"ftp://me:{CANARIES['userinfo']}@x/v1"},
        {"RAG_AUTH": CANARIES["password"]},
        {"RAG_OPENAI_KEY": CANARIES["key"]},
        {"OPENAI_API_KEY": CANARIES["key"], "RAG_K": "many"},
    ],
)
def test_a_wrong_setting_is_told_without_the_keys(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as told:
        Settings.load(env, None)
    assert _clean(str(told.value))
    assert _clean(repr(told.value.__cause__))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_an_endpoint_that_repeats_the_key_gets_no_word_of_it_into_the_answer(
    asking_endpoint: Callable[..., Assistant], endpoint: ScriptedEndpoint, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    endpoint.script = lambda messages: Fails(status, json.dumps({"error": {"message": f"bad key {CANARIES}"}}))
    caplog.set_level(logging.INFO)
    settings: dict[str, Any] = KEYS
    answer = asking_endpoint(**settings).ask("When does the Invergair agreement end?")
    assert CANARIES["key"] in str(endpoint.chats[0].headers)
    assert answer.fault
    assert _clean(repr(asdict(answer)))
    assert _clean(caplog.text)
