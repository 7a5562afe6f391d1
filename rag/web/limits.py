"""How much one visitor may ask of this page, and all of them together."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from time import monotonic

EACH = 3
"""Questions of one visitor under way at once: one being answered, and two in other tabs."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost", "")

WRONG_PASSWORDS, WRONG_FROM_ALL, WITHIN = 10, 30, 60.0
"""Wrong passwords from one address, and from all of them, in so many seconds."""


class Seats:
    """Questions that are answered at once: `total` of all, EACH of one visitor, half of all from one address.

    Behind a tunnel or a proxy everybody comes from this machine, so its own address may have them all.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._visitors: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    @contextlib.contextmanager
    def taken(self, visitor: str, address: str = "") -> Iterator[str]:
        """A seat while the block runs, and "" as value; without one, the sentence that says why."""
        sentence = self._refusal(visitor, address)
        if sentence:
            yield sentence
            return
        self._visitors[visitor] += 1
        self._addresses[address] += 1
        try:
            yield ""
        finally:
            for counter, name in ((self._visitors, visitor), (self._addresses, address)):
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]

    def _refusal(self, visitor: str, address: str) -> str:
        if self._visitors[visitor] >= EACH:
            return f"{EACH} of your questions are being answered already; please wait until one of them is done."
        full = self._addresses.total() >= self.total
        if full or (address not in _LOOPBACK and self._addresses[address] >= max(EACH, self.total // 2)):
            return "Lodestar is answering as many questions as it can; please ask again in a moment."
        return ""


class Attempts:
    """Passwords that were tried, and when the next one may be.

    They count from the moment they are tried, so that a hundred at once are no way around; a right one is taken back. One
    that had to wait was not tried and does not count: whoever knows the password waits a minute at most.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._tried: deque[tuple[float, str]] = deque()

    def wait(self, who: str, *, here: bool = False) -> int:
        """Seconds until `who` may try a password; 0 counts one attempt. `here`: on this machine, which no crowd shuts out."""
        now = self._clock()
        while self._tried and self._tried[0][0] <= now - WITHIN:
            self._tried.popleft()
        own = [at for at, name in self._tried if name == who]
        waits = [own[-WRONG_PASSWORDS]] if len(own) >= WRONG_PASSWORDS else []
        if not here and len(self._tried) >= WRONG_FROM_ALL:
            waits.append(self._tried[-WRONG_FROM_ALL][0])
        if waits:
            return 1 + int(max(waits) + WITHIN - now)
        self._tried.append((now, who))
        return 0

    def was_right(self, who: str) -> None:
        """The latest attempt of `who` gave the password."""
        for place in range(len(self._tried) - 1, -1, -1):
            if self._tried[place][1] == who:
                del self._tried[place]
                return
