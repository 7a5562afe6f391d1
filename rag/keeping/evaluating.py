"""An evaluation in a process of its own, beside the app, as an ingest is."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.keeping.child import Child, Ended, environment, started
from rag.schema import LodestarError

_PROGRESS = re.compile(r"(\w+)(?: for)? (\d+) of (\d+) (?:chunks|questions)(?:.*?about (\d+) s left)?")
_NOT_SENT = ("host", "port", "share", "auth", "manage", "index", "openai_api_key")

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluating:
    """How far an evaluation is. `doing`: Embedded, Searched or Answered; `total` is 0 until something can be counted."""

    running: bool = False
    questions: str = ""
    doing: str = ""
    done: int = 0
    total: int = 0
    left: int | None = None
    report: Report | None = None
    """What it printed, once it has ended well."""
    fault: str = ""
    """Why it ended otherwise, in a sentence."""


class Evaluations:
    """At most one at a time. It goes on whoever looks, and ends with the app."""

    def __init__(self, settings: Settings, command: Sequence[str] = (sys.executable, "-m", "rag.evaluate")) -> None:
        self._settings = settings
        self._command = command
        self._lock = threading.Lock()
        self._now = Evaluating()
        self._child: Child | None = None

    @property
    def now(self) -> Evaluating:
        return self._now

    def start(
        self,
        questions: str,
        file: Path,
        *,
        compare: bool = False,
        answers: bool = False,
        ended: Callable[[Report], None] = lambda report: None,
    ) -> None:
        """Start one over the index as it is; `ended` is told what it printed, in another thread.

        Raises LodestarError where one is running. The endpoint's key is handed on only to have the questions answered.
        """
        with self._lock:
            if self._now.running:
                raise LodestarError("Questions are being measured already; wait for that to end.")
            names = [name for name in Settings.model_fields if name not in _NOT_SENT]
            env = environment(self._settings, [*names, *(["openai_api_key"] if answers else [])], keys=answers)
            flags = [flag for flag, on in (("--compare", compare), ("--answers", answers)) if on]
            place = (str(file), "--json", "--index", str(self._settings.index))
            self._child = started([*self._command, *place, *flags], env, "The evaluation")
            self._now = Evaluating(running=True, questions=questions)
        threading.Thread(target=self._follow, args=(self._child, ended), name="evaluating", daemon=True).start()

    def stop(self) -> None:
        """Stop the one that is running, if one is."""
        with self._lock:
            if self._now.running and self._child is not None:
                self._child.stop()

    def _follow(self, child: Child, ended: Callable[[Report], None]) -> None:
        now = outcome(self._now.questions, child.follow(self._heard))
        if now.report is not None:
            with suppress(Exception):  # what is made of it must not keep the next one from starting
                ended(now.report)
        self._now = now

    def _heard(self, line: str) -> bool:
        found = _PROGRESS.match(line)
        if found:
            done, total, left = (int(number) if number else None for number in found.groups()[1:])
            self._now = Evaluating(True, self._now.questions, found[1], done or 0, total or 0, left)
        return bool(found)


def outcome(questions: str, end: Ended) -> Evaluating:
    """What an evaluation came to."""
    if end.code == 0:
        with suppress(ValueError, IndexError):
            return Evaluating(questions=questions, report=json.loads(end.out.strip().splitlines()[-1]))
    if end.stopped:
        return Evaluating(questions=questions, fault="It was stopped, and nothing was kept of it.")
    fault = end.told or f"The evaluation ended with {end.code}; python -m rag.evaluate in a terminal says why."
    return Evaluating(questions=questions, fault=fault)
