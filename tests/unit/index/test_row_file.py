"""Rows of an array on disk, through the memory map or each by itself: the same either way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.index import row_file
from rag.index.row_file import RowFile


@pytest.mark.parametrize("large", [0, 10**9])
@pytest.mark.parametrize("shape", [(50, 3), (50,)])
def test_rows_are_those_of_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(row_file, "_LARGE", large)
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "rows.npy", array)
    file = RowFile(tmp_path / "rows.npy")
    assert (len(file), file.shape) == (50, shape)
    assert np.array_equal(file[5:20], array[5:20])
    for rows in ([], [0], [49, 48, 0], [3, 4, 5, 9, 10, 3, 3], list(range(50))):
        assert np.array_equal(file[np.array(rows, np.int64)], array[np.array(rows, np.int64)])
    starts, ends = np.array([4, 0, 30, 7]), np.array([9, 1, 50, 7])
    assert np.array_equal(file.spans(starts, ends), np.concatenate([array[4:9], array[0:1], array[30:50]]))


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="what lies in memory is read from /proc")
def test_what_was_drawn_into_memory_is_given_back(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(50_000, 100)).astype(np.float32)
    path = tmp_path / "rows.npy"
    np.save(path, array)
    file = RowFile(path)
    assert float(file[:].sum()) == pytest.approx(float(array.sum()), rel=1e-3)
    assert in_memory(path) > 10_000
    file.let_go()
    assert in_memory(path) == 0
    assert np.array_equal(file[100:200], array[100:200])
    assert np.array_equal(file[np.array([7, 49_999])], array[[7, 49_999]])


def in_memory(path: Path) -> int:
    """KB of a mapped file that lie in this process's memory."""
    told = Path("/proc/self/smaps").read_text().split(str(path))[1:]
    return sum(int(part.split("Rss:")[1].split()[0]) for part in told)
