"""Every fault of endpoint_plays.py, and what is to be said of it.

`Fault.says` is the beginning of the sentence, empty where all is well in the end. `kept` is what had arrived.
"""

from __future__ import annotations

import email.utils
import json
import time
from dataclasses import dataclass

from tests.doubles.replies import FAILURES, SECRET
from tests.trust.endpoint_plays import (
    BEGUN,
    ERROR,
    better_next_time,
    bomb,
    cut_in_a_chunk,
    drip,
    endless_refusal,
    for_ever,
    long_line,
    odd_but_well,
    packed_although_not_asked_for,
    refused,
    refused_as,
    reset,
    sent,
    streamed,
    then_silence,
    to_elsewhere,
    usage,
    whole_answer,
)
from tests.trust.raw_endpoint import Play, delta

IT = "The server at 127.0.0.1"
SOME = BEGUN
NO_TIME = f"{IT} did not answer in time."
STOPPED = f"{IT} stopped in the middle of its answer."
BROKEN_OFF = f"{IT} broke off the connection in the middle of its answer."
BROKEN_OFF_EARLY = f"{IT} broke off the connection before it answered."
NO_ANSWER = f"{IT} sent something that is not an answer."
UNREADABLE = f"{IT} sent something unreadable in the middle of its answer."
FAULT = f"{IT} reported a fault while answering."
BUSY = f"{IT} has had too many questions for now, or the account is used up. "
LOADING = f"{IT} is busy or still loading its model. "
TOO_LONG = f"{IT} cannot read that much at once."
MOVED = f"{IT} has moved to another address"
EMPTY = f"{IT} sent an empty answer."
LENGTH = "The answer was cut off at its longest allowed length."
FILTERED = f"{IT} stopped the answer by its content filter."


@dataclass(frozen=True)
class Fault:
    play: Play
    says: str = ""
    kept: str = ""
    hopeless: bool = False
    """The answering call would fail in the same way, so the condensing call's fault is the end."""


def _refusals() -> dict[str, Fault]:
    said = {
        "401": f"{IT} did not accept the key.",
        "403": f"{IT} does not allow this key to use raw.",
        "404": f"{IT} knows no model raw, or its address is wrong.",
        "429": BUSY + "Wait a little",
        **{name: TOO_LONG for name in FAILURES if name.startswith("overflow")},
    }
    found = {name: Fault(refused_as(name), says, hopeless=True) for name, says in said.items()}
    date = email.utils.formatdate(time.time() + 2.5 * 86400, usegmt=True)
    again = {"1": "in a second.", "119": "in two minutes.", "3600": "in an hour.", date: "in three days."}
    for after, words in again.items():
        name = f"429, Retry-After {'date' if after == date else after}"
        found[name] = Fault(refused(429, Retry_After=after), f"{BUSY}Ask again {words}", hopeless=True)
    for after in ("soon", "-1", "nan", "1e400"):
        found[f"429, Retry-After {after}"] = Fault(refused(429, Retry_After=after), BUSY + "Wait", hopeless=True)
    for status in (301, 302, 307, 308):
        found[f"{status} elsewhere"] = Fault(to_elsewhere(status), MOVED, hopeless=True)
    return found


