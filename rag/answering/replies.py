"""The body of an endpoint's reply, before the client reads it: never unpacked, and a refusal's never longer than it can matter."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

LONGEST_REFUSAL = 64 << 10
"""Bytes of a refusal that are read. The client reads it whole before it raises, were it without end."""

AS_IT_IS = {"Accept-Encoding": "identity"}
"""A stream is not packed: what is small on its way may be of any size when unpacked."""


async def bound(response: Any) -> None:
    """An event hook of the client's. Who packs a reply all the same sends something that is not an answer."""
    if "content-encoding" in response.headers:
        del response.headers["content-encoding"]
    if response.is_success:
        return
    # From httpx or from httpx2, whichever the client was built with: a response takes a stream of its own package only.
    package: Any = sys.modules[type(response).__module__.partition(".")[0]]
    stream = response.stream

    class Beginning(package.AsyncByteStream):  # type: ignore[misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = LONGEST_REFUSAL
            async for piece in stream:
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

        async def aclose(self) -> None:
            await stream.aclose()

    response.stream = Beginning()
