"""The list of what the sources do not bear out."""

from __future__ import annotations

from rag.schema import Doubt
from rag.web.doubts_html import doubts_html, shortened
from rag.web.sources import sources_html
from tests.unit.web.samples import ANSWER, answer

TEXT = "It ends on **30 June 2031** [1]. The fee is 7,000 EUR [2]."
WRONG = Doubt(0, 32, "The sources say 30 June 2027 there, not 30 June 2031.")
SPLIT = Doubt(33, len(TEXT), "One says 4,200, another 6,900.", disputed=True)


def test_each_doubt_with_its_reason_under_its_kind() -> None:
    html = doubts_html(2, answer(text=TEXT, doubts=(SPLIT, WRONG)))
    assert html.startswith('<div class="doubts" id="doubts-2"><h3>Not borne out by the sources</h3>')
    first, second = html.split("<h3>Sources disagree</h3>")
    assert "<q>It ends on 30 June 2031.</q>" in first
    assert f'<span class="why">{WRONG.why}</span>' in first
    assert "<q>The fee is 7,000 EUR.</q>" in second
    assert SPLIT.why in second


def test_the_panel_of_the_turn_begins_with_it() -> None:
    html = sources_html([(1, answer(text=TEXT, doubts=(WRONG,)))])
    assert html.index('class="asked"') < html.index('id="doubts-1"') < html.index("<article")
    assert "doubts" not in sources_html([(1, ANSWER)])


def test_what_is_in_doubt_is_escaped_and_kept_short() -> None:
    evil = "<img src=x onerror=alert(1)> it is" + " so" * 200
    html = doubts_html(1, answer(text=evil, doubts=(Doubt(0, len(evil), evil),)))
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert shortened(evil).endswith("so …")
    assert len(shortened(evil)) < 150
    assert shortened("### Fee: **7,000** `EUR`") == "Fee: 7,000 EUR"
    assert shortened("| Tier | 7,000 EUR |") == "Tier 7,000 EUR"


def test_offsets_from_a_browser_do_no_harm() -> None:
    html = doubts_html(1, answer(text="Short.", doubts=(Doubt(-5, 10**12, "Why."), Doubt(90, 80, "Why."))))
    assert html.count("<li") == 2
