"""Each sentence of an answer held against its sources: the quote is the file's own text, at the offsets it claims."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence import cite, without_markers
from rag.retrieval.context import Section
from rag.schema import Chunk, Retrieved

Found = Callable[..., list[Retrieved]]

GAUGE = "The gauge costs £2,340. It weighs 4 kg. Maeve Kilbride designed it in Aberystwyth."
LEAVE = "Parental leave lasts twenty-six weeks. It is paid in full."
TABLE = "## Prices\n\n| Product | Price |\n| --- | --- |\n| Otter 3 | £4,100 |\n| Lantern | £390 |"


def alone(items: list[Retrieved]) -> list[Section]:
    return [Section((item,)) for item in items]


SENTENCES = [
    "The gauge costs £2,340.",
    "It weighs 4 kg.",
    "Ménière's ☂ café!",
    "- a list item",
    "| Otter | £4 |",
    "| --- | --- |",
    "## A heading",
    "Mr. Frew said: “yes.”",
    "",
]
bodies = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=5).map("\n".join).filter(str.strip)
answers = st.lists(
    st.sampled_from(["The gauge costs £2,340", " [1]", " [2]", ". ", "\n", "It weighs 4 kg", "Nobody knows ☂"]),
    max_size=9,
).map("".join)


@given(st.lists(bodies, min_size=1, max_size=3), answers, st.integers(0, 50))
def test_every_quote_is_the_files_own_text_and_every_number_has_one(texts: list[str], answer: str, before: int) -> None:
    files = ["x" * before + body + " and more" for body in texts]
    found = [
        Retrieved(Chunk(str(n), f"Title\n{body}", f"{n}.md", "t", "Title", "", before, before + len(body)), 0.5)
        for n, body in enumerate(texts)
    ]
    order = list(range(1, len(found) + 1))
    answer = re.sub(r"\[(\d)\]", lambda m: m[0] if int(m[1]) <= len(found) else "", answer)
    text, citations = cite(answer, order, alone(found))
    for citation in citations:
        assert citation.quote == files[int(citation.chunk.source[0])][citation.start : citation.end]
        assert citation.quote.strip()
        assert citation.chunk.start <= citation.start < citation.end <= citation.chunk.end
    assert {citation.n for citation in citations} == {int(n) for n in re.findall(r"\[(\d+)\]", text)}
    assert [(c.n, c.start) for c in citations] == sorted((c.n, c.start) for c in citations)
    assert len({(c.n, c.start) for c in citations}) == len(citations)
    assert without_markers(text).split() == without_markers(answer).split(), "only numbers were added"


def test_number_stands_for_the_source_the_filter_saw_and_quotes_its_best_sentence(found: Found) -> None:
    items = found(LEAVE, GAUGE)
    text, (citation,) = cite("It was designed by Maeve Kilbride [1].", [2], alone(items))
    assert text == "It was designed by Maeve Kilbride [1]."
    assert citation.n == 1
    assert citation.chunk is items[1].chunk
    assert citation.score == items[1].score
    assert citation.quote == "Maeve Kilbride designed it in Aberystwyth."
    assert citation.start == items[1].chunk.start + GAUGE.index("Maeve")


def test_two_sentences_of_one_source_are_two_citations_in_the_order_of_the_file(found: Found) -> None:
    _, citations = cite("It weighs 4 kg [1]. The gauge costs £2,340 [1].", [1], alone(found(GAUGE)))
    assert [(c.n, c.quote) for c in citations] == [(1, "The gauge costs £2,340."), (1, "It weighs 4 kg.")]


def test_the_same_sentence_is_cited_once(found: Found) -> None:
    _, citations = cite("It costs £2,340 [1]. So £2,340 is what it costs [1].", [1], alone(found(GAUGE)))
    assert [c.quote for c in citations] == ["The gauge costs £2,340."]


def test_citations_come_in_the_order_of_their_numbers(found: Found) -> None:
    _, citations = cite(
        "Leave lasts twenty-six weeks [2]. The gauge weighs 4 kg [1].", [2, 1], alone(found(LEAVE, GAUGE))
    )
    assert [(c.n, c.quote) for c in citations] == [
        (1, "It weighs 4 kg."),
        (2, "Parental leave lasts twenty-six weeks."),
    ]


def test_number_behind_the_full_stop_belongs_to_the_sentence_before_it(found: Found) -> None:
    _, citations = cite(
        "The gauge weighs 4 kg. [1] Parental leave lasts twenty-six weeks. [2]", [1, 2], alone(found(GAUGE, LEAVE))
    )
    assert [(c.n, c.quote) for c in citations] == [
        (1, "It weighs 4 kg."),
        (2, "Parental leave lasts twenty-six weeks."),
    ]


def test_sentence_without_a_number_gets_one_where_a_source_plainly_holds_it(found: Found) -> None:
    text, (citation,) = cite("Maeve Kilbride designed the gauge in Aberystwyth.", [], alone(found(LEAVE, GAUGE)))
    assert text == "Maeve Kilbride designed the gauge in Aberystwyth. [1]"
    assert citation.quote == "Maeve Kilbride designed it in Aberystwyth."


def test_added_number_follows_those_that_are_there(found: Found) -> None:
    said = "Parental leave lasts twenty-six weeks [1]. Maeve Kilbride designed the gauge."
    text, citations = cite(said, [1], alone(found(LEAVE, GAUGE)))
    assert text.endswith("designed the gauge. [2]")
    assert [(c.n, c.chunk.title) for c in citations] == [(1, "Document 1"), (2, "Document 2")]


@pytest.mark.parametrize(
    "said",
    [
        "The gauge costs £2,430 and was designed by Maeve Kilbride.",  # another number than the source's
        "The harbour at Invergair froze over during the winter storms.",  # in no source
        "Here it is:",  # says nothing
        "What the gauge costs, and who designed it:",  # opens a list
        "What does the gauge cost?",
        "Yes.",
    ],
)
def test_sentence_that_no_source_plainly_holds_gets_no_number(said: str, found: Found) -> None:
    assert cite(said, [], alone(found(LEAVE, GAUGE))) == (said, ())


def test_a_tables_row_is_quoted_not_its_head_or_heading(found: Found) -> None:
    _, (citation,) = cite("The price of the product Lantern is £390 [1].", [1], alone(found(TABLE)))
    assert citation.quote == "| Lantern | £390 |"


def test_without_sources_or_text_there_is_nothing_to_cite(found: Found) -> None:
    assert cite("", [], []) == ("", ())
    assert cite("Nothing is held.", [], []) == ("Nothing is held.", ())


@pytest.mark.parametrize(
    ("said", "bare"),
    [
        ("Two pounds [1][2], four [3].", "Two pounds, four."),
        ("See [2](http://a) and [TF-C-1].", "See [2](http://a) and [TF-C-1]."),
    ],
)
def test_markers_leave_an_answer_that_enters_the_history(said: str, bare: str) -> None:
    assert without_markers(said) == bare


def test_number_at_the_end_of_a_line_speaks_for_the_sentences_before_it(found: Found) -> None:
    said = "Parental leave lasts twenty-six weeks. It may be split. [1]"
    assert cite(said, [1], alone(found(LEAVE, GAUGE)))[0] == said


def test_a_number_of_joined_chunks_quotes_the_chunk_that_proves_it() -> None:
    text = f"{GAUGE}\n\n{LEAVE}"
    at = len(GAUGE) + 2
    gauge = Retrieved(Chunk("1", f"Title\n{GAUGE}", "a.md", "t", "Title", "", 0, len(GAUGE)), 0.5)
    leave = Retrieved(Chunk("2", f"Title\n{LEAVE}", "a.md", "t", "Title", "", at, len(text)), 0.4)
    _, (first, second) = cite("It weighs 4 kg [1]. Leave is paid in full [1].", [1], [Section((gauge, leave))])
    assert (first.chunk.chunk_id, first.quote) == ("1", "It weighs 4 kg.")
    assert (second.chunk.chunk_id, second.quote) == ("2", "It is paid in full.")
    assert text[second.start : second.end] == second.quote


def test_a_number_in_code_is_no_marker_and_code_gets_none(found: Found) -> None:
    rows = "Maeve Kilbride designed it in Aberystwyth."
    said = f"Write `rows[1]` or `[2]` so:\n\n```\n{rows}\nrows[1] = 2\n```"
    assert cite(said, [1], alone(found(GAUGE))) == (said, ())
    assert without_markers(f"{said}\nDone [1].") == f"{said}\nDone."
    text, (citation,) = cite("`gauge[7]` weighs 4 kg [1].", [1], alone(found(GAUGE)))
    assert (text, citation.quote) == ("`gauge[7]` weighs 4 kg [1].", "It weighs 4 kg.")
