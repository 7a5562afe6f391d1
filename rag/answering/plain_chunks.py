"""What goes to an endpoint and what comes back: messages that hold no control token, and a stream of plain dictionaries.

The client makes an object of some thirty validated fields of every token, which ChatOpenAI turns back into a dictionary: that
is most of what a streamed token costs here, and with many visitors all of it is waited for. ChatOpenAI takes dictionaries too.
They hold what an answer is made of and nothing else, whatever the endpoint put into its events, or left out of them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from rag.answering.gathered import gathered, pause
from rag.answering.prompts import as_data

_LONGEST_EVENT = 4 << 20
_LONGEST_STREAM = 32 << 20
"""Bytes: a hundred times what the longest answer takes. An endless one would fill the memory before its time is up."""


class PlainChunks:
    """The client's `chat.completions`. Whoever wrote what is sent, a document or a visitor, it is text and no control token."""

    def __init__(self, completions: Any) -> None:
        self._completions = completions
        self._streams: set[_Stream] = set()  # those that are read now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._completions, name)

    async def create(self, **payload: Any) -> Any:
        """As the client's own; raises what that raises."""
        answered = await self._completions.create(**_sent(payload))
        return _Stream(answered, self._streams) if payload.get("stream") else answered

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
    def __init__(self, stream: Any, beside: set[_Stream]) -> None:
        self._stream = stream
        self._beside = beside

    async def __aenter__(self) -> _Stream:
        self._beside.add(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._beside.discard(self)
        await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(gathered(self._read(), lambda: pause(len(self._beside)))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        import openai

        response = self._stream.response
        pieces = bounded(response.aiter_bytes())
        whole = "json" in response.headers.get("content-type", "")
        try:
            async for event in plain(_one(pieces) if whole else server_sent(pieces)):
                if "error" in event:
                    raise openai.APIError("", request=response.request, body=event["error"])
                yield event
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        except Exception as error:
            # By name: they come from httpx or from httpx2, whichever the client was built with.
            kinds = {kind.__name__ for kind in type(error).__mro__}
            if "TimeoutException" in kinds:
                raise openai.APITimeoutError(request=response.request) from error
            if "TransportError" in kinds:
                raise openai.APIConnectionError(request=response.request) from error
            raise


async def plain(events: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """What ChatOpenAI needs of each event: text, the reason to stop, the tokens counted. Events with none of it are left out.

    `[DONE]` says that an answer is complete, also where no reason to stop was given. Raises ValueError where an event is
    none. What an error says is {"error": ...}, and the last.
    """
    heard = told = finished = False
    async for data in events:
        heard = True
        if data.startswith(b"[DONE]"):
            if not finished:
                finished = told = True
                yield _chunk("", "stop")
            continue  # what is left is the end of the body: read to there, the connection can be used again
        event = json.loads(data)
        if not isinstance(event, dict):
            raise ValueError("an event that is no object")
        if fault := event.get("error") or (event if event.get("object") == "error" else None):
            yield {"error": fault}
            return
        if chunk := _of(event):
            told = True
            finished = finished or bool(chunk["choices"] and chunk["choices"][0]["finish_reason"])
            yield chunk
    if heard and not told:
        yield _chunk("", None)  # events there were, only no word in them


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
            elif line.startswith(b"error:"):  # llama.cpp's older servers
                yield b'{"error":%s}' % line[6:]
            elif not line and data:
                yield b"\n".join(data)
                data.clear()
        if len(rest) + sum(map(len, data)) > _LONGEST_EVENT:
            raise ValueError("an event without end")


async def bounded(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces. Raises ValueError where there are more than any answer has."""
    left = _LONGEST_STREAM
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise ValueError("a stream without end")
        yield piece


async def _one(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The whole body as one event: some servers answer so although a stream was asked for, or tell an error so."""
    body = b""
    async for piece in pieces:
        body += piece
        if len(body) > _LONGEST_EVENT:
            raise ValueError("a body without end")
    event = json.loads(body)
    if not isinstance(event, dict) or not (event.keys() & {"choices", "error"} or event.get("object") == "error"):
        raise ValueError("a body that is no answer")
    yield body


def _of(event: dict[str, Any]) -> dict[str, Any] | None:
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    said = choice.get("delta") or choice.get("message")
    text = _text(said.get("content")) if isinstance(said, dict) else ""
    finish = choice.get("finish_reason")
    usage = event.get("usage")
    read = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    if not (text or finish or read):
        return None
    chunk = _chunk(text, str(finish) if finish else None)
    if isinstance(read, int):
        chunk["usage"] = {"prompt_tokens": read, "completion_tokens": 0, "total_tokens": read}
    return chunk


def _chunk(text: str, finish: str | None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}]}


def _text(content: object) -> str:
    """Text, or the texts of a list of parts. Half a character, which JSON can hold, can be neither shown nor stored."""
    if isinstance(content, list):
        content = "".join(str(part["text"]) for part in content if isinstance(part, dict) and part.get("text"))
    text = content if isinstance(content, str) else ""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
