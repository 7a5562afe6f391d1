"""What the commands share: flags that are settings, and faults told in one sentence."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from rag.config import Settings
from rag.schema import LodestarError

# What a terminal obeys, and what turns the direction of what follows: a document's text and name are shown, never obeyed.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def parser(description: str, prog: str) -> argparse.ArgumentParser:
    """A parser with the flags every command has."""
    made = argparse.ArgumentParser(prog=f"python -m rag.{prog}", description=description)
    made.add_argument("--index", type=Path, metavar="DIR", help="where the index is kept (RAG_INDEX, vector_db)")
    made.add_argument("--json", action="store_true", help="print JSON instead of text for a person")
    return made


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Settings with the flags on top: a flag that bears the name of a setting overrides it."""
    flags: dict[str, Any] = {name: value for name, value in vars(arguments).items() if name in Settings.model_fields}
    return Settings.load(**flags)


class Terminated(BaseException):
    """The system asked this process to end."""


def end_in_order() -> None:
    """Let SIGTERM end the command as Ctrl-C does, with everything put away."""

    def end(*_: object) -> None:
        raise Terminated

    def lost(unraisable: Any) -> None:
        """Python drops what is raised while it frees an object: then it is raised once more, a moment later."""
        if unraisable.exc_type is Terminated:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            told(unraisable)

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        told, sys.unraisablehook = sys.unraisablehook, lost
        signal.signal(signal.SIGALRM, end)
        signal.signal(signal.SIGTERM, end)


def run(main: Callable[[], None]) -> None:
    """Run a command: a LodestarError becomes its sentence and exit code 2, an interrupt 130, SIGTERM 143, a closed pipe silence."""
    os.environ.setdefault("TQDM_DISABLE", "0" if sys.stderr.isatty() else "1")
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("escaped", _escaped)
        sys.stdout.reconfigure(errors="escaped")  # for a terminal that knows fewer characters than a document has
    try:
        with contextlib.redirect_stdout(cast(TextIO, _Shown(sys.stdout))):
            main()
        sys.stdout.flush()
    except LodestarError as error:
        print(f"lodestar: {one_line(str(error))}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("lodestar: stopped.", file=sys.stderr)
        raise SystemExit(130) from None
    except Terminated:
        for number in (signal.SIGTERM, signal.SIGALRM):  # it is ending
            signal.signal(number, signal.SIG_IGN)
        print("lodestar: stopped.", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None


class _Shown:
    """A stream on which control characters are shown as JSON writes them, so that JSON stays what it was."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(shown(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def shown(text: str) -> str:
    """The text with its control characters as one can read them."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: str) -> str:
    """The same for what may not go on in another line, such as a file's name."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def questions(argument: str) -> Iterator[str]:
    """The question on the command line, or with `-` those on standard input, one a line, as they come."""
    if argument != "-":
        if not argument.strip():
            raise LodestarError("The question is empty; put it in quotes after the command.")
        yield _text(argument)
        return
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    for line in sys.stdin:
        if question := _text(line):
            yield question


def _text(given: str) -> str:
    """What was typed, each byte that is no UTF-8 replaced: nothing behind this can read half a character."""
    text = given.strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text.removeprefix("\ufeff").strip()  # what Windows writes before a text
