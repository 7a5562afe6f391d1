"""An answer's pieces put together where they come in quick succession, so that many visitors stay cheap to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PAUSE = 0.04
"""Seconds between two pieces that are shown: smooth to read."""

_SHOWN = 150
"""Pieces shown in a second, of all answers together. To show one costs a page a millisecond or more, however short it is: were
all shown that could be, many visitors would wait for the showing instead of for the words."""


def pause(answers: int) -> float:
    """Seconds between two pieces of one answer, while so many are being given."""
    return max(PAUSE, answers / _SHOWN)


class Paced:
    """Hands pieces on, the first at once, the others together after a pause; nothing waits for a piece after it.

    To be used on one event loop. `pause` gives the seconds to wait now.
    """

    def __init__(self, show: Callable[[str], None], pause: Callable[[], float]) -> None:
        self._show = show
        self._pause = pause
        self._loop = asyncio.get_running_loop()
        self._held: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._shown = float("-inf")

    def feed(self, piece: str) -> None:
        self._held.append(piece)
        if self._timer is None:
            wait = self._shown + self._pause() - self._loop.time()
            if wait <= 0:
                self.flush()
            else:
                self._timer = self._loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Hand on what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held:
            self._show("".join(self._held))
            self._held.clear()
            self._shown = self._loop.time()
