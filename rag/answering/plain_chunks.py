"""What goes to an endpoint and what comes back: messages that hold no control token, and a stream of plain dictionaries.

The client makes an object of some thirty validated fields of every token, which ChatOpenAI turns back into a dictionary: that
is most of what a streamed token costs here, and with many visitors all of it is waited for. ChatOpenAI takes dictionaries too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from rag.answering.prompts import as_data


class PlainChunks:
    """The client's `chat.completions`. Whoever wrote what is sent, a document or a visitor, it is text and no control token."""

    def __init__(self, completions: Any) -> None:
        self._completions = completions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._completions, name)

    async def create(self, **payload: Any) -> Any:
        """As the client's own; raises what that raises."""
        answered = await self._completions.create(**_sent(payload))
        return _Stream(answered) if payload.get("stream") else answered

    @property
    def with_raw_response(self) -> _Raw:
        """What is used where no stream is asked for."""
        return _Raw(self._completions.with_raw_response)


class _Raw:
    def __init__(self, completions: Any) -> None:
        self._completions = completions

    async def create(self, **payload: Any) -> Any:
        return await self._completions.create(**_sent(payload))


def _sent(payload: dict[str, Any]) -> dict[str, Any]:
    messages = [
        {**message, "content": as_data(message["content"])} if isinstance(message.get("content"), str) else message
        for message in payload.get("messages", [])
    ]
    return {**payload, "messages": messages}


class _Stream:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aenter__(self) -> _Stream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        import openai

        response = self._stream.response
        try:
            async for data in server_sent(response.aiter_bytes()):
                if data.startswith(b"[DONE]"):
                    continue  # what is left is the end of the body: read to there, the connection can be used again
                event = json.loads(data)
                if isinstance(event, dict) and (fault := event.get("error")):
                    said = fault.get("message") if isinstance(fault, dict) else None
                    raise openai.APIError(str(said or fault), request=response.request, body=fault)
                yield event
        except Exception as error:
            # By name: they come from httpx or from httpx2, whichever the client was built with.
            kinds = {kind.__name__ for kind in type(error).__mro__}
            if "TimeoutException" in kinds:
                raise openai.APITimeoutError(request=response.request) from error
            if "TransportError" in kinds:
                raise openai.APIConnectionError(request=response.request) from error
            raise


async def server_sent(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each server-sent event, however the bytes were cut on their way; an event that is not complete is none."""
    rest = b""
    data: list[bytes] = []
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                data.append(line[5:].lstrip(b" "))
            elif not line and data:
                yield b"\n".join(data)
                data.clear()
