"""Words put together: nothing lost, the first and the last never waited for, whatever comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.gathered import gathered, pause
from rag.answering.plain_chunks import plain

FOR_EVER = 3600.0


def event(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}]}


def text(chunk: dict[str, Any]) -> str:
    return str(chunk["choices"][0]["delta"]["content"])


async def arriving(*chunks: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)


async def test_the_first_comes_at_once_and_the_others_together() -> None:
    chunks = [event("Ants"), event(" dig"), event(" deep"), event("", "stop")]
    first, second = [chunk async for chunk in gathered(arriving(*chunks), lambda: FOR_EVER)]
    assert (text(first), text(second)) == ("Ants", " dig deep")
    assert second["choices"][0]["finish_reason"] == "stop"
    assert second["usage"]["completion_tokens"] == 2, "so that the rate of an answer is still known"


async def test_the_end_of_a_stream_ends_the_pause() -> None:
    async def slow() -> AsyncIterator[dict[str, Any]]:
        yield event("Ants")
        await asyncio.sleep(0.05)
        yield event(" dig")

    async with asyncio.timeout(30):
        assert [text(chunk) async for chunk in gathered(slow(), lambda: FOR_EVER)] == ["Ants", " dig"]


async def test_what_came_is_handed_on_when_the_pause_is_over() -> None:
    over = asyncio.Event()

    async def waiting() -> AsyncIterator[dict[str, Any]]:
        yield event("Ants")
        await asyncio.sleep(0)
        yield event(" dig")
        await over.wait()
        yield event(" deep")

    async with asyncio.timeout(30), aclosing(gathered(waiting(), lambda: 0.01)) as chunks:
        assert [text(await anext(chunks)), text(await anext(chunks))] == ["Ants", " dig"]
        over.set()
        assert text(await anext(chunks)) == " deep"


async def test_it_reads_on_while_nothing_is_taken() -> None:
    read: list[int] = []

    async def counted() -> AsyncIterator[dict[str, Any]]:
        for n in range(50):
            read.append(n)
            yield event(str(n))

    async with aclosing(gathered(counted(), lambda: FOR_EVER)) as chunks:
        await anext(chunks)
        await asyncio.sleep(0.01)
        assert len(read) == 50


async def test_what_came_before_a_fault_is_said_first() -> None:
    async def failing() -> AsyncIterator[dict[str, Any]]:
        yield event("Ants")
        yield event(" dig")
        raise ConnectionError("gone")

    async with aclosing(gathered(failing(), lambda: FOR_EVER)) as chunks:
        assert text(await anext(chunks)) == "Ants dig"
        with pytest.raises(ConnectionError, match="gone"):
            await anext(chunks)


async def test_who_leaves_ends_the_reading() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[dict[str, Any]]:
        try:
            while True:
                yield event("Ants")
                await asyncio.sleep(0)
        finally:
            ended.set()

    async with aclosing(gathered(endless(), lambda: 0.0)) as chunks:
        await anext(chunks)
    assert ended.is_set()


async def test_nothing_at_all_is_nothing() -> None:
    assert [chunk async for chunk in gathered(arriving(), lambda: FOR_EVER)] == []


@given(
    st.lists(st.tuples(st.text(max_size=3), st.sampled_from([None, "stop", "length"]), st.integers(0, 9)), max_size=9)
)
async def test_together_they_say_what_they_say_alone(said: list[tuple[str, str | None, int]]) -> None:
    chunks = [event(words, finish) for words, finish, _ in said]
    for chunk, (_, _, read) in zip(chunks, said, strict=True):
        if read:
            chunk["usage"] = {"prompt_tokens": read, "completion_tokens": 0, "total_tokens": read}
    found = [chunk async for chunk in gathered(arriving(*chunks), lambda: FOR_EVER)]
    assert "".join(map(text, found)) == "".join(words for words, _, _ in said)
    finish = [chunk["choices"][0]["finish_reason"] for chunk in found]
    assert next(filter(None, finish), None) == next((finish for _, finish, _ in said if finish), None)
    assert max((c.get("usage", {}).get("prompt_tokens", 0) for c in found), default=0) == max(
        (read for *_, read in said), default=0
    )


async def test_an_event_without_choices_counts_the_prompt_and_no_word() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b'{"choices": [{"delta": {"content": "Ants"}}]}'
        await asyncio.sleep(0)
        yield b'{"choices": [{"delta": {"content": " dig"}, "finish_reason": "stop"}]}'
        yield b'{"choices": [], "usage": {"prompt_tokens": 7}}'

    _, last = [chunk async for chunk in gathered(plain(events()), lambda: FOR_EVER)]
    assert (text(last), last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (" dig", 7, 1)


def test_one_stream_is_hardly_held_back() -> None:
    assert pause(1) <= 0.005
    assert pause(64) < 0.25
