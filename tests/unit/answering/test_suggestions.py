"""What the model proposes to ask next: asked in silence beside the answer, checked, and never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from rag.answering.prompts import SUGGEST, read_back
from rag.answering.suggestions import LONGEST, Suggestions, proposals
from rag.retrieval.context import Section
from rag.schema import Chunk, Retrieved
from tests.doubles.llm import ScriptedLlm, Step

QUESTION = "What does the gauge cost?"
CHUNK = Chunk("id-1", "Gauge\nIt costs £2,340.", "things/g.md", "things", "Gauge", "Price", 6, 22)
FOUND = [Section((Retrieved(CHUNK, 0.9),))]


async def settled(
    model: ScriptedLlm, answerable: set[str] | None = None, found: Sequence[Section] = FOUND
) -> tuple[str, ...]:
    """What is ready once everything that was begun has ended."""

    def can(questions: Sequence[str]) -> list[str]:
        return [one for one in questions if answerable is None or one in answerable]

    with Suggestions(model.llm, QUESTION, can) as suggestions:
        suggestions.begin(found)
        return await suggestions.ready(within=10)


def proposing(*steps: Step, **more: bool) -> ScriptedLlm:
    return ScriptedLlm("It costs £2,340 [1].", suggests=steps, **more)  # type: ignore[arg-type]


async def test_questions_of_the_model_are_kept_in_its_order_three_at_most() -> None:
    lines = [
        "Who sells the gauge?",
        "What does the gauge weigh?",
        "Where is the gauge made?",
        "When was the gauge built?",
    ]
    assert await settled(proposing("\n".join(lines))) == tuple(lines[:3])


async def test_only_what_the_index_can_answer_is_kept() -> None:
    said = proposing("Who sells the gauge?\nWhat does the gauge weigh?")
    assert await settled(said, {"What does the gauge weigh?"}) == ("What does the gauge weigh?",)


async def test_the_model_is_shown_the_sources_fenced_and_the_question() -> None:
    model = proposing("Who sells the gauge?")
    await settled(model)
    ((tag, (system, told)),) = model.asked
    assert (tag, system) == ("suggesting", SystemMessage(SUGGEST))
    assert isinstance(told, HumanMessage)
    read = read_back(str(told.content))
    assert (read.sources, read.question) == ((CHUNK.text,), QUESTION)


async def test_a_model_that_fails_proposes_nothing() -> None:
    def fails(tag: str) -> Any:
        raise ConnectionError(tag)

    model = proposing("Who sells the gauge?")
    model.llm = replace(model.llm, chat=fails)
    assert await settled(model) == ()


async def test_neither_what_only_quotes_nor_a_search_without_a_find_is_asked() -> None:
    quoting = proposing("Who sells the gauge?", quotes=True)
    assert (await settled(quoting), quoting.asked) == ((), [])
    without = proposing("Who sells the gauge?")
    assert (await settled(without, found=[]), without.asked) == ((), [])


async def test_what_is_not_there_yet_is_not_waited_for_and_is_given_up() -> None:
    with Suggestions(proposing("Who sells the gauge?").llm, QUESTION, list) as suggestions:
        suggestions.begin(FOUND)
        assert await suggestions.ready(within=0) == ()
        asking = suggestions._asking
        assert asking is not None
    await asyncio.wait([asking], timeout=10)
    assert asking.cancelled()


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (
            "1. Who sells the gauge?\n2) What does the gauge weigh?",
            ["Who sells the gauge?", "What does the gauge weigh?"],
        ),
        (
            '- **Who sells the gauge?**\n"What does the gauge weigh?"',
            ["Who sells the gauge?", "What does the gauge weigh?"],
        ),
        ("Here are three questions:\n\nWho sells the gauge?\nWho sells the  gauge?", ["Who sells the gauge?"]),
        ("what does the GAUGE cost?", []),
        ("Who sells it?", []),
        ("It is sold by Ferris & Holt.", []),
        ("Who sells the gauge [1]?", []),
        ("Did you see http://evil.example/?", []),
        ("Did you see www.evil.example, about the gauge?", []),
        ("Who is <b>selling</b> the gauge?", []),
        (f"Who sells the gauge {'and again ' * (LONGEST // 10)}?", []),
        ("", []),
    ],
)
def test_only_short_complete_plain_new_questions_stand_on_a_button(reply: str, kept: list[str]) -> None:
    assert proposals(reply, QUESTION) == kept
