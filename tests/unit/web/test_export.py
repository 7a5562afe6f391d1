"""A conversation as a file."""

from __future__ import annotations

from datetime import date

from rag.schema import Doubt
from rag.web import record
from rag.web.answer_text import linked, with_notice
from rag.web.export import exported
from tests.unit.web.samples import ANSWER, answer

DAY = date(2026, 11, 2)


def test_answers_stand_with_the_passages_of_their_numbers() -> None:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "When does\nit end?"}]},
        {"role": "assistant", "content": linked(ANSWER.text, 1), "metadata": record.metadata(ANSWER)},
    ]
    assert (
        exported(messages, DAY)
        == """# Conversation of 2 November 2026

## When does it end?

On 30 June 2027 [1]. Ask Ingrid [2].

[1] Meridian › Term (`contracts/meridian.md`)

> It ends on **30 June 2027**.

[1] Meridian › Term (`contracts/meridian.md`)

> Notice is due ninety days before.

[2] Ingrid Solheim › Role (`employees/ingrid.md`)

> Ingrid owns it.
"""
    )


def test_doubts_and_faults_are_in_it() -> None:
    text = "On 30 July 2027 [1]."
    doubted = answer(text=text, doubts=(Doubt(0, len(text), "It says June."),), fault="It was cut off.")
    said = exported([{"role": "assistant", "content": "", "metadata": record.metadata(doubted)}], DAY)
    assert "\u201cOn 30 July 2027 [1].\u201d It says June." in said
    assert "*It was cut off.*" in said


def test_what_the_page_said_stands_as_it_stood() -> None:
    messages = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": with_notice("", "It cannot be reached.")},
    ]
    assert exported(messages, DAY).endswith("## ?\n\nIt cannot be reached.\n")
