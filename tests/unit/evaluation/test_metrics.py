"""The figures are what their names promise, held against values computed by hand and against plain sets of characters."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.metrics import (
    METRICS,
    Pool,
    coverage,
    figures,
    marks,
    ndcg,
    recall_precision_iou,
    reciprocal_rank,
    within,
)
from rag.evaluation.questions import Question, Reference
from rag.schema import Chunk
from tests.unit.evaluation.samples import asking, chunk, referring

TEXTS = [chunk(text) for text in ("The port pays in May.", "An otter costs £4,750.", "May is a month; an Otter swims.")]
THREE = asking("may", "OTTER", "heron")

spans = st.tuples(st.sampled_from(["a.md", "b.md"]), st.integers(0, 40), st.integers(1, 15)).map(
    lambda span: (span[0], span[1], span[1] + span[2])
)


def characters(of: list[tuple[str, int, int]]) -> set[tuple[str, int]]:
    return {(source, at) for source, start, end in of for at in range(start, end)}


def test_a_keyword_stands_in_a_text_case_aside() -> None:
    assert marks(THREE, TEXTS) == [[True, False, True], [False, True, True], [False, False, False]]


def test_reciprocal_rank_is_the_mean_over_the_keywords() -> None:
    assert reciprocal_rank(marks(THREE, TEXTS)) == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_coverage_is_the_share_of_keywords_found() -> None:
    assert coverage(marks(THREE, TEXTS)) == pytest.approx(2 / 3)


def test_ndcg_is_held_against_everything_relevant_in_the_index() -> None:
    found = TEXTS[:2]
    ideal = 1 + 1 / math.log2(3)
    both = figures(asking("otter"), found, found, Pool(TEXTS), k=2)
    assert both["ndcg"] == pytest.approx((1 / math.log2(3)) / ideal)
    assert both["ndcg_retrieved"] == pytest.approx((1 / math.log2(3)) / 1)
    assert figures(asking("may"), found, found, Pool(TEXTS), k=2)["ndcg"] == pytest.approx(1 / ideal)


def test_the_ideal_of_ndcg_is_no_longer_than_k() -> None:
    many = [chunk("otter")] * 5
    assert ndcg(marks(asking("otter"), many[:2]), Pool(many).relevant(asking("otter")), k=2) == pytest.approx(1)


def test_a_keyword_that_is_nowhere_counts_0() -> None:
    assert figures(asking("heron"), TEXTS, TEXTS, Pool(TEXTS), k=3) == {
        "mrr": 0.0,
        "ndcg": 0.0,
        "ndcg_retrieved": 0.0,
        "coverage": 0.0,
    }


def test_without_keywords_a_chunk_is_relevant_to_a_reference_it_overlaps() -> None:
    found = [chunk(start=0, end=10), chunk(start=10, end=20), chunk(source="b.md", start=0, end=99)]
    question = referring((19, 25), (9, 10))
    assert marks(question, found) == [[False, True, False], [True, False, False]]
    assert Pool(found).relevant(question) == [1, 1]
    assert figures(question, found, found, Pool(found), k=3)["mrr"] == pytest.approx((1 / 2 + 1) / 2)


def test_keywords_come_before_references() -> None:
    question = Question("q", "?", keywords=("otter",), references=(Reference("a.md", 0, 5),))
    assert marks(question, [chunk("heron")]) == [[False]]


def test_hit_is_by_source() -> None:
    question = Question("q", "?", sources=("b.md", "c.md"))
    found = [chunk("x"), chunk("y", source="c.md")]
    assert figures(question, found, found, Pool(found), k=2) == {"hit": 1.0}
    assert figures(question, found[:1], found, Pool(found), k=1) == {"hit": 0.0}


def test_recall_precision_and_iou_by_hand() -> None:
    # Found 0-30; wanted 20-50: 10 in both, 30 found, 30 wanted, 50 in either.
    found = [("a.md", 0, 30)]
    assert recall_precision_iou(found, [Reference("a.md", 20, 50)]) == pytest.approx((10 / 30, 10 / 30, 10 / 50))
    assert recall_precision_iou(found, [Reference("b.md", 20, 50)]) == (0, 0, 0)
    assert recall_precision_iou([], [Reference("b.md", 20, 50)]) == (0, 0, 0)


def test_at_5_counts_the_first_five_even_where_k_is_less() -> None:
    found = [chunk(start=10 * n, end=10 * n + 10) for n in range(7)]
    figured = figures(referring((0, 70)), found[:2], found, Pool(found), k=2)
    assert (figured["recall"], figured["recall_5"], figured["recall_budget"]) == pytest.approx((2 / 7, 5 / 7, 1))


def test_the_last_chunk_is_cut_where_the_budget_ends() -> None:
    found = [chunk(start=0, end=3000), chunk(start=5000, end=8000)]
    assert within(found, 4000) == [("a.md", 0, 3000), ("a.md", 5000, 6000)]
    assert figures(referring((5500, 6500)), found, found, Pool(found), k=2)["recall_budget"] == pytest.approx(0.5)


def test_what_two_chunks_share_counts_once_towards_the_budget() -> None:
    found = [chunk(start=0, end=1000), chunk(start=800, end=1800)]
    assert within(found, 1500) == [("a.md", 0, 1000), ("a.md", 1000, 1500)]


@given(st.lists(spans, max_size=6), st.lists(spans, min_size=1, max_size=4))
def test_figures_in_characters_are_those_of_sets(
    found: list[tuple[str, int, int]], wanted: list[tuple[str, int, int]]
) -> None:
    chunks = [Chunk("", "", source, "", "", "", start, end) for source, start, end in found]
    covered = within(chunks)
    assert sum(end - start for _, start, end in covered) == len(characters(covered)), "no character twice"
    have, want = characters(found), characters(wanted)
    both = len(have & want)
    assert recall_precision_iou(covered, [Reference(*span) for span in wanted]) == pytest.approx(
        (both / len(want), both / len(have) if have else 0, both / len(have | want))
    )


@given(st.lists(spans, max_size=6), st.integers(0, 60))
def test_a_budget_is_filled_in_order_and_never_passed(found: list[tuple[str, int, int]], budget: int) -> None:
    chunks = [Chunk("", "", source, "", "", "", start, end) for source, start, end in found]
    covered = within(chunks, budget)
    every = within(chunks)
    assert len(characters(covered)) == min(budget, len(characters(every)))
    assert covered[:-1] == every[: len(covered)][:-1]


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=3))
def test_shares_lie_between_0_and_1_and_a_later_first_hit_is_never_better(marked: list[list[bool]]) -> None:
    for value in (reciprocal_rank(marked), coverage(marked), ndcg(marked, [sum(row) for row in marked], 4)):
        assert 0 <= value <= 1 + 1e-12
    later = [[False, *row[:-1]] for row in marked]
    assert reciprocal_rank(later) <= reciprocal_rank(marked)


def test_every_figure_has_its_line() -> None:
    question = Question("q", "?", keywords=("x",), references=(Reference("a.md", 0, 1),), sources=("a.md",))
    found = [chunk("x")]
    assert list(figures(question, found, found, Pool(found), k=1)) == [metric.key for metric in METRICS]
