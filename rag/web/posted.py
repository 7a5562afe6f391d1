"""What a browser or a program may post: JSON of a modest size, holding text and nothing that Gradio would take for a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

# A browser posts its saved conversations, some 3 MB, with a change to one of them; anything else is one conversation.
MOST_BYTES, MOST_BYTES_OF_ONE = 8_000_000, 2_000_000
MOST_CHARACTERS = (
    20_000  # of a field by itself; a question that is too long for an answer is told so in the conversation
)
_MOST_TOGETHER = 128_000_000
_DEEPEST = 40
_SECONDS = 30.0
_MOST_DROPPED, _SECONDS_TO_DROP = 16_000_000, 2.0

# Gradio's chat would copy a named file of the working folder to where it can be fetched, or build a component.
_NO_TEXT = frozenset({"path", "file", "files", "component", "constructor_args"})
_NO_TYPES = ("file", "component")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Refused(Exception):
    """A request that goes no further: the status, and one sentence for who sent it."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, headers


class Reader:
    """Reads the bodies of requests, and no more of all at once than fits into memory."""

    def __init__(self) -> None:
        self._held = 0

    @contextlib.contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        mine = 0

        def take(count: int) -> None:
            nonlocal mine
            mine += count
            self._held += count
            if self._held > _MOST_TOGETHER:
                raise Refused(429, "Lodestar has too much to read at the moment; please try again in a moment.")

        try:
            yield take
        finally:
            self._held -= mine

    async def read(self, receive: Receive, announced: str, most: int = MOST_BYTES) -> bytes:
        """The whole body. Refuses one that is too long before reading it, or as soon as it is, and one that takes for ever."""
        if announced.isdigit() and int(announced) > most:
            raise _too_long(most)
        parts: list[bytes] = []
        with self.room() as take:
            try:
                async with asyncio.timeout(_SECONDS):
                    size, more = 0, True
                    while more:
                        message = await receive()
                        if message["type"] == "http.disconnect":
                            raise Refused(400, "The request ended before it was complete.")
                        parts.append(message.get("body", b""))
                        size += len(parts[-1])
                        take(len(parts[-1]))
                        if size > most:
                            raise _too_long(most)
                        more = message.get("more_body", False)
            except TimeoutError:
                raise Refused(408, "The request took too long to arrive; please try again.") from None
            return b"".join(parts)


def _too_long(most: int) -> Refused:
    return Refused(413, f"That is too much at once; Lodestar reads {most // 1_000_000} MB and takes no files.")


class Once:
    """What comes in from a client, and whether its body has come whole: after that only its going away would come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.whole = self.whole or not message.get("more_body", False)
        return message


async def drain(scope: Mapping[str, Any], receive: Once) -> None:
    """Take the rest of a refused body and drop it, if it is not too long: who is still sending hears no answer."""
    announced = dict(scope["headers"]).get(b"content-length", b"")
    left = _MOST_DROPPED
    if announced.isdigit() and int(announced) > left:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_DROP):
            while left > 0 and not receive.whole:
                left -= len((await receive()).get("body", b""))


def parsed(body: bytes, files: Callable[[object], bool] = lambda function: False) -> dict[str, Any]:
    """The object that was posted. Raises Refused where it is none, or holds what is no text.

    `files` says of a function's number whether it is given files; Gradio itself makes sure that they are uploaded ones.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The request is not JSON that can be read.") from None
    if not isinstance(found, dict):
        raise Refused(400, "The request must be a JSON object.")
    _check(found, files=files(found.get("fn_index")))
    for field in found["data"] if isinstance(found.get("data"), list) else []:
        if isinstance(field, str) and len(field) > MOST_CHARACTERS:
            raise Refused(413, f"Please keep a question under 4,000 characters; this one has {len(field):,}.")
    return found


def dumped(posted: Mapping[str, Any]) -> bytes:
    """The object as JSON again. Raises Refused for a number that JSON does not know."""
    try:
        return json.dumps(posted, allow_nan=False).encode()
    except ValueError:
        raise Refused(400, "The request is not JSON that can be read.") from None


def _check(posted: dict[str, Any], *, files: bool) -> None:
    level: list[Any] = [posted]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                if not files and (_NO_TEXT & value.keys() or value.get("type") in _NO_TYPES):
                    raise Refused(400, "Lodestar takes text only, no files and no components.")
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return
        level = below
    raise Refused(400, "The request is nested too deeply.")
