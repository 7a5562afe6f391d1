"""What could be asked next."""

from __future__ import annotations

from rag.answering.follow_ups import follow_ups
from rag.schema import Answer, Citation, Retrieved
from tests.unit.web.samples import chunk

CITED = chunk("It ends on 30 June.", heading="Term and notice")
BESIDE = chunk("The fee is 4,200 EUR a month.", heading="Fees and indexation")
OTHER = chunk(
    "She has her desk in Bergen.", source="employees/ingrid.md", title="Ingrid Solheim", heading="Her desk in Bergen"
)
VAGUE = chunk("So it goes.", source="notes/a.md", title="Notes", heading="Notes")


def answered(*found: object, **more: object) -> Answer:
    citation = Citation(1, CITED.body, CITED.start, CITED.end, CITED, 0.9)
    retrieved = tuple(Retrieved(one, 0.9 - 0.1 * n) for n, one in enumerate(found))  # type: ignore[arg-type]
    return Answer("When?", "It ends on 30 June [1].", (citation,), retrieved=retrieved, **more)  # type: ignore[arg-type]


def test_other_places_of_the_quoted_document_come_first() -> None:
    asked = follow_ups(answered(OTHER, CITED, BESIDE, VAGUE))
    assert asked == [
        "What does \u201cMeridian\u201d say about Fees and indexation?",
        "What does \u201cIngrid Solheim\u201d say about Her desk in Bergen?",
    ]


def test_nothing_is_asked_twice() -> None:
    first = follow_ups(answered(BESIDE))
    assert len(first) == 1
    assert follow_ups(answered(BESIDE), frozenset(first)) == []


def test_three_at_most_and_none_after_a_fault() -> None:
    many = [chunk("Text.", source=f"notes/{n}.md", heading=f"Heading number {n}") for n in range(6)]
    assert len(follow_ups(answered(*many))) == 3
    assert follow_ups(answered(*many, fault="It is down.")) == []


def test_what_the_model_proposed_comes_first_and_headings_fill_the_rest() -> None:
    asked = follow_ups(
        answered(BESIDE, suggestions=("Who signed the Meridian contract?", "When?")), frozenset({"When?"})
    )
    assert asked == [
        "Who signed the Meridian contract?",
        "What does \u201cMeridian\u201d say about Fees and indexation?",
    ]
