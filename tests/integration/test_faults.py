"""Each exception of the client has its one sentence, and nothing the endpoint sent is in it."""

from __future__ import annotations

import email.utils
import json
import socket
import ssl
import time
from typing import Any

import httpx
import openai
import pytest
from openai import _exceptions

from rag.answering import faults

wire: Any = getattr(_exceptions, "httpx2", httpx)  # what the installed client is built on
SECRET = "sk-sent-by-the-endpoint"
REQUEST = wire.Request("POST", "http://127.0.0.1:1/v1/chat/completions", headers={"authorization": f"Bearer {SECRET}"})


def status(
    code: int,
    message: str = "Oops",
    kind: type[openai.APIStatusError] = openai.APIStatusError,
    after: str | None = None,
) -> Exception:
    body = {"error": {"message": f"{message} {SECRET}"}}
    headers = {} if after is None else {"Retry-After": after}
    response = wire.Response(code, request=REQUEST, json=body, headers=headers)
    return kind(f"{message} {SECRET}", response=response, body=body)


def in_stream(code: object) -> Exception:
    return openai.APIError("", REQUEST, body={"message": SECRET, "code": code})


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def unreadable() -> Exception:
    try:
        return json.loads(f"<html>{SECRET}")
    except json.JSONDecodeError as error:
        return error


NO_TIME = "Atlas did not answer in time. Ask again, or choose another model."
TOO_LONG = "Atlas cannot read that much at once. Start a new conversation, or set RAG_CONTEXT_TOKENS."
UNREACHED = "Atlas cannot be reached. Check that it is running and that its address is right."
BROKEN_OFF = "Atlas broke off the connection before it answered. Ask again."
BUSY = "Atlas has had too many questions for now, or the account is used up."
LOADING = "Atlas is busy or still loading its model."
OWN_FAULT = "Atlas has a fault of its own"
NO_ANSWER = (
    "Atlas sent something that is not an answer. Check that its address is that of an OpenAI-compatible endpoint."
)

TABLE: dict[str, tuple[BaseException, str]] = {
    "401": (status(401, kind=openai.AuthenticationError), "Atlas did not accept the key. Check OPENAI_API_KEY."),
    "403": (
        status(403, kind=openai.PermissionDeniedError),
        "Atlas does not allow this key to use atlas-7b. Check the key's rights or choose another model.",
    ),
    "404": (
        status(404, kind=openai.NotFoundError),
        "Atlas knows no model atlas-7b, or its address is wrong. Check RAG_MODEL and that OPENAI_BASE_URL ends in /v1.",
    ),
    "408": (status(408), NO_TIME),
    "422": (
        status(422, kind=openai.UnprocessableEntityError),
        "Atlas refused the question (HTTP 422). Check RAG_MODEL and OPENAI_BASE_URL.",
    ),
    "429": (
        status(429, kind=openai.RateLimitError),
        "Atlas has had too many questions for now, or the account is used up. Wait a little and ask again.",
    ),
    "500": (
        status(500, kind=openai.InternalServerError),
        "Atlas has a fault of its own (HTTP 500). Ask again in a moment.",
    ),
    "502": (
        status(502, f"<html>{SECRET}", openai.InternalServerError),
        "Atlas has a fault of its own (HTTP 502). Ask again in a moment.",
    ),
    "503": (
        status(503, kind=openai.InternalServerError),
        "Atlas is busy or still loading its model. Wait a little and ask again.",
    ),
    **{
        f"429, Retry-After {after}": (status(429, after=after), f"{BUSY} Ask again in {words}.")
        for after, words in {
            "1": "a second",
            "7": "seven seconds",
            "59.5": "60 seconds",
            "61": "two minutes",
            "119": "two minutes",
            "3540": "59 minutes",
            "3600": "an hour",
            "7200": "two hours",
            "86400": "a day",
            "172801": "three days",
            email.utils.formatdate(time.time() + 2.5 * 86_400, usegmt=True): "three days",
        }.items()
    },
    **{
        f"429, Retry-After {after!r}": (status(429, after=after), f"{BUSY} Wait a little and ask again.")
        for after in ("", "0", "-5", "soon", "nan", "inf", "1e999", "Wed, 99 Nov", "Wed, 21 Oct 2015 07:28:00 GMT")
    },
    "503, Retry-After 3600": (status(503, after="3600"), f"{LOADING} Ask again in an hour."),
    "500, Retry-After 90": (status(500, after="90"), f"{OWN_FAULT} (HTTP 500). Ask again in two minutes."),
    "307": (status(307), "Atlas has moved to another address (HTTP 307). Set OPENAI_BASE_URL to the new one."),
    "400, filtered": (
        status(400, "The prompt triggered content_filter."),
        "Atlas stopped the answer by its content filter. Ask in other words, or choose another model.",
    ),
    "429, in the stream": (in_stream(429), f"{BUSY} Wait a little and ask again."),
    "its own code, in the stream": (
        in_stream("overloaded"),
        "Atlas reported a fault while answering. Ask again, or choose another model.",
    ),
    "no name": (
        caused(openai.APIConnectionError(request=REQUEST), socket.gaierror(-2, SECRET)),
        "Atlas cannot be found on the network. Check the name in OPENAI_BASE_URL.",
    ),
    "certificate": (
        caused(openai.APIConnectionError(request=REQUEST), ssl.SSLCertVerificationError(SECRET)),
        "Atlas offers no secure connection that can be trusted. Check its certificate and OPENAI_BASE_URL.",
    ),
    "unreached in time": (caused(openai.APITimeoutError(REQUEST), wire.ConnectTimeout(SECRET)), UNREACHED),
    "too long, OpenAI": (
        status(400, "This model's maximum context length is 8192 tokens.", openai.BadRequestError),
        TOO_LONG,
    ),
    "too long, OpenAI's newer": (status(400, "Input tokens exceed the configured limit of 272000 tokens."), TOO_LONG),
    "too long, llama.cpp": (status(400, "request (6834 tokens) exceeds the available context size"), TOO_LONG),
    "too long, Ollama": (status(400, "the input length exceeds the context length"), TOO_LONG),
    "too long, as a 500": (status(500, "context window exceeded"), TOO_LONG),
    "too long, in the stream": (openai.APIError(f"context size exceeded {SECRET}", REQUEST, body=None), TOO_LONG),
    "no time": (openai.APITimeoutError(REQUEST), NO_TIME),
    "no time, httpx": (httpx.ReadTimeout(SECRET), NO_TIME),
    "no time, asyncio": (TimeoutError(SECRET), NO_TIME),
    "unreached": (openai.APIConnectionError(message=SECRET, request=REQUEST), UNREACHED),
    "refused": (caused(openai.APIConnectionError(request=REQUEST), wire.ConnectError(SECRET)), UNREACHED),
    "unreached, httpx": (httpx.ConnectError(SECRET), UNREACHED),
    "reset": (caused(openai.APIConnectionError(request=REQUEST), wire.ReadError(SECRET)), BROKEN_OFF),
    "cut": (caused(openai.APIConnectionError(request=REQUEST), wire.RemoteProtocolError(SECRET)), BROKEN_OFF),
    "cut, httpx": (httpx.RemoteProtocolError(SECRET), BROKEN_OFF),
    "in the stream": (
        openai.APIError(SECRET, REQUEST, body=None),
        "Atlas reported a fault while answering. Ask again, or choose another model.",
    ),
    "no JSON": (unreadable(), NO_ANSWER),
    "no text": (UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET), NO_ANSWER),
    "no events": (ValueError(f"No generations found in stream. {SECRET}"), NO_ANSWER),
    "other": (RuntimeError(SECRET), "Atlas could not answer (RuntimeError). Ask again, or choose another model."),
}


