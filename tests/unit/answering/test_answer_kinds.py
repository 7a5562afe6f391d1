"""What a question asks for, and what a sentence must newly say to hold it."""

from __future__ import annotations

import pytest

from rag.answering.answer_kinds import Asked


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("What do you charge for a call-out?", "Each costs £410.", 1.0),
        ("What do you charge for a call-out?", "Each is charged.", 0.0),
        ("What did she earn in 2024?", "She earned $64,300.", 1.0),
        ("What did she earn in 2024?", "We don't ask what you earn.", 0.0),
        ("When does it end?", "It ends on 30 September 2028.", 1.0),
        ("When does it end?", "It may end.", 0.0),
        ("When was the June drill?", "There was a drill in June.", 0.0),
        ("When was the June drill?", "The June drill was on 10 June.", 1.0),
        ("How many gauges?", "It has nine gauges.", 1.0),
        ("Who is the trustee?", "Alasdair Renwick is.", 1.0),
        ("Who is the trustee?", "A solicitor is.", 0.0),
        ("Who is Alasdair Renwick?", "Alasdair Renwick came.", 0.0),
        ("Who came and when?", "Alasdair Renwick came.", 0.5),
        ("Why is it less accurate?", "In 2028, Alasdair Renwick paid £3.", 0.0),
    ],
)
def test_held_is_the_share_of_kinds_that_a_sentence_newly_holds(question: str, text: str, held: float) -> None:
    assert Asked(question).held(text) == held
