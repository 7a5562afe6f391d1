"""python -m benchmarks.bench [SECTION ...]: every figure of speed, written into benchmarks/SPEED.md, and the picture beside it.

Without sections: the short set, under ten minutes on two idle cores. `all`: the growth of ingests and the index at 100,000 chunks
too, half an hour; `million`: the index at a million chunks, six minutes more, 10 GB of disk. A section that is measured again
replaces its own table and nothing else, with the day, machine and versions it was measured with.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import ingesting, scale, serving
from benchmarks.scale_search import PLAIN
from benchmarks.table import Row, markdown

HERE = Path(__file__).parent
REPORT, PICTURE, POINTS = HERE / "SPEED.md", HERE / "growth.svg", HERE / "growth.json"
PACKAGES = ("gradio", "langchain", "chromadb", "faiss-cpu", "onnxruntime", "sentence-transformers", "torch", "numpy")


class Section(NamedTuple):
    """One table: its command, what it needs, and how it is measured from a number of runs."""

    takes: str
    short: bool
    measure: Callable[[int], list[Row]]


def _serving(name: str) -> Callable[[int], list[Row]]:
    def measure(runs: int) -> list[Row]:
        with tempfile.TemporaryDirectory(prefix="lodestar-") as made:
            index = Path(made) / "index"
            ingesting.cost_of(ingesting.lodestar(ingesting.KNOWLEDGE_BASE, index))
            return serving.measure([name], runs, index)

    return measure


def _growth(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="lodestar-") as made:
        points = ingesting.growth(min(runs, 2), Path(made))
    _remember("ingest", [[size / 1000, plain.seconds, ours.seconds] for size, plain, ours in points])
    names = [f"first ingest of {size // 1000} KB" for size, _, _ in points]
    return [
        *(Row(f"{name}, s", p.seconds, o.seconds, None) for name, (_, p, o) in zip(names, points, strict=True)),
        *(Row(f"{name}, MB", p.mb, o.mb, None) for name, (_, p, o) in zip(names, points, strict=True)),
    ]


def _scale(*counts: int) -> Callable[[int], list[Row]]:
    def measure(runs: int) -> list[Row]:
        with tempfile.TemporaryDirectory(prefix="lodestar-") as made:
            found = scale.measure(counts, ["faiss", "chroma"], Path(made))
        points = [[row["chunks"], row["store"], row["search_p95_ms"], row["filtered_p95_ms"]] for row in found]
        _remember(f"search of {' '.join(map(str, counts))}", points)
        return scale.goals(found)

    return measure


SECTIONS: dict[str, Section] = {
    "ingest": Section("3 minutes", True, lambda runs: ingesting.measure(["first", "again", "changed"], runs)),
    "embedding": Section("1 minute", True, lambda runs: ingesting.measure(["embedding"], runs)),
    "search": Section("1 minute", True, lambda runs: ingesting.measure(["search"], runs)),
    "start": Section("2 minutes", True, _serving("start")),
    "first_token": Section("1 minute", True, _serving("first_token")),
    "visitors": Section("1 minute", True, _serving("visitors")),
    "growth": Section("10 minutes", False, _growth),
    "scale": Section("10 minutes", False, _scale(1_000, 10_000, 100_000)),
    "million": Section("6 minutes and 10 GB of disk", False, _scale(1_000_000)),
}


def written(report: str, name: str, section: Section, rows: Sequence[Row], runs: int) -> str:
    """The report with this section's table in the place of the one it had, or at the end."""
    block = (
        f"<!-- {name} -->\n## {name.replace('_', ' ')}\n\n`python -m benchmarks.bench {name}`, takes {section.takes}. "
        f"{datetime.now(UTC):%Y-%m-%d}, medians of {runs}, both sides in turn. {_machine()}\n\n{markdown(rows)}\n<!-- end -->\n"
    )
    pattern = re.compile(rf"<!-- {name} -->\n.*?<!-- end -->\n", re.DOTALL)
    return pattern.sub(lambda _: block, report) if pattern.search(report) else f"{report.rstrip()}\n\n{block}"


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{ingesting.cores()} cores ({platform.machine()}), Python {platform.python_version()}; {versions}."


def _remember(name: str, points: list[list[Any]]) -> None:
    kept = json.loads(POINTS.read_text("utf-8")) if POINTS.exists() else {}
    POINTS.write_text(json.dumps({**kept, name: points}, indent=1) + "\n", "utf-8")
    draw(json.loads(POINTS.read_text("utf-8")), PICTURE)


def draw(points: dict[str, list[list[Any]]], picture: Path) -> None:
    """Ingest against the size of the knowledge base, a search against the size of the index; logarithmic axes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lodestar"
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogFormatter

    plain_numbers = FuncFormatter(lambda value, _: f"{value:,g}" if value < 1 else f"{value:,.0f}")
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    ours, theirs = "#1f5f8b", "#b0562f"
    grown = points.get("ingest", [])
    for column, colour, label in ((1, theirs, "plain recipe"), (2, ours, "Lodestar")):
        _line(left, [(p[0], p[column]) for p in grown], "o-", colour, label)
    left.set(xlabel="knowledge base, KB", ylabel="first ingest, seconds", title="Ingest")
    searched = [point for name, some in points.items() if name.startswith("search") for point in some]
    for store, colour in (("faiss", ours), ("chroma", "#4a9d8f"), (PLAIN, theirs)):
        some = sorted(point for point in searched if point[1] == store)
        label = f"{store}, vectors alone" if store == PLAIN else f"Lodestar, {store}"
        _line(right, [(p[0], p[2]) for p in some], "o-", colour, label)
        _line(right, [(p[0], p[3]) for p in some], "o--", colour, f"{label}, filtered")
    right.set(xlabel="chunks", ylabel="one search, 95th percentile, ms", title="Search")
    for axes in (left, right):
        if axes.has_data():  # nothing has no logarithm
            axes.set(xscale="log", yscale="log")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(plain_numbers)
            axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.8)))
            axes.legend(frameon=False, fontsize=8)
        axes.grid(visible=True, which="both", alpha=0.25)
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)


def _line(axes: Any, points: Sequence[tuple[float, float]], style: str, colour: str, label: str) -> None:
    if points:
        axes.plot([x for x, _ in points], [y for _, y in points], style, color=colour, label=label)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join((*SECTIONS, "all")))
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (3)")
    arguments = parser.parse_args()
    wanted = arguments.sections or [name for name, section in SECTIONS.items() if section.short]
    if "all" in wanted:
        wanted = [name for name in SECTIONS if name != "million"]
    if unknown := [name for name in wanted if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; choose among {', '.join((*SECTIONS, 'all'))}")
    for name in wanted:
        print(f"{name}: takes {SECTIONS[name].takes}", file=sys.stderr, flush=True)
        rows = SECTIONS[name].measure(arguments.runs)
        report = REPORT.read_text("utf-8") if REPORT.exists() else "# How fast\n"
        REPORT.write_text(written(report, name, SECTIONS[name], rows, arguments.runs), "utf-8")
        print(markdown(rows), flush=True)


if __name__ == "__main__":
    main()
