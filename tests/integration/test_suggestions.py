"""What could be asked next, asked of an endpoint beside the answer and checked against the index."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rag.answering.assistant import Assistant
from rag.schema import Answer
from tests.doubles.replies import Fails, Says
from tests.doubles.scripted import Messages, ScriptedEndpoint

QUESTION = "When does the Port of Invergair agreement end?"
GOOD = "It ends on 30 September 2028 [1]."
ANSWERABLE = "What is the fee of the Port of Invergair agreement?"
FOREIGN = "Which volcano erupted in Iceland during 2010?"


async def answer(assistant: Assistant, *, suggest: bool = True) -> Answer:
    pieces = [piece async for piece in assistant.stream(QUESTION, suggest=suggest)]
    assert isinstance(pieces[-1], Answer)
    return pieces[-1]


def proposing(endpoint: ScriptedEndpoint, *questions: str) -> None:
    """The answer ends well after these were proposed, as a long one does."""
    proposed = threading.Event()
    endpoint.script = lambda messages: Says(GOOD, gate=proposed)

    def suggests(messages: Messages) -> str:
        threading.Timer(2, proposed.set).start()
        return "\n".join(questions)

    endpoint.suggests = suggests


async def test_what_the_index_can_answer_is_proposed(
    asking_endpoint: Callable[..., Assistant], endpoint: ScriptedEndpoint
) -> None:
    proposing(endpoint, FOREIGN, ANSWERABLE)
    answered = await answer(asking_endpoint())
    assert (answered.text, answered.suggestions, answered.fault) == (GOOD, (ANSWERABLE,), "")
    (asked,) = endpoint.suggestions
    assert asked.body["max_tokens"] < endpoint.chats[0].body["max_tokens"], "a small model may go on and on"
    assert QUESTION in asked.text
    assert "Invergair" in asked.text.replace(QUESTION, ""), "with what was found"


async def test_nobody_waits_for_a_slow_or_broken_proposal(
    asking_endpoint: Callable[..., Assistant], endpoint: ScriptedEndpoint
) -> None:
    for reply in (Says("Never?", hang_after=0), Fails(429, "{}"), Fails(500, "no")):
        endpoint.suggests = lambda messages, reply=reply: reply  # type: ignore[misc]
        answered = await answer(asking_endpoint())
        assert (answered.text, answered.suggestions, answered.fault) == (GOOD, (), "")


async def test_it_is_asked_for_only_where_it_is_shown_and_wanted(
    asking_endpoint: Callable[..., Assistant], endpoint: ScriptedEndpoint
) -> None:
    await answer(asking_endpoint(), suggest=False)
    await answer(asking_endpoint(follow_ups="headings"))
    assert asking_endpoint().ask(QUESTION).text == GOOD
    assert endpoint.suggestions == []
