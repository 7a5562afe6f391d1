"""Maps that are kept: found again whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.mapping import kept
from rag.mapping.drawing import MOST, drawn_rows
from rag.mapping.maps import main_directions

NAME = "gen-1"
FLAT = np.arange(6, dtype=np.float32).reshape(3, 2)
DEEP = np.arange(9, dtype=np.float32).reshape(3, 3)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / NAME).mkdir()
    return tmp_path


def test_a_map_is_found_again(index: Path) -> None:
    kept.keep(index, NAME, FLAT, DEEP)
    found = kept.read(index, NAME, 3)
    assert found is not None
    assert (found[0] == FLAT).all()
    assert (found[1] == DEEP).all()
    assert [path.name for path in (index / kept.MAPS).iterdir()] == [f"{NAME}.npz"]


def test_a_map_of_a_generation_that_is_gone_goes_too(index: Path) -> None:
    (index / "gen-0").mkdir()
    kept.keep(index, "gen-0", FLAT, DEEP)
    (index / "gen-0").rmdir()
    kept.keep(index, NAME, FLAT, DEEP)
    assert [path.name for path in (index / kept.MAPS).iterdir()] == [f"{NAME}.npz"]


@pytest.mark.parametrize("keep", [0, 1, 200])
def test_a_map_that_was_cut_is_no_map(index: Path, keep: int) -> None:
    kept.keep(index, NAME, FLAT, DEEP)
    file = index / kept.MAPS / f"{NAME}.npz"
    file.write_bytes(file.read_bytes()[:keep])
    assert kept.read(index, NAME, 3) is None


def test_a_map_of_something_else_is_no_map(index: Path) -> None:
    kept.keep(index, NAME, FLAT, DEEP)
    assert kept.read(index, NAME, 4) is None
    kept.keep(index, NAME, FLAT.astype(np.float64), DEEP)
    assert kept.read(index, NAME, 3) is None
    kept.keep(index, NAME, np.full((3, 2), np.nan, np.float32), DEEP)
    assert kept.read(index, NAME, 3) is None


def test_what_could_run_code_is_never_loaded(index: Path) -> None:
    (index / kept.MAPS).mkdir()
    np.savez(index / kept.MAPS / f"{NAME}.npz", flat=np.array([print], dtype=object), deep=DEEP)
    assert kept.read(index, NAME, 3) is None


def test_a_folder_that_cannot_be_written_is_no_fault(index: Path) -> None:
    (index / kept.MAPS).write_text("a file stands where the folder should be")
    kept.keep(index, NAME, FLAT, DEEP)
    assert kept.read(index, NAME, 3) is None


def test_all_chunks_are_drawn_or_a_spread_of_them() -> None:
    assert drawn_rows(0).tolist() == []
    assert drawn_rows(4).tolist() == [0, 1, 2, 3]
    many = drawn_rows(5 * MOST)
    assert len(many) == MOST
    assert (many[0], many[-1]) == (0, 5 * MOST - 1)
    assert np.diff(many).max() <= 6


def test_main_directions_keep_apart_what_differs_most() -> None:
    vectors = np.array([[1, 0, 0, 0.1], [1, 0, 0, -0.1], [-1, 0, 0, 0.1], [-1, 0, 0, -0.1]], np.float32)
    places = main_directions(vectors)
    assert places.shape == (4, 3)
    assert np.abs(places[:, 0]).round(3).tolist() == [1, 1, 1, 1]
    assert (places == main_directions(vectors)).all()
    assert main_directions(vectors[:1]).tolist() == [[0, 0, 0]]
    assert main_directions(vectors[:0]).shape == (0, 3)
