"""What is waited for is told within ten seconds, and answers end within two minutes, by the settings nobody changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rag.answering import waiting
from rag.answering.waiting import Waiting
from rag.config import Settings
from tests.doubles.llm import ScriptedLlm
from tests.unit.answering.asking import Asking

Later = Callable[[float], Awaitable[None]]


@pytest.fixture
async def later() -> Later:
    """Moves the event loop's clock on, and lets happen what then is due."""
    loop = asyncio.get_running_loop()
    clock, late = loop.time, 0.0
    loop.time = lambda: clock() + late  # type: ignore[method-assign]

    async def move(seconds: float) -> None:
        nonlocal late
        late += seconds
        for _ in range(20):
            await asyncio.sleep(0)

    return move


async def test_silence_is_told_within_ten_seconds_and_again(later: Later) -> None:
    told: list[str] = []
    loop = asyncio.get_running_loop()
    with Waiting(told.append) as waits:
        waits.on(waiting.opening())
        await later(5)
        waits.on(waiting.first_word("Atlas"), loop.time() + 60)
        assert told == []
        await later(4)
        assert told == ["Atlas has not begun to answer yet; it has another 56 seconds."]
        await later(9)
        assert told[1:] == ["Atlas has not begun to answer yet; it has another 47 seconds."]
    await later(60)
    assert len(told) == 2, "it is over"


async def test_what_is_true_no_more_is_replaced_at_once(later: Later) -> None:
    told: list[str] = []
    with Waiting(told.append) as waits:
        waits.on(waiting.condensing("Atlas"))
        await later(9)
        waits.on(waiting.searching())
    assert told[1:] == ["The documents are being searched."]


async def test_words_begin_the_silence_anew(later: Later) -> None:
    told: list[str] = []
    loop = asyncio.get_running_loop()
    with Waiting(told.append) as waits:
        for _ in range(20):
            await later(3)
            waits.heard(waiting.next_word("Atlas"), loop.time() + 30)
        assert told == []
        await later(9)
    assert told == ["Atlas has paused in the middle of its answer; it has another 21 seconds."]


async def test_a_model_that_dribbles_ends_in_two_minutes_by_the_default_settings(asking: Asking, later: Later) -> None:
    seconds = 0

    async def pause() -> None:
        nonlocal seconds
        await later(0)
        seconds += 20
        await later(20)

    answer = await asking.ask(ScriptedLlm(*[step for _ in range(20) for step in ("on ", pause)]))
    assert answer.fault == "The scripted model took too long, so the answer was cut off here."
    assert answer.text.startswith("on on on")
    assert 100 <= seconds <= 120


def test_the_default_settings_keep_the_promise() -> None:
    settings = Settings()
    assert waiting.AFTER + 1 < 10
    assert settings.answer_timeout <= 120
    reworded = settings.first_token_timeout / 4
    assert reworded + settings.connect_timeout + settings.first_token_timeout < settings.answer_timeout
    assert settings.stall_timeout < settings.first_token_timeout
