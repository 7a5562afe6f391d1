"""The nearest vectors by comparing with every one, and the check of a search that does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index import nearest as nearest_module
from rag.index.embed import Vectors
from rag.index.nearest import EXACT, Found, Sample, Searching, highest, nearest, sample, searching, widened


def unit(rows: int, dim: int = 8, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dim))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@given(
    st.lists(st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, -1.0]), max_size=300), st.integers(0, 12), st.integers(1, 9)
)
def test_the_highest_are_the_beginning_of_the_whole_stable_order(values: list[float], k: int, times: int) -> None:
    scores = np.array(values * times, np.float32)
    assert highest(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


@pytest.mark.parametrize("rows", [None, np.arange(7, 60), np.array([3, 4, 9, 77, 78])])
@pytest.mark.parametrize("block", [5, 1000])
def test_the_nearest_come_best_first_with_their_cosines(
    monkeypatch: pytest.MonkeyPatch, rows: np.ndarray | None, block: int
) -> None:
    monkeypatch.setattr(nearest_module, "_BLOCK", block)
    vectors, vector = unit(100), unit(1, seed=1)[0]
    found = nearest(vectors, vector, 4, rows)
    among = range(100) if rows is None else rows.tolist()
    assert [row for row, _ in found] == sorted(among, key=lambda row: -float(vectors[row] @ vector))[:4]
    assert [score for _, score in found] == pytest.approx([max(0.0, float(vectors[row] @ vector)) for row, _ in found])


def test_among_no_rows_nothing_is_nearest() -> None:
    assert nearest(unit(5), unit(1)[0], 3, np.array([], np.int64)) == []


@pytest.mark.parametrize("count", [1, 4, 10, 33])
def test_a_sample_knows_what_is_truly_nearest(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(nearest_module, "_BLOCK", 8)
    vectors = unit(count)
    asked = sample(vectors)
    for question, near in zip(asked.questions, asked.nearest, strict=True):
        assert near == {row for row, _ in nearest(vectors, question, 10)}


def test_a_search_is_made_wider_until_it_finds_enough() -> None:
    asked, tried = Sample(unit(2), [set(range(10)), set(range(10, 20))]), set()

    def search(question: Vectors, k: int, width: int) -> Found:
        tried.add(width)
        first = 0 if np.array_equal(question, asked.questions[0]) else 10
        return [(row, 1.0) for row in range(first, first + min(k, width))]

    assert widened(asked, search, [4, 8, 16, 32]) == Searching(16, 1.0)
    assert tried == {4, 8, 16}
    assert widened(asked, search, [4, 8]) == EXACT


def test_what_a_store_says_of_its_search_is_read_again(tmp_path: Path) -> None:
    assert searching(tmp_path) is None
    how = Searching(64, 0.981)
    how.write(tmp_path)
    assert searching(tmp_path) == how
    assert not how.exact
    assert str(how) == "approximate, finding 98.1% of the 10 nearest in a check of 100 questions"
    assert str(EXACT) == "exact"
    (tmp_path / "search.json").write_text("{")
    assert searching(tmp_path) is None
