"""While nothing comes, the person who asked is told what is being waited for, and how long it may still take."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Self

AFTER = 7.0
"""Seconds of silence after which it is said what is waited for, and again after as many more: within ten in any case."""


class Waiting:
    """Tells, on one event loop, what is waited for. `with` ends it."""

    def __init__(self, tell: Callable[[str], None], after: float = AFTER) -> None:
        self._tell = tell
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._heard = self._told = self._loop.time()
        self._what = ""
        self._until: float | None = None
        self._timer = self._loop.call_later(after, self._look)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()

    def on(self, what: str, until: float | None = None, *, at_once: bool = False) -> None:
        """From now on it is `what` that is waited for, at most to the loop's time `until`."""
        self._what, self._until = what, until
        if at_once or self._told > self._heard:  # what was told last is not true any more
            self._say()

    def heard(self, what: str, until: float) -> None:
        """A piece came; `what` is waited for where no other follows."""
        self._heard, self._what, self._until = self._loop.time(), what, until

    def _look(self) -> None:
        wait = max(self._heard, self._told) + self._after - self._loop.time()
        if wait <= 0:
            self._say()
            wait = self._after
        self._timer = self._loop.call_later(wait, self._look)

    def _say(self) -> None:
        self._told = self._loop.time()
        self._tell(f"{self._what}{_left(self._until, self._told)}.")


def _left(until: float | None, now: float) -> str:
    if until is None:
        return ""
    seconds = max(1, math.ceil(until - now))
    return f"; it has another {seconds} seconds" if seconds > 1 else "; it has one second more"


NOW: ContextVar[Waiting | None] = ContextVar("waiting", default=None)
"""The waiting of the answer that is being made, for what lies below the chain and has no other way to say."""


def opening() -> str:
    return "The documents are being opened, and whoever is to answer is being looked for"


def condensing(label: str) -> str:
    return f"{label} is putting the follow-up into words that can be searched for"


def searching() -> str:
    return "The documents are being searched"


def first_word(label: str) -> str:
    return f"{label} has not begun to answer yet"


def next_word(label: str) -> str:
    return f"{label} has paused in the middle of its answer"


def loading(label: str) -> str:
    return f"{label} is still loading its model"


def asked_to_wait(label: str, seconds: float) -> str:
    return f"{label} has many questions just now, so it is asked again in {max(1, math.ceil(seconds))} seconds"
