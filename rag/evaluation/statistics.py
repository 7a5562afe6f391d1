"""How sure a mean is, and whether a difference could be chance. Pure; the same numbers give the same figures every time.

Intervals: percentile bootstrap over questions, 95 %, a fixed seed. Pairs: a two-sided sign-flip permutation test of the mean
difference. Where nothing differs between the two sides, either could as well have been the other: every way of swapping sides
is tried while there are few enough, else a fixed number of ways drawn with a fixed seed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_SEED = 20260911
_RESAMPLES = 4000
_FLIPS = 20_000
_EXACT = 14
"""Differences up to which all 2**n ways are tried."""
_TIE = 1e-9

Floats = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean over `n` questions; `low` and `high` bound its 95 % interval, None where one question gives none."""

    n: int
    mean: float
    low: float | None
    high: float | None


class Paired(NamedTuple):
    """One side against the other, question by question: ours less theirs."""

    n: int
    wins: int
    losses: int
    ties: int
    difference: Estimate
    p: float


class Times(NamedTuple):
    """Milliseconds."""

    median: float
    p95: float


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and interval. `values` must not be empty."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Estimate(len(values), mean, None, None)
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.quantile(np.asarray(values, np.float64)[drawn].mean(axis=1), (0.025, 0.975))
    return Estimate(len(values), mean, float(low), float(high))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Paired:
    """The two sides' values of the same questions in the same order, at least one."""
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    wins = sum(difference > _TIE for difference in differences)
    losses = sum(difference < -_TIE for difference in differences)
    return Paired(
        len(differences),
        wins,
        losses,
        len(differences) - wins - losses,
        estimate(differences),
        sign_flip_p([difference for difference in differences if abs(difference) > _TIE]),
    )


def sign_flip_p(differences: Sequence[float]) -> float:
    """How often swapping sides at random would make the mean at least this far from 0; 1 where nothing differs."""
    n = len(differences)
    if not n:
        return 1.0
    sizes: Floats = np.abs(np.asarray(differences, np.float64))
    seen = abs(math.fsum(differences))
    if n <= _EXACT:
        ways = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float(np.mean(np.abs((1 - 2 * ways) @ sizes) >= seen - _TIE))
    generator = np.random.default_rng(_SEED)
    as_far = 0
    for _ in range(20):
        ways = generator.integers(0, 2, (_FLIPS // 20, n), dtype=np.int8)
        as_far += int(np.sum(np.abs((1.0 - 2.0 * ways) @ sizes) >= seen - _TIE))
    return (as_far + 1) / (_FLIPS + 1)


def times(milliseconds: Sequence[float]) -> Times:
    """Median and 95th percentile of at least one time."""
    return Times(statistics.median(milliseconds), float(np.quantile(milliseconds, 0.95)))
