"""Sentences held against their sources. The word pieces are words, and two of them meet when they are the same word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from rag.answering.meeting import Meeting, Met
from rag.answering.support import Checked, Evidence
from rag.documents.sentences import sentence_starts
from rag.retrieval.context import Section
from rag.schema import Chunk, Retrieved

WORD = re.compile(r"\w+")


def spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in WORD.finditer(text)]


def evidence(found: Sequence[Section], question: str, log: list[str] | None = None) -> Evidence:
    """`log` gets each sentence that is read."""
    texts = [item.chunk.text for one in found for item in one.chunks]

    def meet(questions: Sequence[str]) -> list[Meeting]:
        if log is not None:
            log.extend(questions)
        return [_same_words(question, texts) for question in questions]

    return Evidence(found, question, meet)


def _same_words(question: str, texts: Sequence[str]) -> Meeting:
    asked = WORD.findall(question.lower())
    met = [
        Met(
            spans(text),
            np.array([[word == other for other in asked] for word in WORD.findall(text.lower())], np.float32),
        )
        for text in texts
    ]
    weights = np.full(len(asked), 1 / max(1, len(asked)), np.float32)
    return Meeting(np.zeros(1, np.float32), weights, met, spans(question))


def section(text: str, source: str = "contracts/a.md") -> Section:
    return Section((Retrieved(Chunk(source, text, source, "contracts", "Title", "", 0, len(text)), 0.9),))


PORT = section(
    "The Port of Invergair agreement ends on 30 September 2028. Notice must be given ninety days before. "
    "The monthly fee is £4,200. Rhona McAllister signs every change order. The yearly audit costs £310.",
)
STAFF = section("Rhona McAllister joined in May 2019 and has her desk in Oban.", "employees/rhona.md")


def check(text: str, *found: Section, question: str = "When does it end?", cited: int = 2) -> list[Checked]:
    return list(evidence(found or (PORT, STAFF), question).check(text, {n: n for n in range(1, cited + 1)}))


def why(text: str, *found: Section, **more: str) -> list[str]:
    return [one.why for one in check(text, *found, **more) if one.why]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "The agreement ends on 30 September 2028 [1].",
        "The Invergair agreement ends on 30 September [1]. Notice must be given 90 days before [1].",
        "The monthly fee is 4200 [1].",
        "Rhona McAllister has her desk in Oban [2].",
        "- **The monthly fee** is £4,200 [1]",
        "The monthly fee and the yearly audit are £4,200 and £310, which is £4,510 [1].",
    ],
)
def test_what_the_sources_say_is_not_marked(text: str) -> None:
    assert why(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "The agreement ends on 30 September 2029 [1].",
            "The sources say 30 September 2028 there, not 30 September 2029.",
        ),
        ("Notice must be given 60 days before [1].", "The sources say ninety there, not 60."),
        ("The monthly fee is £310 [1].", "The sources say 4,200 there, not 310."),
        ("Then Callum McAllister signs every change order [1].", "Callum is not named in the sources."),
        ("Staff receive a generous pension and free lunches [1].", "No passage says this."),
        ("The lighthouse blinks 14 times [1].", "14 is not in the sources."),
    ],
)
def test_what_they_do_not_say_is_marked_with_the_reason(text: str, reason: str) -> None:
    assert why(text) == [reason]


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "Here is what I found:",
        "Do you want to know more about the parking garage?",
        "The sources do not say who owns the swimming pool.",
        "I hope that this answers your question about the lighthouse.",
    ],
)
def test_what_claims_nothing_is_passed_over(text: str) -> None:
    assert check(text) == []


def test_a_sentence_is_told_by_its_place() -> None:
    text = "The agreement ends on 30 September 2028 [1]. The lighthouse blinks 14 times [1]."
    (marked,) = [one for one in check(text) if one.why]
    assert text[marked.start : marked.end].startswith("The lighthouse blinks 14 times")


def test_the_number_at_the_end_of_a_line_speaks_for_the_sentences_before_it() -> None:
    first, second = check("The monthly fee is £4,200. Notice must be given ninety days before [1].")
    assert first.also == second.also == ()


def test_a_source_that_holds_a_fact_and_is_not_cited_is_named() -> None:
    (one,) = check("Rhona McAllister joined in May 2019 and has her desk in Oban [1].", cited=1)
    assert (one.why, one.also) == ("", (2,))


def test_without_numbers_any_source_will_do() -> None:
    assert why("Rhona McAllister joined in May 2019.") == []


def test_a_name_of_the_question_needs_no_source() -> None:
    assert (
        why("For Kittiwake the agreement ends on 30 September 2028 [1].", question="When does Kittiwake's end?") == []
    )


def test_without_sources_nothing_is_borne_out() -> None:
    (one,) = evidence((), "?").check("The monthly fee is £4,200.", {})
    assert one.why == "Nothing was found that says this."


def test_two_documents_that_differ_are_said_to_disagree() -> None:
    other = section("The monthly fee is £4,500 for the Port of Invergair agreement.", "meetings/june.md")
    text = "The monthly fee for the Port of Invergair agreement is £4,200 [1]."
    own = section("The monthly fee is £4,200 for the Port of Invergair agreement.")
    (one,) = check(text, own, other)
    assert one.disputed
    assert one.why == "Sources disagree: contracts/a.md says 4,200, meetings/june.md says 4,500."
    elsewhere = section("The monthly fee is £4,500 for the Port of Stranraer agreement.", "meetings/june.md")
    (one,) = check(text, own, elsewhere)
    assert not one.disputed, "another port has another fee"
    repeated = section(
        "The monthly fee is £4,200 for the Port of Invergair agreement, once £4,500.", "meetings/june.md"
    )
    (one,) = check(text, own, repeated)
    assert not one.disputed, "it says the same, too"


ANSWER = (
    "The agreement ends on 30 September 2028 [1]. Notice must be given sixty days before [1].\n\n"
    "- The monthly fee is £4,200. Rhona McAllister joined in May 2019 [2].\n- The monthly fee is £4,200 [1]."
)


@pytest.mark.parametrize("upto", range(6))
def test_what_was_judged_ahead_is_judged_the_same_and_once(upto: int) -> None:
    ahead: list[str] = []
    alone: list[str] = []
    one, other = (evidence((PORT, STAFF), "When does it end?", log) for log in (ahead, alone))
    starts, sources = [0, *sentence_starts(ANSWER)], {1: 1, 2: 2}
    for start in starts[:upto]:
        one.judge(ANSWER[:start], sources)
    assert list(one.check(ANSWER, sources)) == list(other.check(ANSWER, sources))
    assert sorted(ahead) == sorted(alone), "nothing is read twice"


def test_only_sentences_that_name_their_sources_are_judged_ahead() -> None:
    log: list[str] = []
    evidence((PORT, STAFF), "When?", log).judge(
        "The fee is £4,200. Notice must be given early [1]. It ends in 2028.", {1: 1}
    )
    assert log == ["Notice must be given early."]


def test_the_same_sentence_is_judged_by_what_it_cites() -> None:
    text = "Rhona McAllister joined in May 2018 [1]. Rhona McAllister joined in May 2018 [2]."
    first, second = check(text)
    assert first.why
    assert second.why
    assert first.why != second.why
    assert (first.start, second.start) == (0, 41)
