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