FAULTS: dict[str, Fault] = {
    **_refusals(),
    "408": Fault(refused(408), NO_TIME),
    "500": Fault(refused(500), f"{IT} has a fault of its own (HTTP 500). Ask again in a moment."),
    "200 without end": Fault(for_ever(b"x" * 65536, 0), f"{IT} "),
    "500 without end": Fault(endless_refusal, f"{IT} has a fault of its own (HTTP 500)."),
    "502 html": Fault(refused_as("502 html"), f"{IT} has a fault of its own (HTTP 502)."),
    "503 loading": Fault(refused_as("503"), LOADING + "Wait a little"),
    "503 busy": Fault(refused(503), LOADING + "Wait a little"),
    "503, Retry-After 3600": Fault(refused(503, Retry_After="3600"), f"{LOADING}Ask again in an hour."),
    "429 once": Fault(better_next_time(refused(429, Retry_After="1"))),
    "503 loading, then loaded": Fault(better_next_time(refused_as("503"), 2)),
    "200 html": Fault(refused_as("200 html"), NO_ANSWER),
    "200 other json": Fault(refused(200, {"hello": SECRET}), NO_ANSWER),
    "200 with an error": Fault(refused(200), FAULT),
    "200 with the error of a 429": Fault(refused(200, {"error": {"message": SECRET, "code": 429}}), BUSY),
    "200 with all at once": Fault(whole_answer),
    "204": Fault(lambda wire: wire.head(204), NO_ANSWER),
    "no http": Fault(lambda wire: wire.send(b"SSH-2.0-OpenSSH\r\n"), BROKEN_OFF_EARLY),
    "headers without end": Fault(for_ever(b"X-Filler: " + b"x" * 1000 + b"\r\n", 0, head=False), BROKEN_OFF_EARLY),
    "nothing": Fault(lambda wire: None, BROKEN_OFF_EARLY),
    "empty stream": Fault(streamed(), NO_ANSWER),
    "empty answer": Fault(streamed(delta({"role": "assistant", "content": ""}), done=True), EMPTY),
    "empty answer, no end": Fault(streamed(delta({"role": "assistant", "content": ""})), EMPTY),
    "hang": Fault(lambda wire: wire.wait(), NO_TIME),
    "hang after the headers": Fault(then_silence, NO_TIME),
    "drip of headers": Fault(drip(b"HTTP/1.1 200 OK\r\nX-Filler: 1\r\n" + b"X: 1\r\n" * 1000, head=False), NO_TIME),
    "drip of a body": Fault(drip(b": wait a little\n", head=True), NO_TIME),
    "keep-alive for ever": Fault(for_ever(b": keep-alive\n\n", 0.1), NO_TIME),
    "100 for ever": Fault(for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1, head=False), NO_TIME),
    "stall": Fault(lambda wire: then_silence(wire, begun=SOME), STOPPED, SOME),
    "stall with keep-alive": Fault(for_ever(b": keep-alive\n\n", 0.1, begun=SOME), STOPPED, SOME),
    "words for ever, slowly": Fault(
        for_ever(f"data: {json.dumps(delta({'content': 'on '}))}\n\n".encode(), 0.1, begun=SOME),
        f"{IT} took too long",
        SOME,
    ),
    "words for ever": Fault(for_ever(f"data: {json.dumps(delta({'content': 'on '}))}\n\n".encode(), 0), LENGTH, "on"),
    "empty words for ever": Fault(for_ever(f"data: {json.dumps(delta({'content': ''}))}\n\n".encode(), 0), f"{IT} "),
    "cut": Fault(cut_in_a_chunk, BROKEN_OFF, SOME),
    "reset": Fault(reset, BROKEN_OFF, SOME),
    "end without finish_reason": Fault(streamed(begun=SOME), f"{IT} ended without saying", SOME),
    "end without finish_reason but [DONE]": Fault(streamed(begun="It ends on 30 September 2028 [1].", done=True)),
    "broken JSON": Fault(streamed(f'{{"choices": [{SECRET}'), NO_ANSWER),
    "broken JSON after words": Fault(streamed("{broken", begun=SOME), UNREADABLE, SOME),
    "no object": Fault(streamed("[1, 2]"), NO_ANSWER),
    "nested deeply": Fault(streamed("[" * 100_000), NO_ANSWER),
    "odd but well": Fault(odd_but_well),
    "error in the stream": Fault(streamed(ERROR), FAULT),
    "error after words": Fault(streamed(ERROR, begun=SOME), FAULT, SOME),
    "error as llama.cpp had it": Fault(sent(f"error: {json.dumps(ERROR['error'])}\n\n".encode()), FAULT),
    "overflow in the stream": Fault(
        streamed({"error": {"message": f"exceeds the available context size {SECRET}"}}), TOO_LONG
    ),
    "length": Fault(streamed(delta({}, "length"), begun=SOME), LENGTH, SOME),
    "length before a word": Fault(streamed(delta({}, "length")), f"{IT} reached the longest allowed length before"),
    "content_filter": Fault(streamed(delta({}, "content_filter"), begun=SOME), FILTERED, SOME),
    "content_filter before a word": Fault(streamed(delta({}, "content_filter")), FILTERED),
    "finish_reason=error": Fault(streamed(delta({}, "error"), begun=SOME), FAULT, SOME),
    "a prompt read in part": Fault(
        streamed(delta({}, "stop"), usage(30), begun=SOME, done=True), f"{IT} read only a part of the sources.", SOME
    ),
    "a line of 100 MB": Fault(long_line(), NO_ANSWER),
    "a line of 100 MB after words": Fault(long_line(begun=SOME), UNREADABLE, SOME),
    "gzip bomb": Fault(bomb(200), NO_ANSWER),
    "gzip bomb as a 500": Fault(bomb(500), f"{IT} has a fault of its own (HTTP 500)."),
    "packed although not asked for": Fault(packed_although_not_asked_for, NO_ANSWER),
    "half a character": Fault(
        streamed(f'{{"choices":[{{"delta":{{"content":"{SOME} \\ud83d"}}}}]}}'), f"{IT} ended", SOME
    ),
    "no UTF-8": Fault(sent(b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n'), NO_ANSWER),
}
