"""An ingest in a process of its own, beside the app: whoever chats meanwhile keeps the app to themselves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rag
from rag.config import Settings, variable
from rag.schema import LodestarError

_PROGRESS = re.compile(r"Embedded (\d+) of (\d+) chunks(?:.*?about (\d+) s left)?")
_DECIDE = ("store", "embedder", "embedding_model", "precision", "chunk_size", "chunk_overlap")
_KEPT_BACK = ("OPENAI_API_KEY", "RAG_AUTH")  # an ingest calls nobody
_NICENESS = 5  # a question that is asked meanwhile comes first

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
            try:
                process = subprocess.Popen(
                    [*self._command, "--json", *place],
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                raise LodestarError(f"The ingest could not be started ({(error.strerror or '').lower()}).") from None
            with suppress(OSError, AttributeError):
                os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            self._now = Ingesting(running=True)
        threading.Thread(target=self._follow, args=(process, ended), name="ingesting", daemon=True).start()

    def _environment(self) -> dict[str, str]:
        """That of the app, with what decides an index as the app has it, wherever it had it from."""
        env = {name: value for name, value in os.environ.items() if name not in _KEPT_BACK}
        env |= {variable(name): str(getattr(self._settings, name)) for name in _DECIDE}
        here = str(Path(rag.__file__).resolve().parents[1])
        env["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [env.get("PYTHONPATH")])])
        return {**env, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}

    def _follow(self, process: subprocess.Popen[str], ended: Callable[[Ingesting], None]) -> None:
        said: list[str] = []
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if found := _PROGRESS.match(line):
                done, total, left = (int(number) if number else None for number in found.groups())
                self._now = Ingesting(True, done or 0, total or 0, left)
            elif line.strip():
                said = [*said[-20:], line.strip()]
        out = process.stdout.read()
        code = process.wait()
        now = outcome(code, out, said)
        with suppress(Exception):  # what is made of it must not keep the next one from starting
            ended(now)
        self._now = now


def outcome(code: int, out: str, said: Sequence[str]) -> Ingesting:
    """What an ingest came to: its exit code, what it printed, and what it said on standard error beside its progress."""
    if code == 0:
        with suppress(ValueError, IndexError):
            return Ingesting(report=json.loads(out.strip().splitlines()[-1]))
    if code in (130, 143, -2, -15):
        return Ingesting(fault="The ingest was stopped; start it again and it goes on where it was.")
    told = next((line.removeprefix("lodestar: ") for line in reversed(said) if line.startswith("lodestar: ")), "")
    return Ingesting(fault=told or f"The ingest ended with {code}; python -m rag.ingest in a terminal says why.")