@pytest.mark.parametrize("name", TABLE)
def test_exception_to_its_sentence(name: str) -> None:
    error, expected = TABLE[name]
    assert faults.sentence(error, "Atlas", "atlas-7b") == expected


@pytest.mark.parametrize("name", TABLE)
def test_sentence_is_short_and_quotes_nothing_that_was_sent(name: str) -> None:
    error, _ = TABLE[name]
    said = faults.sentence(error, "The server at atlas", "atlas-7b")
    assert SECRET not in said
    assert said.startswith("The server at atlas ")
    assert "\n" not in said
    assert said.endswith(".")
    assert len(said) < 160


BEGUN = {
    "no time": "Atlas stopped in the middle of its answer. Ask again, or choose another model.",
    "reset": "Atlas broke off the connection in the middle of its answer. Ask again.",
    "no JSON": "Atlas sent something unreadable in the middle of its answer. Ask again.",
    "429, in the stream": "Atlas reported a fault while answering. Ask again, or choose another model.",
}


@pytest.mark.parametrize("name", BEGUN)
def test_what_had_begun_is_told_as_such(name: str) -> None:
    error, _ = TABLE[name]
    assert faults.sentence(error, "Atlas", "atlas-7b", begun=True) == BEGUN[name]


def test_what_the_next_call_would_meet_too() -> None:
    expected = {"401", "403", "404", "422", "307", "400, filtered", "unreached", "refused", "no name", "certificate"}
    expected |= {"unreached in time"}
    expected |= {name for name in TABLE if name.startswith(("429", "too long,"))} - {"429, in the stream"}
    expected -= {"too long, as a 500", "too long, in the stream"}
    assert {name for name, (error, _) in TABLE.items() if faults.hopeless(error)} == expected


@pytest.mark.parametrize(
    "said",
    [
        faults.empty("Atlas"),
        faults.empty("Atlas", "length"),
        faults.cut_off("Atlas", "time"),
        faults.stopped("Atlas"),
        faults.read_in_part("Atlas"),
        *(faults.ended("Atlas", reason) for reason in ("", "content_filter", "error", "abort")),
    ],
)
def test_what_is_no_exception_has_its_sentence_too(said: str) -> None:
    assert said.startswith("Atlas ")
    assert said.endswith(".")


@pytest.mark.parametrize("reason", ["stop", "eos", "tool_calls", "end_turn"])
def test_an_answer_that_says_it_is_complete_has_no_sentence(reason: str) -> None:
    assert faults.ended("Atlas", reason) == ""


def test_an_answer_of_full_length_names_the_setting() -> None:
    assert "RAG_MAX_ANSWER_TOKENS" in faults.cut_off("Atlas", "length")
