"""The arithmetic of the benchmark of serving."""

from __future__ import annotations

import json

import pytest

from benchmarks.endpoint import event
from benchmarks.serving import added, percentile, ready_after
from benchmarks.table import Row, table


@pytest.mark.parametrize(
    ("opened", "first", "second", "ready"),
    [(3.0, 0.5, 0.5, 3.0), (3.0, 1.5, 0.5, 4.0), (3.0, 0.4, 0.5, 3.0)],
)
def test_ready_is_when_an_answer_takes_no_longer_than_the_next(
    opened: float, first: float, second: float, ready: float
) -> None:
    assert ready_after(opened, first, second) == ready


@pytest.mark.parametrize(("share", "value"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.01, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile([*range(20, 0, -1)], share) == value


def test_percentile_of_one() -> None:
    assert percentile([7.0], 0.95) == 7.0


def test_what_is_added_is_against_the_median_of_the_other_side() -> None:
    assert added([2.1, 2.5], [1.0, 2.0, 9.0]) == pytest.approx([100, 500])


def test_the_table_lines_up_and_leaves_out_what_is_missing() -> None:
    lines = table([Row("start, s", 2.904, 3.1, 5.8), Row("memory", None, 312.4, None)]).splitlines()
    assert lines[1].split() == ["start,", "s", "2.90", "3.10", "5.80"]
    assert lines[2].split() == ["memory", "-", "312", "-"]
    assert len({len(line) for line in lines}) == 1


def test_an_event_is_a_chunk_of_http_that_holds_what_is_said() -> None:
    length, _, rest = event({"content": "word"}).partition(b"\r\n")
    body = rest.removesuffix(b"\r\n")
    assert int(length, 16) == len(body)
    assert json.loads(body.removeprefix(b"data: "))["choices"][0]["delta"] == {"content": "word"}
