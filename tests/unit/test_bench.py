"""The report of the benchmarks: each section's table in its place, and figures that say whether a goal is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import bench, ingesting
from benchmarks.table import Row, markdown

ROWS = [
    Row("first ingest, s", 30.0, 7.0, 7.5),
    Row("first ingest, MB", 980.0, 500.0, 490.0),
    Row("other", None, 1.0, None),
]


def test_a_table_says_the_share_and_whether_the_goal_is_reached() -> None:
    assert markdown(ROWS).splitlines()[2:] == [
        "| first ingest, s | 30.00 | 7.00 | 0.23 | at most 7.50 | yes |",
        "| first ingest, MB | 980 | 500 | 0.51 | at most 490 | no |",
        "| other | - | 1.00 |  |  |  |",
    ]


def test_a_section_measured_again_replaces_its_own_table_only() -> None:
    section = bench.SECTIONS["ingest"]
    report = bench.written("# How fast\n\nSome words.\n", "ingest", section, ROWS, 3)
    report = bench.written(report, "search", section, ROWS[:1], 3)
    again = bench.written(report, "ingest", section, ROWS[2:], 5)
    assert again.startswith("# How fast\n\nSome words.\n")
    assert again.count("| first ingest, s |") == 1
    assert again.count("| other |") == 1
    assert again.index("<!-- ingest -->") < again.index("<!-- search -->")
    assert again.count("<!-- end -->") == 2


def test_a_generated_knowledge_base_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    ingesting.sized(tmp_path, 900_000)
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("*.md")]
    assert abs(sum(map(len, texts)) - 900_000) < 30_000
    assert len(set(texts)) == len(texts)


def test_the_picture_is_drawn_from_whatever_was_measured(tmp_path: Path) -> None:
    points: dict[str, list[list[Any]]] = {
        "ingest": [[75, 10.0, 2.0], [150, 16.0, 3.0]],
        "search of 1000": [[1000, "faiss", 2.0, 3.0], [1000, "chroma", 2.5, 3.5]],
    }
    for some in (points, {"ingest": points["ingest"]}, {}):
        bench.draw(some, tmp_path / "growth.svg")
        assert "<svg" in (tmp_path / "growth.svg").read_text("utf-8")
