"""Who is asked what, in which order, and how rows become figures."""

from __future__ import annotations

import json

import pytest

from rag.evaluation.evaluation import as_object
from rag.evaluation.questions import Question, Reference
from rag.evaluation.run import OURS, PLAIN, query_of, run
from rag.evaluation.summary import summarise
from rag.schema import Turn
from tests.unit.evaluation.runs import POOL, QUESTIONS, Listed, evaluation
from tests.unit.evaluation.samples import asking, chunk


def test_only_what_can_be_measured_is_searched_and_each_side_once_to_warm_up() -> None:
    side = Listed({})
    rows = run(QUESTIONS, {OURS: side}, 2)
    assert [row.question.id for row in rows] == ["q1", "q2", "q3"]
    assert side.asked == [("Which swims?", 2), ("Which swims?", 2), ("Which flies?", 2), ("Which is <b>built</b>?", 2)]


def test_progress_is_told_from_none_to_all() -> None:
    told: list[tuple[int, int]] = []
    run(QUESTIONS, {OURS: Listed({})}, 2, lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_both_sides_get_the_same_condensed_query() -> None:
    question = asking(
        "otter", question="And when does it end?", turns=(Turn("What is the Port of Invergair agreement?", "A lease."),)
    )
    query = query_of(question)
    assert "Invergair" in query.text
    assert query.asked == "And when does it end?"
    assert query.talk is not None
    assert [text for text, _ in query.talk.said] == ["What is the Port of Invergair agreement?", "A lease."]
    sides = {OURS: Listed({}), PLAIN: Listed({})}
    run([question], sides, 2)
    assert sides[OURS].asked == sides[PLAIN].asked == [(query.text, 2)] * 2


def test_a_budget_that_k_chunks_do_not_fill_is_filled_by_a_second_search() -> None:
    chunks = [chunk(start=100 * n, end=100 * n + 100) for n in range(60)]
    question = Question("q", "?", references=(Reference("a.md", 0, 6000),))
    side = Listed({"?": range(60)}, chunks)
    (row,) = run([question], {OURS: side}, 10)
    assert side.asked == [("?", 10), ("?", 10), ("?", 50)]
    result = row.results[OURS]
    assert len(result.found) == 10
    assert (result.figures["recall"], result.figures["recall_5"]) == pytest.approx((1000 / 6000, 500 / 6000))
    assert result.figures["recall_budget"] == pytest.approx(4000 / 6000)


def test_groups_are_all_then_splits_then_categories() -> None:
    summary = evaluation(compare=True).summary
    assert summary is not None
    assert [(group.name, group.n) for group in summary.groups] == [
        ("all", 3),
        ("dev", 2),
        ("held_out", 1),
        ("animals", 2),
        ("things", 1),
    ]
    means = {(group.name, side): group.figures[side]["mrr"].mean for group in summary.groups for side in summary.sides}
    assert means[("all", OURS)] == pytest.approx((1 + 1 + 0) / 3)
    assert means[("all", PLAIN)] == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert means[("animals", OURS)] == 1
    pair = summary.whole.pairs["mrr"]
    assert (pair.wins, pair.losses, pair.ties, pair.difference.mean) == (1, 1, 1, pytest.approx(0))
    assert summary.whole.figures[OURS]["hit"].n == 1, "only q3 names a source"


def test_one_half_alone_makes_no_groups_of_halves() -> None:
    summary = evaluation(questions=QUESTIONS[:1]).summary
    assert summary is not None
    assert [group.name for group in summary.groups] == ["all", "animals"]
    assert summary.whole.pairs == {}


def test_a_follow_up_is_held_against_its_plain_wording() -> None:
    question = asking("otter", question="And it?", category="follow_up", reworded="Which swims?")
    rows = run([question], {OURS: Listed({"And it?": [1, 0], "Which swims?": [0]})}, 2)
    (reworded,) = summarise(rows, {OURS: len(POOL)}, 2).reworded
    assert (reworded.category, reworded.n, reworded.as_asked, reworded.reworded) == (
        "follow_up",
        1,
        {OURS: 0.5},
        {OURS: 1},
    )


def test_json_has_all_figures_and_a_row_a_question_and_is_the_same_every_time() -> None:
    def without_times(report: object) -> object:
        if isinstance(report, dict):
            return {key: without_times(value) for key, value in report.items() if not key.endswith("ms")}
        return [without_times(item) for item in report] if isinstance(report, list) else report

    report = as_object(evaluation(compare=True))
    assert json.dumps(without_times(report)) == json.dumps(without_times(as_object(evaluation(compare=True))))
    assert report["questions"] == {
        "file": "questions.jsonl",
        "split": None,
        "asked": 5,
        "measured": 3,
        "unanswerable": 1,
        "not_measurable": ["q5"],
    }
    assert report["notes"] == ["A note."]
    assert report["retrieval"]["chunks"] == {"lodestar": 3, "plain": 3}
    assert report["retrieval"]["groups"]["all"]["lodestar"]["mrr"]["mean"] == pytest.approx(2 / 3, abs=1e-6)
    assert report["retrieval"]["groups"]["all"]["paired"]["mrr"]["wins"] == 1
    (first, *_) = report["rows"]
    assert first["results"]["plain"]["figures"]["mrr"] == 0.5
    assert [found["relevant"] for found in first["results"]["plain"]["found"]] == [False, True]
