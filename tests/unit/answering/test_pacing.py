"""Pieces put together: none lost, none out of order, none held back for one that does not come."""

from __future__ import annotations

import asyncio

from rag.answering.pacing import PAUSE, Paced, pause


class Clock:
    """The event loop's time, moved by hand."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time()
        self.loop.time = lambda: self.now  # type: ignore[method-assign]

    async def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


async def test_the_first_piece_comes_at_once_and_the_others_together() -> None:
    clock, shown = Clock(), list[str]()
    paced = Paced(shown.append, lambda: 1.0)
    for piece in ("a", "b", "c"):
        paced.feed(piece)
    assert shown == ["a"]
    await clock.pass_by(0.9)
    assert shown == ["a"]
    await clock.pass_by(0.2)
    assert shown == ["a", "bc"]
    await clock.pass_by(5)
    paced.feed("d")
    assert shown == ["a", "bc", "d"], "after a silence there is nothing to wait for"


async def test_the_end_waits_for_nothing() -> None:
    clock, shown = Clock(), list[str]()
    paced = Paced(shown.append, lambda: 1.0)
    for piece in ("a", "b", "c"):
        paced.feed(piece)
    paced.flush()
    assert shown == ["a", "bc"]
    await clock.pass_by(5)
    paced.flush()
    assert shown == ["a", "bc"]


def test_the_more_answers_the_longer_the_pause() -> None:
    assert pause(1) == pause(2) == PAUSE
    assert PAUSE < pause(20) < pause(64) < 0.5
