"""python -m benchmarks.ingesting: how long an ingest takes and what it weighs, and a search, beside the plain recipe's.

Whole commands in turn with the plain recipe's, each run in a process of its own over a copy of this repository's knowledge base:
- first: no index yet. - again: nothing has changed. - changed: one file in fifty has.
- embedding: the same texts of about 165 word pieces through both models' own ways, in one process, in turn.
- search: the development and held-out questions, model warm, in one process, in turn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.table import Row, table

ROOT = Path(__file__).resolve().parents[1]
KNOWLEDGE_BASE = ROOT / "knowledge-base"
QUESTIONS = ROOT / "benchmarks" / "questions.jsonl"
PIECES = 165
SECTIONS = ("first", "again", "changed", "embedding", "search")


_COST = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - started, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Cost(NamedTuple):
    """A command's wall-clock seconds, and the most memory its process held, in MB."""

    seconds: float
    mb: float


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command to its end. Raises RuntimeError when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_"))}
    environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    # Started from a process that is small itself: what the starter held counts towards what a process held at most.
    done = subprocess.run(
        [sys.executable, "-c", _COST, *command], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
    seconds, most = map(float, done.stdout.split())
    return Cost(seconds, most / (1024 if sys.platform == "linux" else 2**20))


def lodestar(base: Path, index: Path) -> list[str]:
    return [sys.executable, "-m", "rag.ingest", "--knowledge-base", str(base), "--index", str(index)]


def plain(base: Path, index: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.plain_ingest", str(base), str(index)]


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def sized(base: Path, characters: int) -> None:
    """Fill `base` with this repository's documents, again and again under other names and titles, up to so many characters."""
    originals = [(path.relative_to(KNOWLEDGE_BASE), path.read_text("utf-8")) for path in _markdown(KNOWLEDGE_BASE)]
    spread = [originals[n * 37 % len(originals)] for n in range(len(originals))]  # of every folder, whatever the size
    left, copy = characters, 0
    while left > 0:
        for path, text in spread:
            if left <= 0:
                return
            target = base / path.parent / f"{path.stem}-{copy}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text[:left] if copy == 0 else text.replace(". ", f" {copy}. ")[:left], "utf-8")
            left -= len(text)
        copy += 1


def commands(wanted: Sequence[str], runs: int, folder: Path) -> list[Row]:
    """first, again and changed: seconds, and for the first memory too. Both sides in turn, medians of `runs`."""
    costs: dict[str, list[Cost]] = {name: [] for name in ("plain", *SECTIONS[:3])}
    for run in range(runs):
        base, ours, theirs = folder / f"base-{run}", folder / f"ours-{run}", folder / f"theirs-{run}"
        shutil.copytree(KNOWLEDGE_BASE, base)
        costs["plain"].append(cost_of(plain(base, theirs)))
        costs["first"].append(cost_of(lodestar(base, ours)))
        costs["again"].append(cost_of(lodestar(base, ours)))
        for path in _markdown(base)[::50]:
            path.write_text(
                path.read_text("utf-8") + "\nA sentence more, about nothing that was there before.\n", "utf-8"
            )
        costs["changed"].append(cost_of(lodestar(base, ours)))
    middle = {name: median(found) for name, found in costs.items()}
    recipe = middle["plain"]
    rows = {
        "first": [
            Row("first ingest, s", recipe.seconds, middle["first"].seconds, recipe.seconds / 4),
            Row("first ingest, MB", recipe.mb, middle["first"].mb, recipe.mb / 2),
        ],
        "again": [Row("ingest again, nothing changed, s", recipe.seconds, middle["again"].seconds, 1.5)],
        "changed": [
            Row(
                "ingest again, one file in 50 changed, s", recipe.seconds, middle["changed"].seconds, recipe.seconds / 8
            )
        ],
    }
    return [row for name in wanted if name in rows for row in rows[name]]


def embedding(runs: int) -> list[Row]:
    """Milliseconds a chunk, texts of about PIECES word pieces, both sides in turn."""
    from benchmarks.plain_ingest import MiniLm
    from rag.config import Settings
    from rag.index.embed import open_embedder

    ours, theirs = open_embedder(Settings()), MiniLm()
    words = " ".join(path.read_text("utf-8") for path in _markdown(KNOWLEDGE_BASE))
    spans = ours.word_pieces(words)
    texts = [words[spans[at][0] : spans[at + PIECES - 1][1]] for at in range(0, 64 * PIECES, PIECES)]
    sides: dict[str, Callable[[list[str]], object]] = {"plain": theirs.embed_documents, "ours": ours.embed_many}
    for embed in sides.values():  # a model's first use is no part of it
        embed(texts[:2])
    took = _in_turn(sides, runs, lambda embed: 1000 * _seconds(lambda: embed(texts)) / len(texts))
    return [Row(f"a chunk of {PIECES} word pieces embedded, ms", took["plain"], took["ours"], took["plain"] / 3)]


def search(runs: int, folder: Path) -> list[Row]:
    """Milliseconds of one search, all questions, both sides in turn: median and 95th percentile."""
    import json

    from benchmarks.plain import PlainRecipe
    from rag.config import Settings
    from rag.documents.load import Documents
    from rag.evaluation.run import Lodestar, Query, Side
    from rag.index.embed import open_embedder
    from rag.index.open import IndexReader
    from rag.retrieval import best_sentence

    index = folder / "searched"
    cost_of(lodestar(KNOWLEDGE_BASE, index))
    embedder = open_embedder(Settings())
    reference = open_embedder(Settings(embedder="sentence-transformers"))
    asked = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()]
    recipe = PlainRecipe(Documents(KNOWLEDGE_BASE), reference)
    sides: dict[str, Side] = {"plain": recipe, "ours": Lodestar(IndexReader(index, embedder).current(), embedder)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(runs + 1):
        best_sentence.forget()  # a question is timed as if nobody had asked it before
        for n, question in enumerate(asked):
            for name in list(sides)[:: 1 if n % 2 else -1]:
                seconds = _seconds(partial(sides[name].search, Query(question, question), 10))
                if run:  # the first is for warming up
                    times[name].append(1000 * seconds)
    recipe.close()
    middle = {name: statistics.median(found) for name, found in times.items()}
    last = {name: statistics.quantiles(found, n=20)[-1] for name, found in times.items()}
    return [
        Row("one search, model warm, ms", middle["plain"], middle["ours"], middle["plain"]),
        Row("one search, 95th percentile, ms", last["plain"], last["ours"], None),
    ]


def growth(
    runs: int, folder: Path, sizes: Sequence[int] = (75_000, 150_000, 300_000, 600_000, 1_200_000)
) -> list[tuple[int, Cost, Cost]]:
    """For each number of characters in a knowledge base what a first ingest costs: the plain recipe's and ours, in turn."""
    points = []
    for size in sizes:
        base = folder / f"base-of-{size}"
        sized(base, size)
        costs: dict[Callable[[Path, Path], list[str]], list[Cost]] = {plain: [], lodestar: []}
        for run in range(runs):
            for command in list(costs)[:: 1 if run % 2 else -1]:
                shutil.rmtree(folder / "grown", ignore_errors=True)
                costs[command].append(cost_of(command(base, folder / "grown")))
        points.append((size, median(costs[plain]), median(costs[lodestar])))
    return points


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_turn(sides: Mapping[str, Any], runs: int, once: Callable[[Any], float]) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(runs):
        for name in list(sides)[:: 1 if run % 2 else -1]:
            found[name].append(once(sides[name]))
    return {name: statistics.median(values) for name, values in found.items()}


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _markdown(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.md"))


def measure(wanted: Sequence[str], runs: int) -> list[Row]:
    """The rows of the sections that are wanted, in their order."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lodestar-") as made:
        folder = Path(made)
        if set(wanted) & set(SECTIONS[:3]):
            rows += commands(wanted, runs, folder)
        if "embedding" in wanted:
            rows += embedding(runs)
        if "search" in wanted:
            rows += search(runs, folder)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sections", nargs="*", default=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"there is no section {min(unknown)}; choose among {', '.join(SECTIONS)}")
    print(table(measure(arguments.sections, arguments.runs)))


if __name__ == "__main__":
    main()
