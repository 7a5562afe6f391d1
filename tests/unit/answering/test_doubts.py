"""A finished answer with the numbers it lacked, and with its doubts where they stand."""

from __future__ import annotations

from rag.answering.doubts import doubted
from rag.answering.evidence import cite
from tests.unit.answering.test_support import PORT, STAFF, evidence

FOUND = [PORT, STAFF]


def after(text: str, order: list[int]) -> tuple[str, set[tuple[int, str]], list[str]]:
    cited, citations = cite(text, order, FOUND)
    said, citations, doubts = doubted(cited, citations, evidence(FOUND, "When?"))
    return said, {(c.n, c.chunk.source) for c in citations}, [said[doubt.start : doubt.end] for doubt in doubts]


def test_what_is_borne_out_stays_as_it_is() -> None:
    text = "The agreement ends on 30 September 2028 [1]."
    assert after(text, [1]) == (text, {(1, PORT.source)}, [])


def test_a_source_that_was_not_cited_gets_a_number_behind_the_others() -> None:
    said, cited, doubts = after("Rhona McAllister joined in May 2019 and has her desk in Oban. [1]", [1])
    assert said == "Rhona McAllister joined in May 2019 and has her desk in Oban. [1] [2]"
    assert cited == {(1, PORT.source), (2, STAFF.source)}
    assert doubts == []


def test_doubts_point_into_the_text_as_it_is_now() -> None:
    text = "Rhona McAllister joined in May 2019 and has her desk in Oban [1]. The lighthouse blinks 14 times [1]."
    said, _, doubts = after(text, [1])
    assert len(said) > len(text)
    assert doubts == ["The lighthouse blinks 14 times [1]."]


def test_an_answer_without_numbers_is_held_against_everything() -> None:
    said, cited, doubts = after("Yes. The lighthouse blinks 14 times.", [])
    assert (cited, doubts) == (set(), ["The lighthouse blinks 14 times."])
    assert said == "Yes. The lighthouse blinks 14 times."
