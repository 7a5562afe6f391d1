"""Server-sent events, however the bytes of a stream were cut on their way."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.plain_chunks import server_sent

STREAM = b': ping\n\nevent: x\ndata: {"a": 1}\n\ndata:{"b":\ndata: 2}\r\n\r\ndata: \xe2\x82\xac\n\ndata: [DONE]\n\n'
EVENTS = [b'{"a": 1}', b'{"b":\n2}', "€".encode(), b"[DONE]"]


async def events(pieces: list[bytes]) -> list[bytes]:
    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [event async for event in server_sent(arriving())]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
async def test_events_do_not_depend_on_how_the_bytes_arrive(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert await events([STREAM[a:b] for a, b in itertools.pairwise(edges)]) == EVENTS


@pytest.mark.parametrize("stream", [b"", b"data: half", b"data: half\n", b": only a comment\n\n", b"\n\n\n"])
async def test_what_is_no_whole_event_is_none(stream: bytes) -> None:
    assert await events([stream]) == []
