"""The tab Quality without a browser: questions held against each other, figures, chart and list, and a search taken apart."""

from __future__ import annotations

import json
import re
from typing import Any

from rag.config import Settings
from rag.evaluation.evaluation import as_object
from rag.keeping.evaluating import Evaluating
from rag.keeping.runs import Run
from rag.retrieval.stages import Stage, Stages
from rag.schema import Retrieved
from rag.web.playground_html import stages_html
from rag.web.quality_chart import bars_svg, chart_html
from rag.web.quality_html import empty_html, headline, progress_html, report_html
from rag.web.quality_list import ROWS, list_html, ordinal
from rag.web.quality_rows import ALL, BETTER, MISSED, PLAIN, WORSE, Asked, Standing, asked, chosen, counts, standings
from tests.unit.evaluation.runs import evaluation
from tests.unit.web.samples import OWNER, TERM, chunk

HOSTILE = '<img src=x onerror="alert(1)">'


def report(**given: Any) -> dict[str, Any]:
    """As it is read back from a file."""
    return dict(json.loads(json.dumps(as_object(evaluation(**given)))))


def run(made: dict[str, Any], generation: str = "gen-1") -> Run:
    return Run("feedback", "2026-11-22T10:03:00.000+00:00", generation, "2026-11-21T09:00:00+00:00", made)


def row(question: str, *relevant: bool, **figures: float) -> dict[str, Any]:
    found = [
        {"source": f"{n}.md", "start": 0, "end": 9, "title": "T", "heading": "", "score": 0.5, "relevant": right}
        for n, right in enumerate(relevant)
    ]
    result = {"figures": figures, "found": found, "ms": 1.0}
    return {"id": "1", "question": question, "query": question, "category": "c", "results": {"lodestar": result}}


def test_a_question_is_known_by_its_words_and_held_against_the_same_one() -> None:
    before = {"rows": [row("a", False, True), row("b", True), row("gone", True)]}
    now = {"rows": [row("b", False, False), row("new", True), row("a", True)]}
    found = asked(now, standings(before))
    assert [one.moved for one in found] == ["worse", "", "better"]
    assert counts(found) == (1, 1, 0)
    assert [one.row["question"] for one in chosen(found, MISSED)] == ["b"]
    assert [one.row["question"] for one in chosen(found, BETTER)] == ["a"]
    assert [one.row["question"] for one in chosen(found, WORSE)] == ["b"]
    assert chosen(found, ALL) == chosen(found, "nonsense") == found
    assert found[0].now == Standing(0, 0.0)


def test_where_words_are_known_mrr_decides_and_not_the_first_right_chunk_alone() -> None:
    before = {"rows": [row("a", True, mrr=0.5)]}
    (one,) = asked({"rows": [row("a", True, mrr=0.75)]}, standings(before))
    assert one.moved == BETTER
    assert "better</span>" in list_html([one], ALL, 0), "and no rank is named that did not change"


def test_against_the_plain_recipe() -> None:
    made = report(compare=True)
    found = asked(made, standings(made, PLAIN))
    assert counts(found) == (1, 1, 1)
    html = report_html(run(made), "gen-1", found, "the plain recipe")
    assert "Held against" not in html, "the verdict says it"
    assert "1 better, 1 worse, 1 as before" in report_html(run(made), "gen-1", found, "the run of yesterday")
    assert "no difference that could not be chance" in html
    assert html.count('<th scope="col">') == 3
    assert "Run them again" not in html
    assert "Run them again" in report_html(run(made), "gen-2", found, "")


def test_the_figures_name_what_was_measured_and_left_out() -> None:
    html = report_html(run(report()), "gen-1", [], "")
    assert "3 questions, measured 22 November 2026, 10:03 UTC" in html
    for said in (
        "MRR",
        "nDCG",
        "Keywords",
        "A search",
        "0.667",
        "1 question without an answer",
        "cannot be measured",
        "A note.",
    ):
        assert said in html
    assert "Hit rate" not in html
    assert headline({"hit": 1}) == ["hit"]
    assert headline({"hit": 1, "mrr": 1, "recall": 1}) == ["mrr", "recall"]


