"""python -m benchmarks.serving: how soon the page is ready, what it adds to an endpoint's time, and what many visitors wait for.

Three sections, each measured in turn with its other side, medians of several runs:
- start: from `python app.py` to the moment from which a question is answered as fast as the next one, against `import gradio`
  and against the plain recipe's page. Taken from outside: the end of the first answer, less what the second one takes.
- first_token: one visitor; the seconds to the first word, less the endpoint's own.
- visitors: many ask at once; each one's seconds to the end, less what the endpoint itself takes for as many.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Row, table

ROOT = Path(__file__).resolve().parents[1]
KNOWLEDGE_BASE = ROOT / "knowledge-base"
GAP_MS, TOKENS = 20, 100
VISITORS = 64


class Start(NamedTuple):
    """One start: seconds to ready, MB resident then, milliseconds of the first and of the second answer."""

    ready: float
    memory: float
    first: float
    second: float


def ready_after(opened: float, first: float, second: float) -> float:
    """When it was ready: the end of the first answer, less what an answer takes; never before the page was open."""
    return max(opened, opened + first - second)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all are no greater than."""
    return sorted(values)[max(0, -(-len(values) * round(share * 100) // 100) - 1)]


def added(ours: Sequence[float], plain: Sequence[float]) -> list[float]:
    """What each of ours waited longer, in ms, than the median of the other side."""
    own = statistics.median(plain)
    return [(seconds - own) * 1000 for seconds in ours]


def _environment(**settings: str) -> dict[str, str]:
    """This environment without anybody's own settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_"))}
    return {**env, "PYTHONPATH": f"{ROOT}{os.pathsep}{env.get('PYTHONPATH', '')}", **settings}


@contextlib.contextmanager
def _running(command: Sequence[str], prints: str, **settings: str) -> Iterator[tuple[int, str, float]]:
    """A process that runs until the block ends: its id, what it printed that fits `prints`, and seconds until it did."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environment(**settings)
    ) as process:
        try:
            assert process.stdout
            found = next((match for line in process.stdout if (match := re.search(prints, line))), None)
            if found is None:
                raise RuntimeError(f"{' '.join(command)} ended without opening")
            yield process.pid, found[0], time.perf_counter() - started
        finally:
            process.terminate()


def _app(index: Path) -> list[str]:
    return [sys.executable, "app.py", "--port", "0", "--index", str(index)]


def _answer(address: str, question: str, inputs: Sequence[str]) -> float:
    """Seconds of one answer over the page's API."""
    started = time.perf_counter()
    data = json.dumps({"data": [question, *inputs]}).encode()
    request = urllib.request.Request(f"{address}/gradio_api/call/chat", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        name = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{address}/gradio_api/call/chat/{name}") as reply:
        if b"event: complete" not in reply.read():
            raise RuntimeError(f"{address} gave no answer")
    return time.perf_counter() - started


def _started(command: Sequence[str], inputs: Sequence[str], **settings: str) -> Start:
    with _running(command, r"http://[\w.:]+", **settings) as (process, address, opened):
        first = _answer(address, "How long is parental leave?", inputs)
        memory = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        assert memory
        second = statistics.median(_answer(address, f"Who signs change order {n}?", inputs) for n in range(3))
        return Start(ready_after(opened, first, second), int(memory[1]) * 1024 / 1e6, first * 1000, second * 1000)


def start(runs: int, index: Path) -> list[Row]:
    """Seconds and memory from the command to ready. The plain recipe takes long, and is started a third as often."""
    gradio, ours, plain = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        recipe = [sys.executable, "-m", "benchmarks.plain_app", str(KNOWLEDGE_BASE), folder]
        _started(recipe, ())  # builds its store
        for run in range(runs):
            before = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import gradio"], check=True, cwd=ROOT, env=_environment())
            gradio.append(time.perf_counter() - before)
            ours.append(_started(_app(index), ("", "")))
            if run % 3 == 0:
                plain.append(_started(recipe, ()))
    import_gradio = statistics.median(gradio)
    own, other = (Start(*map(statistics.median, zip(*side, strict=True))) for side in (ours, plain))
    return [
        Row("start to ready, s (plain: import gradio)", import_gradio, own.ready, 2 * import_gradio),
        Row("start to ready, s (plain: the recipe)", other.ready, own.ready, None),
        Row("resident memory when ready, MB", other.memory, own.memory, 350),
        Row("first answer, ms", other.first, own.first, None),
        Row("second answer, ms", other.second, own.second, None),
    ]


@contextlib.contextmanager
def _endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.endpoint", str(GAP_MS), str(TOKENS)]
    with _running(command, r"\d+") as (_, port, _):
        yield f"http://127.0.0.1:{port}/v1"


def _visited(way: str, address: str, visitors: int, rounds: int, **settings: str) -> list[list[float]]:
    command = [sys.executable, "-m", "benchmarks.visitors", way, address, str(visitors), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env=_environment(**settings), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    waited: list[list[float]] = json.loads(done.stdout)
    return waited


def _ways(index: Path, visitors: int, runs: int, rounds: int) -> dict[str, list[list[float]]]:
    """The same questions asked of the endpoint, an Assistant and the page, in turn, in processes of their own."""
    waited: dict[str, list[list[float]]] = {"endpoint": [], "assistant": [], "page": []}
    with _endpoint() as endpoint, _running(_app(index), r"http://[\w.:]+", OPENAI_BASE_URL=endpoint) as (_, page, _):
        for _ in range(runs):
            waited["endpoint"] += _visited("endpoint", endpoint, visitors, rounds)
            waited["assistant"] += _visited("assistant", endpoint, visitors, rounds, RAG_INDEX=str(index))
            waited["page"] += _visited("page", page, visitors, rounds)
    return waited


def first_token(runs: int, index: Path) -> list[Row]:
    """What is added to the endpoint's time to its first word, one visitor at a time."""
    waited = _ways(index, 1, 1, max(5, 3 * runs))
    own = {way: statistics.median(first for first, _ in times) * 1000 for way, times in waited.items()}
    return [
        Row(f"added to the first word, ms, {way}", own["endpoint"], own[way] - own["endpoint"], 60)
        for way in ("assistant", "page")
    ]


def visitors(runs: int, index: Path) -> list[Row]:
    """What is added to the endpoint's time for a whole answer, and for its first word, when many ask at once."""
    waited = _ways(index, VISITORS, runs, 1)
    rows = []
    for way in ("assistant", "page"):
        for place, part in enumerate(("first word", "whole answer")):
            plain = [times[place] for times in waited["endpoint"]]
            more = added([times[place] for times in waited[way]], plain)
            own = statistics.median(plain) * 1000
            what = f"{VISITORS} visitors, added to the {part}, ms, {way}"
            rows.append(Row(f"{what}, median", own, statistics.median(more), None))
            rows.append(Row(f"{what}, 95 %", own, percentile(more, 0.95), 250 if place else None))
    return rows


SECTIONS: dict[str, Callable[[int, Path], list[Row]]] = {
    "start": start,
    "first_token": first_token,
    "visitors": visitors,
}


def measure(sections: Sequence[str], runs: int, index: Path) -> list[Row]:
    """The rows of these sections; the index is built first where it is stale."""
    command = [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(KNOWLEDGE_BASE), "--index", str(index)]
    subprocess.run(command, check=True, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL)
    return [row for section in sections for row in SECTIONS[section](runs, index)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="all where none is named")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--index", type=Path, default=ROOT / "vector_db")
    arguments = parser.parse_args()
    print(table(measure(arguments.sections or list(SECTIONS), arguments.runs, arguments.index)))


if __name__ == "__main__":
    main()
