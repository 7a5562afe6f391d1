"""Which files may be uploaded, and how much of them: what is too much is refused before it is read, or as soon as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rag.web.posted import Message, Receive, Refused

MOST_AT_ONCE = 2  # uploads under way; they lie on disk, each of up to `most` bytes


class Uploads:
    """`refusal` says of the address that a page was opened under why nothing may be uploaded from there, or ""."""

    def __init__(self, refusal: Callable[[str], str], most: int) -> None:
        """`most`: bytes of one request."""
        self._refusal = refusal
        self._most = most
        self._under_way = 0

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises Refused where nothing may be uploaded."""
        if sentence := self._refusal(headers.get("host", "")):
            raise Refused(403, sentence)

    @contextmanager
    def let_in(self, headers: Mapping[str, str], receive: Receive) -> Iterator[Receive]:
        """What hands the files on as they come. Raises Refused, then or later."""
        self.check(headers)
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._most:
            raise self._too_much()
        if self._under_way >= MOST_AT_ONCE:
            raise Refused(429, "Other files are being uploaded; please try again in a moment.")
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise self._too_much()
            return message

        self._under_way += 1
        try:
            yield counted
        finally:
            self._under_way -= 1

    def _too_much(self) -> Refused:
        return Refused(413, f"That is too much at once; up to {self._most // 1_000_000} MB can be added together.")