def test_nothing_in_it_becomes_a_tag() -> None:
    made = json.loads(json.dumps(report(compare=True)).replace("otter.md", "OTTER").replace("Which swims?", "SWIMS"))
    made = json.loads(json.dumps(made).replace("OTTER", '\\"><b>x').replace("SWIMS", HOSTILE.replace('"', '\\"')))
    made["retrieval"]["categories"] = [HOSTILE, "things"]
    made["retrieval"]["groups"][HOSTILE] = made["retrieval"]["groups"]["animals"]
    made["notes"] = [HOSTILE] * 5
    found = asked(made, {})
    page = (
        report_html(run(made), "x", found, HOSTILE) + chart_html(made) + list_html(found, ALL, 0) + empty_html(HOSTILE)
    )
    assert HOSTILE not in page
    assert "<img" not in page
    assert "<b>x" not in page
    assert "&lt;img src=x" in page
    assert "2 more do not fit" in page


def test_the_chart_says_in_words_what_it_draws() -> None:
    html = chart_html(report(compare=True))
    assert html.count("<svg") == 2
    (first, _) = re.findall(r'aria-label="([^"]+)"', html)
    assert first == "animals: Lodestar 1.00, between 1.00 and 1.00; plain recipe 0.75, between 0.50 and 1.00"
    assert chart_html({"rows": []}) == ""
    assert 'width="100.0%"' in bars_svg("a", [("lodestar", _estimate(7))])


def _estimate(mean: float) -> Any:
    from rag.evaluation.statistics import Estimate

    return Estimate(1, mean, None, None)


def test_the_list_has_pages_and_any_number_is_one_of_them() -> None:
    every = [Asked(row(f"question {n}", True), Standing(1, 1.0)) for n in range(2 * ROWS + 1)]
    first, last = list_html(every, ALL, 0), list_html(every, ALL, 999)
    assert first.count("<details>") == ROWS
    assert "Previous" not in first
    assert 'data-page="1">Next' in first
    assert last.count("<details>") == 1
    assert "51 to 51 of 51 questions" in last
    assert "No question got worse" in list_html([], WORSE, 0)
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 112)] == "1st 2nd 3rd 4th 11th 12th 21st 112th".split()


def test_progress_in_words() -> None:
    assert "Getting ready" in progress_html(Evaluating(running=True))
    said = progress_html(Evaluating(True, "shipped", "Searched", 30, 177, 5))
    assert 'max="177" value="30"' in said
    assert "Searching: 30 of 177 questions, about 5 seconds left" in said
    assert progress_html(Evaluating(fault="No & no")) == "<p>No &amp; no</p>"
    assert progress_html(Evaluating()) == ""


def test_the_stages_side_by_side() -> None:
    evil = chunk(HOSTILE + " and **bold**", source="e.md", title=HOSTILE)
    found = Stages(
        "Who owns it?",
        vectors=Stage((Retrieved(TERM, 0.9), Retrieved(evil, 0.2)), 1.25),
        words=Stage((Retrieved(OWNER, 0.4),), 0.5),
        fused=Stage((Retrieved(TERM, 0.7), Retrieved(OWNER, 0.4), Retrieved(evil, 0.1)), 0.1),
        reranked=Stage((Retrieved(OWNER, 0.8), Retrieved(TERM, 0.7), Retrieved(evil, 0.1)), 12.3),
    )
    html = stages_html("Who onws it?", found, Settings.load({}, None))
    assert re.findall(r"<h3>(\w+)</h3>", html) == ["Vectors", "BM25", "Fused", "Reranked"]
    assert "Spelling put right: <b>Who owns it?</b>" in html
    assert "vectors 1st" in html
    assert "BM25 1st" in html
    assert "fused 2nd" in html
    assert "3 passages in 12 ms" in html
    assert "<img" not in html
    assert "<strong>bold</strong>" in html
    assert "Spelling" in stages_html("Who owns it?", found, Settings.load({}, None, k=1))
    assert "the best 1 shown" in stages_html("Who owns it?", found, Settings.load({}, None, k=1))
    assert "Nothing was found" in stages_html("x", Stages("x"), Settings.load({}, None))
