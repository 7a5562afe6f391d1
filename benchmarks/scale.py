"""python -m benchmarks.scale: how quick and how large the index is at a thousand, ten thousand, a hundred thousand chunks.

The chunks are made up (benchmarks/scale_corpus.py), their index is built by the project's own builders and searched in a process
of its own. Embedding, of the question and of the best sentences, is not counted: it takes the same time at every size. Beside it
stands the plain recipe: Chroma as it comes, vectors alone. A million chunks take 9 GB of disk and some six minutes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scale_build import build_all, build_store
from benchmarks.scale_search import PLAIN, Row, plain, search
from benchmarks.table import Row as Figure

_LARGE = 100_000  # chunks
_MOST_CHROMA = 200_000  # chunks; beyond, Chroma takes hours to build and more memory than is allowed


def measure(counts: Sequence[int], stores: Sequence[str], at: Path, *, keep: bool = False) -> list[Row]:
    """A row for each size and store, and one of the plain recipe where it is feasible; milliseconds, bytes and shares."""
    rows: list[Row] = []
    for count in counts:
        index = at / f"scale-{count}"
        shutil.rmtree(index, ignore_errors=True)
        try:
            build_all(index, count)
            for store in stores:
                if store == "chroma" and count > _MOST_CHROMA:
                    print(f"Chroma is left out at {count} chunks.", file=sys.stderr)
                    continue
                seconds = build_store(index, count, store)
                rows.append({**_apart("--search", index, count, store), "store_build_s": seconds})
            if "chroma" in stores and count <= _MOST_CHROMA:
                rows.append(_apart("--plain", index, count, PLAIN))
        finally:
            if not keep:
                shutil.rmtree(index, ignore_errors=True)
    return rows


def goals(rows: Sequence[Row]) -> list[Figure]:
    """What of `measure` a goal is set for: 25 and 50 ms at up to 100,000 chunks; beyond, 100 ms, 2.5 GB and 5 s to open."""
    figures = []
    recipes = {row["chunks"]: row for row in rows if row["store"] == PLAIN}
    for row in rows:
        if row["store"] == PLAIN:
            continue
        count, recipe = row["chunks"], recipes.get(row["chunks"], {})
        name = f"{count:,} chunks, {row['store']}, {row['vector_search']}"
        large = count > _LARGE
        for part, what in (("search", "search"), ("filtered", "search with a filter")):
            median, last = f"{part}_ms", f"{part}_p95_ms"
            figures.append(Figure(f"{name}: {what}, ms", recipe.get(median), row[median], None if large else 25))
            figures.append(Figure(f"{name}: {what}, p95 ms", recipe.get(last), row[last], 100 if large else 50))
        figures.append(
            Figure(f"{name}: memory at most, MB", recipe.get("peak_mb"), row["peak_mb"], 2560 if large else None)
        )
        figures.append(Figure(f"{name}: to open, s", recipe.get("open_s"), row["open_s"], 5 if large else None))
        for part, what in (
            ("recall_at_10", "neighbours missed of ten, %"),
            ("filtered_recall_at_10", "the same, with a filter"),
        ):
            missed = recipe.get(part)
            figures.append(
                Figure(f"{name}: {what}", None if missed is None else 100 * (1 - missed), 100 * (1 - row[part]), 3)
            )
    return figures


def _apart(what: str, index: Path, count: int, store: str) -> Row:
    command = [sys.executable, "-m", "benchmarks.scale", what, "--at", str(index), "--chunks", str(count)]
    done = subprocess.run([*command, "--store", store], stdout=subprocess.PIPE, text=True, check=True)
    row: Row = json.loads(done.stdout)
    return row


def _print(rows: Sequence[Row]) -> None:
    columns = {
        "chunks": "chunks", "store": "store", "vector_search": "vectors", "open_s": "open s", "search_ms": "median ms",
        "search_p95_ms": "p95 ms", "filtered_ms": "filtered ms", "filtered_p95_ms": "its p95 ms", "peak_mb": "peak MB",
        "recall_at_10": "recall@10", "filtered_recall_at_10": "filtered", "store_build_s": "store built s",
    }  # fmt: skip
    table = [list(columns.values()), *([str(row.get(name, "")) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000], metavar="N")
    parser.add_argument("--store", nargs="+", default=["chroma", "faiss"], metavar="STORE")
    parser.add_argument("--at", type=Path, help="folder for what is generated (the system's temporary folder)")
    parser.add_argument("--keep", action="store_true", help="leave what was generated there")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    parser.add_argument("--search", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search or arguments.plain:  # the process that measure() starts
        count, store = arguments.chunks[0], arguments.store[0]
        print(json.dumps(plain(arguments.at, count) if arguments.plain else search(arguments.at, count, store)))
        return
    if arguments.at is None and arguments.keep:
        parser.error("--keep needs --at, the folder to keep it in")
    with tempfile.TemporaryDirectory() as temporary:
        rows = measure(arguments.chunks, arguments.store, arguments.at or Path(temporary), keep=arguments.keep)
    if arguments.json:
        print("\n".join(json.dumps(row) for row in rows))
    else:
        _print(rows)


if __name__ == "__main__":
    main()
