"""An ingest in a process of its own, beside the app: whoever chats meanwhile keeps the app to themselves."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rag.config import Settings
from rag.keeping.child import Child, Ended, environment, started
from rag.schema import LodestarError

_PROGRESS = re.compile(r"Embedded (\d+) of (\d+) chunks(?:.*?about (\d+) s left)?")
_DECIDE = ("store", "embedder", "embedding_model", "precision", "chunk_size", "chunk_overlap", "feedback")

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ingesting:
    """How far an ingest is. `total` is 0 until the chunks are known; `left` seconds, None while that cannot be told."""

    running: bool = False
    done: int = 0
    total: int = 0
    left: int | None = None
    report: Report | None = None
    """What it said of itself, once it has ended well."""
    fault: str = ""
    """Why it ended otherwise, in a sentence."""


class Ingests:
    """At most one at a time. It goes on whoever looks, and ends with the app."""

    def __init__(self, settings: Settings, command: Sequence[str] = (sys.executable, "-m", "rag.ingest")) -> None:
        self._settings = settings
        self._command = command
        self._lock = threading.Lock()
        self._now = Ingesting()

    @property
    def now(self) -> Ingesting:
        return self._now

    def start(self, ended: Callable[[Ingesting], None] = lambda now: None) -> None:
        """Start one; `ended` is called when it is over, in another thread. Raises LodestarError where one is running."""
        with self._lock:
            if self._now.running:
                raise LodestarError("An ingest is running already; wait for it to end.")
            place = ("--knowledge-base", str(self._settings.knowledge_base), "--index", str(self._settings.index))
            env = environment(self._settings, _DECIDE)
            child = started([*self._command, "--json", *place], env, "The ingest")
            self._now = Ingesting(running=True)
        threading.Thread(target=self._follow, args=(child, ended), name="ingesting", daemon=True).start()

    def _follow(self, child: Child, ended: Callable[[Ingesting], None]) -> None:
        now = outcome(*child.follow(self._heard))
        with suppress(Exception):  # what is made of it must not keep the next one from starting
            ended(now)
        self._now = now

    def _heard(self, line: str) -> bool:
        found = _PROGRESS.match(line)
        if found:
            done, total, left = (int(number) if number else None for number in found.groups())
            self._now = Ingesting(True, done or 0, total or 0, left)
        return bool(found)


def outcome(code: int, out: str, said: Sequence[str]) -> Ingesting:
    """What an ingest came to: its exit code, what it printed, and what it said on standard error beside its progress."""
    end = Ended(code, out, said)
    if code == 0:
        with suppress(ValueError, IndexError):
            return Ingesting(report=json.loads(out.strip().splitlines()[-1]))
    if end.stopped:
        return Ingesting(fault="The ingest was stopped; start it again and it goes on where it was.")
    return Ingesting(fault=end.told or f"The ingest ended with {code}; python -m rag.ingest in a terminal says why.")
