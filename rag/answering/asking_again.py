"""When an endpoint is asked once more: a short pause it asks for itself, a model it is still loading, a field it does not know."""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from typing import Any

from rag.answering import waiting

LONGEST_PAUSE = 5.0
"""Seconds. Who is told to come back later than that is told so, and does not sit waiting."""

_LOADING_PAUSE = 1.0


class AskingAgain:
    """The client's `chat.completions`; `patience` is how many seconds a model may be loading."""

    def __init__(self, completions: Any, label: str, patience: float) -> None:
        self._completions = completions
        self._label = label
        self._patience = patience
        self._counts = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._completions, name)

    async def create(self, **payload: Any) -> Any:
        """As the client's own; raises what that raises in the end."""
        import openai

        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        waited = False
        if not self._counts:
            payload.pop("stream_options", None)
        while True:
            try:
                return await self._completions.create(**payload)
            except openai.APIStatusError as error:
                said = str(error).lower()
                if error.status_code in (400, 422) and "stream_options" in said and "stream_options" in payload:
                    self._counts = False  # an older server: it answers all the same, only it does not say what it read
                    del payload["stream_options"]
                    continue
                pause = retry_after(error)
                if error.status_code == 503 and "loading" in said and (pause or 0) <= LONGEST_PAUSE:
                    pause, what = max(pause or 0, _LOADING_PAUSE), waiting.loading(self._label)
                elif error.status_code in (429, 503) and not waited and pause is not None and pause <= LONGEST_PAUSE:
                    waited, what = True, waiting.asked_to_wait(self._label, pause)
                else:
                    raise
                if loop.time() + pause >= end:
                    raise
                if waits := waiting.NOW.get():
                    waits.on(what, None if waited else end, at_once=True)
                await asyncio.sleep(pause)


def retry_after(error: BaseException) -> float | None:
    """Seconds after which a refusal says that it may be asked again; None where it does not say, or nothing that makes sense."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = str(headers.get("retry-after", "")).strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
