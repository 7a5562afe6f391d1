"""A stream's words put together while others stream too: read as fast as they come, handed on as often as all can bear.

What a word costs is the way from here on, through LangChain, and that is the same for ten words at once. Waiting between two
reads would not do: what has come is still handed out packet by packet, and a quick model would be slowed down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

_HANDED_ON = 400
"""Pieces handed on in a second, of all streams together; each costs a quarter of a millisecond or more."""


def pause(streams: int) -> float:
    """Seconds between two pieces of one stream, while there are so many."""
    return streams / _HANDED_ON


async def gathered(chunks: AsyncIterator[dict[str, Any]], pause: Callable[[], float]) -> AsyncGenerator[dict[str, Any]]:
    """The first chunk at once, then in one what came within `pause()` seconds, and the last without waiting.

    What `chunks` raises is raised after all that came before it.
    """
    held: list[dict[str, Any]] = []
    came = asyncio.Event()

    async def read() -> None:
        try:
            async for chunk in chunks:
                held.append(chunk)
                came.set()
        finally:
            came.set()

    reading = asyncio.ensure_future(read())
    try:
        while True:
            await came.wait()
            came.clear()
            if held:
                together = _together(held)
                held.clear()
                yield together
            if not held and reading.done():
                await reading
                return
            await asyncio.wait({reading}, timeout=pause())
    finally:
        reading.cancel()
        await asyncio.wait({reading})


def _together(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """One chunk that says what these say. How many words it holds is told where they are more than one."""
    if len(chunks) == 1:
        return chunks[0]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    finish = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    texts = [choice["delta"]["content"] for choice in choices]
    read = max(chunk.get("usage", {}).get("prompt_tokens", 0) for chunk in chunks)
    words = sum(map(bool, texts))
    return {
        "choices": [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": "".join(texts)},
                "finish_reason": finish[0] if finish else None,
            }
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": words, "total_tokens": read + words},
    }
