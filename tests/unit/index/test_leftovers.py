"""What an ingest clears away, and which generations it leaves."""

from __future__ import annotations

import os
from pathlib import Path

from rag.index.embedded import UNFINISHED
from rag.index.generation import VECTORS, hold, point_at
from rag.index.leftovers import clear_leftovers, drop_old
from tests.unit.index.building import TEXTS, ingest, names


def edited(n: int) -> dict[str, str]:
    return {**TEXTS, "plants/moss.md": f"# Moss\n\nMoss number {n}."}


def test_one_that_was_never_pointed_at_goes_and_the_one_before_stays(index: Path) -> None:
    first, second, third = (ingest(index, edited(n)).folder for n in range(3))
    point_at(index, second.name)  # as if it had been killed before it could point at the third
    fourth = ingest(index, edited(3)).folder
    assert names(index) == ["CURRENT", second.name, fourth.name]
    assert not first.exists()
    assert not third.exists()


def test_a_damaged_one_is_not_the_one_that_is_kept(index: Path) -> None:
    whole, damaged = (ingest(index, edited(n)).folder for n in range(2))
    (damaged / VECTORS).write_bytes(b"damaged")
    newest = ingest(index, edited(2)).folder
    assert names(index) == ["CURRENT", whole.name, newest.name]


def test_one_that_is_held_goes_later(index: Path) -> None:
    first = ingest(index, edited(0)).folder
    held = hold(first)
    second, third = (ingest(index, edited(n)).folder for n in (1, 2))
    assert names(index) == ["CURRENT", first.name, second.name, third.name]
    os.close(held)
    drop_old(index)
    assert names(index) == ["CURRENT", second.name, third.name]


def test_what_a_killed_ingest_left_is_cleared_though_nothing_has_changed(index: Path) -> None:
    folder = ingest(index).folder
    (index / "CURRENT.tmp").write_text("gen-9\n")
    (index / "gen-9.tmp").mkdir()
    (index / "gen-9.tmp/chunks.jsonl").write_text("")
    (index / UNFINISHED).mkdir()
    assert ingest(index).unchanged
    assert names(index) == ["CURRENT", folder.name]


def test_where_current_cannot_be_read_no_generation_is_touched(index: Path) -> None:
    folders = [ingest(index, edited(n)).folder for n in range(2)]
    (index / "CURRENT").write_text("nonsense")
    clear_leftovers(index)
    assert all(folder.is_dir() for folder in folders)
