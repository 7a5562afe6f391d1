"""Ingests to be killed: a process that has imported everything forks one for each line it is sent.

A line is JSON: `arguments` of the command; `step`, the name of a function, with `nth` and `delay` as to when it is to die
there, and `signal`; or `after`, the seconds after which it is sent `signal`; or `fault`, see `faults.c`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tests.doubles.embedder import LetterEmbedder
from tests.doubles.store import EXACT

BATCH = 4
"""Chunks that are embedded at once: so few that a small knowledge base takes several batches."""


class Ended(NamedTuple):
    """How an ingest ended. `status`: the exit code, or the negated number of the signal that ended it."""

    status: int
    out: str
    said: str
    seconds: float
    calls: int
    """How many calls of the system wrote below the index."""


@dataclass
class Zygote:
    process: subprocess.Popen[str]

    def ingest(self, knowledge: Path, index: Path, store: str, *flags: str, **how: Any) -> Ended:
        arguments = ["--knowledge-base", str(knowledge), "--index", str(index), "--store", store, *flags]
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": arguments, **how}) + "\n")
        self.process.stdin.flush()
        return Ended(**json.loads(self.process.stdout.readline()))


@contextmanager
def zygote(**variables: str) -> Iterator[Zygote]:
    """The process, with further environment variables."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.trust.zygote"],
        env={**os.environ, **variables},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Zygote(process)
        assert process.stdin is not None
        process.stdin.close()


def _main() -> None:
    import chromadb.api.rust
    import faiss  # noqa: F401

    from rag import ingest
    from rag.config import Settings
    from rag.index import embed_chunks
    from rag.index.store import STORES

    assert chromadb.api.rust
    ingest.open_embedder = lambda settings: LetterEmbedder()
    embed_chunks._BATCH = BATCH
    STORES["exact"] = EXACT
    with tempfile.TemporaryDirectory() as folder:  # what an ingest imports on its way is there for every child
        (Path(folder) / "a.md").write_text("A text.")
        ingest.ingest(Settings(knowledge_base=folder, index=Path(folder) / "index", store="exact"))
    assert threading.active_count() == 1, "a process with threads must not be forked"
    outputs = [open(os.memfd_create("output"), "w+b", buffering=0) for _ in range(2)]  # noqa: PTH123, SIM115
    for line in sys.stdin:
        told = json.loads(line)
        for output in outputs:
            output.seek(0)
            output.truncate()
        started = time.perf_counter()
        counting, counted = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(counting)
            os.dup2(outputs[0].fileno(), 1)
            os.dup2(outputs[1].fileno(), 2)
            _child(told, counted)
        os.close(counted)
        if "after" in told:
            time.sleep(told["after"])
            os.kill(child, told["signal"])
        _, status = os.waitpid(child, 0)
        seconds = time.perf_counter() - started
        calls = int(os.read(counting, 100) or b"0")
        os.close(counting)
        texts = []
        for output in outputs:
            output.seek(0)
            texts.append(output.read().decode())
        ended = Ended(os.waitstatus_to_exitcode(status), *texts, seconds, calls)
        print(json.dumps(ended._asdict()), flush=True)


def _child(told: dict[str, Any], counted: int) -> None:
    """What `python -m rag.ingest` does."""
    from rag import command, ingest

    status = 1
    faults = None
    try:
        if "step" in told:
            _die_at(**{name: told[name] for name in ("step", "nth", "delay", "signal")})
        if "fault" in told:
            import ctypes

            faults = ctypes.CDLL(None)
            faults.arm(*(value.encode() if isinstance(value, str) else value for value in told["fault"]))
        sys.argv = ["ingest", *told["arguments"]]
        command.run(ingest.main)
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        if faults is not None:
            os.write(counted, str(faults.calls()).encode())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _die_at(step: str, nth: int, delay: float, signal: int) -> None:
    """Send this process the signal at the `nth` call of a function: before it, or `delay` seconds later, or after it (-1)."""
    where, _, name = step.rpartition(":")
    module, _, owner = where.partition("/")
    place: Any = import_module(module)
    place = getattr(place, owner) if owner else place
    real, calls = getattr(place, name), count()

    def die() -> None:
        time.sleep(max(0.0, delay))
        os.kill(os.getpid(), signal)

    def dying(*arguments: Any, **options: Any) -> Any:
        now = next(calls) == nth
        if now and delay == 0:
            die()
        if now and delay > 0:
            threading.Thread(target=die, daemon=True).start()
        found = real(*arguments, **options)
        if now and delay < 0:
            die()
        return found

    setattr(place, name, dying)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _main()
