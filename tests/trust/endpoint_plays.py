"""Every way in which an endpoint was seen, or can be imagined, to fail."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from tests.doubles.replies import FAILURES, SECRET, Fails
from tests.trust.raw_endpoint import Play, Wire, delta

BEGUN = "It ends on"
ERROR = {"error": {"message": f"slot failed {SECRET}", "type": "server_error"}}


def refused(status: int, body: object = ERROR, **headers: str) -> Play:
    return lambda wire: wire.whole(status, body, **headers)


def refused_as(name: str) -> Play:
    failure = FAILURES[name]
    assert isinstance(failure, Fails)
    return lambda wire: wire.whole(failure.status, failure.body, failure.kind)


def streamed(*events: object, done: bool = False, begun: str = "") -> Play:
    def play(wire: Wire) -> None:
        wire.head()
        if begun:
            wire.words(begun)
        for event in events:
            wire.event(event)
        if done:
            wire.event("[DONE]")

    return play


def sent(data: bytes) -> Play:
    def play(wire: Wire) -> None:
        wire.head()
        wire.send(data)

    return play


def then_silence(wire: Wire, *, begun: str = "") -> None:
    wire.head()
    if begun:
        wire.words(begun)
    wire.wait()


def for_ever(data: bytes, pause: float, *, begun: str = "", head: bool = True) -> Play:
    def play(wire: Wire) -> None:
        if head:
            wire.head()
        if begun:
            wire.words(begun)
        while True:
            wire.send(data)
            if pause:
                wire.wait(pause)

    return play


def endless_refusal(wire: Wire) -> None:
    wire.head(500, "text/plain")
    while True:
        wire.send(b"x" * 65536)


def drip(data: bytes, *, head: bool) -> Play:
    def play(wire: Wire) -> None:
        if head:
            wire.head()
        for at in itertools.count():
            wire.send(data[at % len(data) :][:1])
            wire.wait(0.05)

    return play


def cut_in_a_chunk(wire: Wire) -> None:
    wire.head(Transfer_Encoding="chunked")
    data = f"data: {json.dumps(delta({'content': BEGUN}))}\n\n".encode()
    wire.send(b"%x\r\n%s\r\n" % (len(data), data))
    wire.send(b"fff\r\ndata: {")


def reset(wire: Wire) -> None:
    wire.head(Transfer_Encoding="chunked")
    data = f"data: {json.dumps(delta({'content': BEGUN}))}\n\n".encode()
    wire.send(b"%x\r\n%s\r\n" % (len(data), data))
    wire.wait(0.2)
    wire.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def long_line(*, begun: str = "") -> Play:
    def play(wire: Wire) -> None:
        wire.head()
        if begun:
            wire.words(begun)
        wire.send(b'data: {"choices": [{"delta": {"content": "')
        for _ in range(100):
            wire.send(b"x" * 1_000_000)
        wire.send(b'"}}]}\n\n')

    return play


def bomb(status: int) -> Play:
    """A hundred megabytes in a hundred kilobytes."""
    packer = zlib.compressobj(9, wbits=31)
    event = f"data: {json.dumps(delta({'content': SECRET}))}\n\n".encode() * 20_000
    packed = b"".join(packer.compress(event) for _ in range(80)) + packer.flush()

    def play(wire: Wire) -> None:
        wire.head(status, Content_Encoding="gzip")
        wire.send(packed)

    return play


def packed_although_not_asked_for(wire: Wire) -> None:
    wire.head(Content_Encoding="gzip")
    wire.send(gzip.compress(f"data: {json.dumps(delta({'content': SECRET}))}\n\n".encode()))


def to_elsewhere(status: int) -> Play:
    return lambda wire: wire.whole(status, "", Location=wire.root.replace("127.0.0.1", "localhost") + "/elsewhere/v1")


def better_next_time(play: Play, times: int = 1) -> Play:
    def both(wire: Wire) -> None:
        if wire.tries <= times:
            play(wire)
        else:
            wire.head()
            wire.good()

    return both


def whole_answer(wire: Wire) -> None:
    said = {"role": "assistant", "content": "It ends on 30 September 2028 [1]."}
    wire.whole(200, {"object": "chat.completion", "choices": [{"message": said, "finish_reason": "stop"}]})


def odd_but_well(wire: Wire) -> None:
    """All that stands between the words of an answer of one server or another."""
    wire.head()
    wire.event({"choices": [], "prompt_filter_results": [{}]})
    wire.event({"id": "x"})
    wire.event(delta({"role": "assistant", "content": None}))
    wire.event({"choices": [{"index": 0, "delta": None}]})
    wire.event({"choices": [{"index": 0, "delta": {"reasoning_content": SECRET}}]})
    wire.send(b": keep-alive\n\nretry: 1000\n\nevent: message\n")
    wire.words("It ends on 30 September 2028 [1].", "stop")
    wire.event({"choices": [], "usage": {"prompt_tokens": 5_000, "completion_tokens": 9, "total_tokens": 5_009}})
    wire.event({"choices": [], "usage": {"prompt_tokens": "many"}})
    wire.event("[DONE]")


def usage(tokens: object) -> Mapping[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 9, "total_tokens": 9}}
