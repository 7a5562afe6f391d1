"""A command of this project in a process of its own, beside the app: whoever chats meanwhile keeps the app to themselves."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

import rag
from rag.config import Settings, variable
from rag.schema import LodestarError

_NICENESS = 5  # a question that is asked meanwhile comes first
_KEPT_BACK = ("OPENAI_API_KEY", "RAG_AUTH")
_STOPPED = (130, 143, -2, -15)


class Ended(NamedTuple):
    """How a command ended: its exit code, what it printed, and what it said on standard error beside its progress."""

    code: int
    out: str
    said: Sequence[str]

    @property
    def stopped(self) -> bool:
        return self.code in _STOPPED

    @property
    def told(self) -> str:
        """The sentence in which it said what was wrong; "" where it said none."""
        lines = (line for line in reversed(self.said) if line.startswith("lodestar: "))
        return next((line.removeprefix("lodestar: ") for line in lines), "")


class Child:
    """The command, started. What it prints goes into a file, so that much of it does not hold it up."""

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        """Raises OSError."""
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            list(command),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICENESS)

    def follow(self, progress: Callable[[str], bool]) -> Ended:
        """Wait until it ends. `progress` is shown each line of standard error, and says whether it told how far it is."""
        said: list[str] = []
        assert self._process.stderr is not None
        with self._process.stderr as lines, self._out as out:
            for line in lines:
                if not progress(line) and line.strip():
                    said = [*said[-20:], line.strip()]
            code = self._process.wait()
            out.seek(0)
            return Ended(code, out.read(), said)

    def stop(self) -> None:
        self._process.terminate()


def environment(settings: Settings, names: Iterable[str], *, keys: bool = False) -> dict[str, str]:
    """That of the app, with those settings as the app has them, wherever it had them from; no key unless it is needed."""
    env = {name: value for name, value in os.environ.items() if name not in _KEPT_BACK}
    for name in names:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        env[variable(name)] = "" if value is None else text
    if not keys:
        env["OPENAI_API_KEY"] = ""  # given, and empty: else it would be read from a file .env
    env["RAG_AUTH"] = ""
    here = str(Path(rag.__file__).resolve().parents[1])
    env["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [env.get("PYTHONPATH")])])
    return {**env, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def started(command: Sequence[str], env: dict[str, str], what: str) -> Child:
    """The command, started. Raises LodestarError that names `what` could not be."""
    try:
        return Child(command, env)
    except OSError as error:
        raise LodestarError(f"{what} could not be started ({(error.strerror or '').lower()}).") from None
