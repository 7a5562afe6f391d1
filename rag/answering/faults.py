"""Every way an endpoint can fail, as one plain sentence. The only place that knows the client's exceptions."""

from __future__ import annotations

import math

from rag.answering.asking_again import retry_after

_OVERFLOW = (
    "context length",
    "context size",
    "context window",
    "exceed_context",
    "maximum context",
    "too many tokens",
    "prompt is too long",
    "input tokens exceed",
)
_BROKEN_OFF = frozenset({"ReadError", "RemoteProtocolError"})
"""By name: the client raises them from httpx or from httpx2, whichever it was built with."""

_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def sentence(error: BaseException, label: str, model: str, *, begun: bool = False) -> str:
    """What to tell the person who asked. `label` names the endpoint, `model` the model asked for; `begun`: a part had arrived.

    Never quotes what the endpoint sent: that may hold keys, HTML or another's text.
    """
    import httpx
    import openai

    if isinstance(error, openai.APIStatusError):
        return _status(error.status_code, error, label, model)
    causes = _causes(error)
    if "ConnectTimeout" in causes:
        return _unreached(label)
    if isinstance(error, (openai.APITimeoutError, httpx.TimeoutException, TimeoutError)):
        return stopped(label) if begun else f"{label} did not answer in time. Ask again, or choose another model."
    if isinstance(error, openai.APIConnectionError | httpx.TransportError):
        if causes & _BROKEN_OFF:
            when = "in the middle of its answer" if begun else "before it answered"
            return f"{label} broke off the connection {when}. Ask again."
        if "gaierror" in causes:
            return f"{label} cannot be found on the network. Check the name in OPENAI_BASE_URL."
        if any("SSL" in cause for cause in causes):
            return (
                f"{label} offers no secure connection that can be trusted. Check its certificate and OPENAI_BASE_URL."
            )
        return _unreached(label)
    if _overflows(str(error)) or _overflows(str(getattr(error, "body", ""))):
        return _too_long(label)
    if isinstance(error, openai.APIError):
        code = getattr(error, "body", None)
        code = code.get("code") if isinstance(code, dict) else None
        if isinstance(code, int) and 400 <= code < 600 and not begun:
            return _status(code, error, label, model)
        return f"{label} reported a fault while answering. Ask again, or choose another model."
    if isinstance(error, (ValueError, openai.APIResponseValidationError)):  # no JSON, or a stream without an event
        if begun:
            return f"{label} sent something unreadable in the middle of its answer. Ask again."
        return f"{label} sent something that is not an answer. Check that its address is that of an OpenAI-compatible endpoint."
    return f"{label} could not answer ({type(error).__name__}). Ask again, or choose another model."


def hopeless(error: BaseException) -> bool:
    """Whether the next call would surely fail in the same way: nobody is there, or the refusal is about who asks for what."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code < 500 and error.status_code != 408
    causes = _causes(error)
    if isinstance(error, openai.APITimeoutError):
        return "ConnectTimeout" in causes
    return isinstance(error, openai.APIConnectionError) and not causes & _BROKEN_OFF


def empty(label: str, reason: str = "") -> str:
    """For an answer without a word in it; `reason` is why the model stopped."""
    if reason == "length":
        return f"{label} reached the longest allowed length before its first word. Raise RAG_MAX_ANSWER_TOKENS."
    return f"{label} sent an empty answer. Ask again, or choose another model."


def cut_off(label: str, reason: str) -> str:
    """For an answer that ended early: `reason` is 'time' or 'length'."""
    if reason == "length":
        return "The answer was cut off at its longest allowed length. Raise RAG_MAX_ANSWER_TOKENS for longer ones."
    return f"{label} took too long, so the answer was cut off here."


def stopped(label: str) -> str:
    """For an answer after whose last word nothing came any more."""
    return f"{label} stopped in the middle of its answer. Ask again, or choose another model."


def ended(label: str, reason: str) -> str:
    """For a stream that ended in order: what is wrong with the model's reason to stop; empty where nothing is."""
    if not reason:
        return f"{label} ended without saying that its answer is complete. Ask again if something is missing."
    if reason == "length":
        return cut_off(label, reason)
    if reason == "content_filter":
        return _filtered(label)
    if reason in ("error", "abort", "cancelled"):
        return f"{label} reported a fault while answering. Ask again, or choose another model."
    return ""


def read_in_part(label: str) -> str:
    """For an answer whose prompt was cut without a word."""
    return f"{label} read only a part of the sources. Raise its context length, or set RAG_CONTEXT_TOKENS to what it reads."


def _filtered(label: str) -> str:
    return f"{label} stopped the answer by its content filter. Ask in other words, or choose another model."


def _unreached(label: str) -> str:
    return f"{label} cannot be reached. Check that it is running and that its address is right."


def _status(status: int, error: object, label: str, model: str) -> str:
    if _overflows(str(error)):
        return _too_long(label)
    if status < 400:
        return f"{label} has moved to another address (HTTP {status}). Set OPENAI_BASE_URL to the new one."
    if status == 401:
        return f"{label} did not accept the key. Check OPENAI_API_KEY."
    if status == 403:
        return f"{label} does not allow this key to use {model}. Check the key's rights or choose another model."
    if status == 404:
        return f"{label} knows no model {model}, or its address is wrong. Check RAG_MODEL and that OPENAI_BASE_URL ends in /v1."
    if status == 408:
        return f"{label} did not answer in time. Ask again, or choose another model."
    if status == 429:
        again = _again(error, "Wait a little and ask again")
        return f"{label} has had too many questions for now, or the account is used up. {again}"
    if status == 503:
        return f"{label} is busy or still loading its model. {_again(error, 'Wait a little and ask again')}"
    if status >= 500:
        return f"{label} has a fault of its own (HTTP {status}). {_again(error, 'Ask again in a moment')}"
    if "content_filter" in str(error):
        return _filtered(label)
    return f"{label} refused the question (HTTP {status}). Check RAG_MODEL and OPENAI_BASE_URL."


def _again(error: object, otherwise: str) -> str:
    """When to ask again, where the endpoint said so."""
    seconds = retry_after(error) if isinstance(error, BaseException) else None
    if not seconds:
        return f"{otherwise}."
    minutes, hours, days = (math.ceil(seconds / unit) for unit in (60, 3600, 86_400))
    if seconds <= 60:
        return f"Ask again in {_count(math.ceil(seconds), 'second')}."
    if minutes < 60:
        return f"Ask again in {_count(minutes, 'minute')}."
    return f"Ask again in {_count(hours, 'hour') if hours < 24 else _count(days, 'day')}."


def _count(number: int, unit: str) -> str:
    if number == 1:
        return "an hour" if unit == "hour" else f"a {unit}"
    return f"{_NUMBERS[number] if number < len(_NUMBERS) else number} {unit}s"


def _overflows(text: str) -> bool:
    text = text.lower()
    return any(words in text for words in _OVERFLOW)


def _too_long(label: str) -> str:
    return f"{label} cannot read that much at once. Start a new conversation, or set RAG_CONTEXT_TOKENS."


def _causes(error: BaseException | None) -> set[str]:
    """The names of what was raised, of its kinds and of what caused it."""
    names: set[str] = set()
    while error is not None:
        names |= {kind.__name__ for kind in type(error).__mro__}
        error = error.__cause__ or error.__context__
    return names
