"""Intervals and tests against what can be worked out by hand or by counting."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.statistics import estimate, paired, sign_flip_p, times

few = st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=7)


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    values = [0.0, 0.25, 1.0, 1.0, 0.5] * 8
    found = estimate(values)
    assert found == estimate(values)
    assert (found.n, found.mean) == (40, pytest.approx(0.55))
    assert found.low is not None
    assert found.high is not None
    # The normal approximation: 1.96 standard errors of 0.0633 on either side.
    assert (found.low, found.high) == (pytest.approx(0.426, abs=0.02), pytest.approx(0.674, abs=0.02))


def test_one_value_has_no_interval_and_equal_values_a_narrow_one() -> None:
    assert estimate([0.5]) == (1, 0.5, None, None)
    assert estimate([0.5] * 9) == (9, 0.5, 0.5, 0.5)


@given(few)
def test_p_is_the_share_of_all_ways_to_swap_sides(differences: list[int]) -> None:
    sums = [abs(sum(way)) for way in itertools.product(*((size, -size) for size in differences))]
    expected = sum(total >= abs(sum(differences)) for total in sums) / len(sums)
    assert sign_flip_p(differences) == pytest.approx(expected)


def test_p_of_many_differences() -> None:
    assert sign_flip_p([1.0] * 20) == pytest.approx(1 / 20_001), "2 of a million ways; none is drawn"
    assert sign_flip_p([1.0, -1.0] * 10) == 1
    # 15 heads of 20 throws, two-sided: 0.0414.
    assert sign_flip_p([1.0] * 15 + [-1.0] * 5) == pytest.approx(0.0414, abs=0.006)


def test_pairs_are_counted_question_by_question() -> None:
    found = paired([1.0, 0.5, 0.2, 0.7], [0.5, 0.5, 0.3, 0.1])
    assert (found.n, found.wins, found.losses, found.ties) == (4, 2, 1, 1)
    assert found.difference.mean == pytest.approx(0.25)
    # 0.5, 0.1 and 0.6 with any signs: |sum| >= 1.0 for 4 of 8 ways (both large ones agree).
    assert found.p == pytest.approx(4 / 8)


def test_two_equal_sides_differ_by_nothing() -> None:
    found = paired([0.1, 0.9], [0.1, 0.9])
    assert (found.wins, found.losses, found.ties, found.p) == (0, 0, 2, 1.0)


def test_times_are_the_median_and_the_95th_percentile() -> None:
    assert times([5.0]) == (5.0, 5.0)
    assert times(list(map(float, range(1, 102)))) == (51.0, 96.0)
