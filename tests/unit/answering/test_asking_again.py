"""When a refusal is met by asking once more, and when it is not."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import openai
import pytest
from openai import _exceptions

from rag.answering.asking_again import AskingAgain

wire: Any = getattr(_exceptions, "httpx2", httpx)


def refusal(status: int, message: str = "no", **headers: str) -> openai.APIStatusError:
    response = wire.Response(status, request=wire.Request("POST", "http://x"), headers=headers)
    return openai.APIStatusError(message, response=response, body=None)


class Completions:
    """Raises what it is given, one a call, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.payloads: list[dict[str, Any]] = []

    async def create(self, **payload: Any) -> str:
        self.payloads.append(payload)
        if self.faults:
            raise self.faults.pop(0)
        return "answered"


@pytest.fixture(autouse=True)
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in no time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return pauses


@pytest.mark.parametrize("status", [400, 422])
async def test_who_does_not_know_how_to_count_is_asked_without_and_never_again_with(status: int) -> None:
    completions = Completions(refusal(status, "extra field: stream_options"))
    asking = AskingAgain(completions, "Atlas", 60)
    for _ in range(2):
        assert await asking.create(stream=True, stream_options={"include_usage": True}) == "answered"
    assert [list(payload) for payload in completions.payloads] == [["stream", "stream_options"], ["stream"], ["stream"]]


@pytest.mark.parametrize("after", ["1", "5"])
async def test_a_short_pause_is_made_once(paused: list[float], after: str) -> None:
    completions = Completions(*(refusal(429, **{"Retry-After": after}) for _ in range(2)))
    with pytest.raises(openai.APIStatusError):
        await AskingAgain(completions, "Atlas", 60).create()
    assert paused == [float(after)]
    assert await AskingAgain(completions, "Atlas", 60).create() == "answered"


@pytest.mark.parametrize(
    "fault",
    [
        refusal(429),
        refusal(429, **{"Retry-After": "6"}),
        refusal(503, "loading", **{"Retry-After": "3600"}),
        refusal(503, "busy"),
        refusal(500, "loading"),
        refusal(400, "too long"),
        openai.APIConnectionError(request=wire.Request("POST", "http://x")),
    ],
)
async def test_all_else_is_the_end(paused: list[float], fault: Exception) -> None:
    completions = Completions(fault)
    with pytest.raises(type(fault)):
        await AskingAgain(completions, "Atlas", 60).create(stream_options={})
    assert (paused, len(completions.payloads)) == ([], 1)


async def test_a_model_that_is_loading_is_waited_for(paused: list[float]) -> None:
    completions = Completions(*(refusal(503, "Loading model") for _ in range(30)))
    assert await AskingAgain(completions, "Atlas", 60).create() == "answered"
    assert len(paused) == 30
    with pytest.raises(openai.APIStatusError):
        await AskingAgain(Completions(refusal(503, "Loading model")), "Atlas", 0.5).create()
