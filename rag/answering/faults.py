"""Every way an endpoint can fail, as one plain sentence. The only place that knows the client's exceptions."""

from __future__ import annotations

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


def sentence(error: BaseException, label: str, model: str) -> str:
    """What to tell the person who asked. `label` names the endpoint, `model` the model asked for.

    Never quotes what the endpoint sent: that may hold keys, HTML or another's text.
    """
    import httpx
    import openai

    if isinstance(error, openai.APIStatusError):
        return _status(error, label, model)
    if isinstance(error, (openai.APITimeoutError, httpx.TimeoutException, TimeoutError)):
        return f"{label} did not answer in time. Ask again, or choose another model."
    if isinstance(error, openai.APIConnectionError | httpx.TransportError):
        if _broken_off(error):
            return f"{label} broke off the connection in the middle of its answer. Ask again."
        return f"{label} cannot be reached. Check that it is running and that its address is right."
    if _overflows(str(error)):
        return _too_long(label)
    if isinstance(error, openai.APIError):
        return f"{label} reported a fault while answering. Ask again, or choose another model."
    if isinstance(error, (ValueError, openai.APIResponseValidationError)):  # no JSON, or a stream without an event
        return f"{label} sent something that is not an answer. Check that its address is that of an OpenAI-compatible endpoint."
    return f"{label} could not answer ({type(error).__name__}). Ask again, or choose another model."


def empty(label: str) -> str:
    """For an answer without a word in it."""
    return f"{label} sent an empty answer. Ask again, or choose another model."


def cut_off(label: str, reason: str) -> str:
    """For an answer that ended early: `reason` is 'time' or 'length'."""
    if reason == "length":
        return "The answer was cut off at its longest allowed length. Raise RAG_MAX_ANSWER_TOKENS for longer ones."
    return f"{label} took too long, so the answer was cut off here."


def _status(error: object, label: str, model: str) -> str:
    status = getattr(error, "status_code", 0)
    if _overflows(str(error)):
        return _too_long(label)
    if status == 401:
        return f"{label} did not accept the key. Check OPENAI_API_KEY."
    if status == 403:
        return f"{label} does not allow this key to use {model}. Check the key's rights or choose another model."
    if status == 404:
        return f"{label} knows no model {model}, or its address is wrong. Check RAG_MODEL and that OPENAI_BASE_URL ends in /v1."
    if status == 408:
        return f"{label} did not answer in time. Ask again, or choose another model."
    if status == 429:
        return f"{label} has had too many questions for now, or the account is used up. Wait a little and ask again."
    if status == 503:
        return f"{label} is busy or still loading its model. Wait a little and ask again."
    if status >= 500:
        return f"{label} has a fault of its own (HTTP {status}). Ask again in a moment."
    return f"{label} refused the question (HTTP {status}). Check RAG_MODEL and OPENAI_BASE_URL."


def _overflows(text: str) -> bool:
    text = text.lower()
    return any(words in text for words in _OVERFLOW)


def _too_long(label: str) -> str:
    return f"{label} cannot read that much at once. Start a new conversation, or set RAG_CONTEXT_TOKENS."


def _broken_off(error: BaseException | None) -> bool:
    while error is not None:
        if type(error).__name__ in _BROKEN_OFF:
            return True
        error = error.__cause__ or error.__context__
    return False
