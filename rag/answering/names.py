"""Names of hosts are looked up in threads of their own: where that takes long, those that search are not kept from it."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

_THREADS = 16


def look_up_apart(loop: asyncio.AbstractEventLoop) -> None:
    """Let `loop` look names up in threads of their own instead of in its default ones."""
    threads = ThreadPoolExecutor(_THREADS, "looking names up")

    async def look_up(host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        asked = partial(socket.getaddrinfo, host, port, family, type, proto, flags)
        return await loop.run_in_executor(threads, asked)

    loop.getaddrinfo = look_up  # type: ignore[method-assign]
