"""The panel: which chunks, in which order, under which numbers, with which words marked."""

from __future__ import annotations

import re

from rag.web.found import found_html
from rag.web.sources import marks, sources_html
from tests.unit.web.samples import ANSWER, OWNER, TERM, answer, chunk, citation


def test_one_source_for_each_number_in_order() -> None:
    html = sources_html([(1, ANSWER)])
    assert re.findall(r'<article class="source" id="(s1-\d+)"', html) == ["s1-1", "s1-2"]
    assert re.findall(r'<span class="n">(\d+)</span>', html) == ["1", "2"]


def test_what_a_source_says_of_itself() -> None:
    html = sources_html([(1, ANSWER)])
    for expected in ("Meridian › Term", "Ingrid Solheim › Role", "Contracts", "contracts/meridian.md", ">0.81</span>"):
        assert expected in html
    assert "Ingrid Solheim › Ingrid Solheim" not in html


def test_all_quotes_of_a_chunk_are_marked() -> None:
    html = sources_html([(1, ANSWER)])
    assert "<mark>It ends on <strong>30 June 2027</strong>.</mark>" in html
    assert "<mark>Notice is due ninety days before.</mark>" in html


def test_one_number_may_lead_to_two_chunks_that_were_read_as_one() -> None:
    both = answer(
        citations=(
            citation(1, OWNER, OWNER.body.split("\n")[-1]),
            citation(1, TERM, "Notice is due ninety days before."),
        )
    )
    html = sources_html([(1, both)])
    assert html.count('<article class="source"') == 2
    assert html.count('id="s1-1"') == 1
    assert html.index('id="s1-1"') < html.index("Meridian › Term"), "the number stands at the first"
    assert "<mark>Notice is due ninety days before.</mark>" in html


def test_every_turn_has_its_own_sources_and_the_newest_is_shown() -> None:
    html = sources_html([(1, ANSWER), (3, answer(question="And then?"))])
    assert re.findall(r'<section class="([\w ]+)" id="([\w-]+)"', html) == [
        ("turn", "turn-1"),
        ("turn shown", "turn-3"),
    ]
    assert 'id="s1-1"' in html
    assert 'id="s3-1"' in html
    assert "1 of 2" in html
    assert 'href="#turn-3"' in html


def test_a_quote_is_found_where_it_stands() -> None:
    body = TERM.body
    quote = "Notice is due ninety days before."
    right = citation(1, TERM, quote)
    assert [body[a:b] for a, b in marks(TERM, [right])] == [quote]
    displaced = right.__class__(1, quote, right.start + 7, right.end + 7, TERM, 0.5)
    assert [body[a:b] for a, b in marks(TERM, [displaced])] == [quote]
    elsewhere = right.__class__(1, "Not in there.", 0, 13, TERM, 0.5)
    assert marks(TERM, [elsewhere]) == []


def test_documents_and_questions_are_escaped_everywhere() -> None:
    evil = "<img src=x onerror=alert(1)>"
    nasty = chunk(f"Body {evil}", source=f"{evil}/x.md", title=f"T {evil}", heading=f"H {evil}")
    html = sources_html(
        [
            (
                1,
                answer(
                    question=evil,
                    citations=(citation(1, nasty, f"Body {evil}"),),
                    retrieved=(),
                    llm=evil,
                    generation=evil,
                ),
            )
        ]
    )
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") >= 6
    assert 'data-label="&lt;img' in html


def test_a_refusal_shows_what_came_closest_without_numbers() -> None:
    html = sources_html([(1, answer(refused=True, citations=()))])
    assert "Nothing in the documents answers this. These passages came closest:" in html
    assert html.count("<article") == 2
    assert 'class="n"' not in html
    assert "<mark>" not in html


def test_a_fault_and_an_answer_without_quotes() -> None:
    assert "No answer arrived" in sources_html([(1, answer(text="", fault="It is down.", citations=()))])
    assert "quotes no document" in sources_html([(1, answer(citations=(), retrieved=()))])
    assert "came closest" not in sources_html([(1, answer(citations=(), retrieved=()))])


def test_before_the_first_answer() -> None:
    assert "appear here" in sources_html([])


def test_how_it_was_found() -> None:
    html = found_html(ANSWER)
    for expected in (
        "When does the Meridian agreement end?",
        "<dd>42 ms</dd>",
        "612 ms",
        "41 tokens a second",
        "gen-1",
        "[1]",
        "[2]",
    ):
        assert expected in html
    assert "User: &lt;b&gt;when&lt;/b&gt;" in html
    assert html.startswith("<details")
    assert "<details open" not in html


def test_a_query_like_the_question_is_not_repeated() -> None:
    same = answer(question=ANSWER.trace.query)
    assert "Searched for" in found_html(ANSWER)
    assert "Searched for" not in found_html(same)


def test_a_chunk_without_a_title_is_called_by_its_file() -> None:
    bare = chunk("Words.", title="", heading="")
    assert "<h3>contracts/meridian.md</h3>" in sources_html([(1, answer(citations=(citation(1, bare, "Words."),)))])
    assert OWNER.heading.startswith(OWNER.title)
