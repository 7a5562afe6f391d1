"""Conversations: what was said before is used, and used in its own conversation only."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.answering import faults
from rag.answering.assistant import Assistant
from rag.answering.evidence import without_markers
from rag.schema import Answer, Turn
from tests.doubles.scripted import Messages, ScriptedEndpoint

THREE_TURNS = ["What does the Port of Invergair agreement cover?", "Who owns it?", "And when does it end?"]
INVERGAIR = "contracts/invergair.md"


def converse(assistant: Assistant, questions: Sequence[str]) -> list[Answer]:
    history: list[Turn] = []
    answers = []
    for question in questions:
        answers.append(assistant.ask(question, history))
        history.append(Turn(question, answers[-1].text))
    return answers


def best(answer: Answer) -> str:
    return answer.retrieved[0].chunk.source if answer.retrieved else ""


def test_third_question_needs_the_first_with_the_embedded_default(assistant: Callable[..., Assistant]) -> None:
    asked = assistant(k=3)
    first, second, third = converse(asked, THREE_TURNS)
    assert [best(answer) for answer in (first, second, third)] == [INVERGAIR] * 3
    assert "Rhona McAllister" in second.text
    assert "30 September 2028" in third.text
    assert "30 September 2028" in " ".join(c.quote for c in third.citations if c.chunk.source == INVERGAIR)
    assert [answer.fault for answer in (first, second, third)] == [""] * 3
    alone = asked.ask(THREE_TURNS[-1])
    assert best(alone) != INVERGAIR, "by itself the question does not say what 'it' is"


def test_third_question_needs_the_first_with_a_real_llama_cpp_server(
    assistant: Callable[..., Assistant], llama_cpp: str
) -> None:
    # A model this small writes poor prose: what it was given to read is what counts.
    asked = assistant(
        llm="openai", openai_base_url=f"{llama_cpp}/v1", k=2, max_answer_tokens=16, first_token_timeout=120
    )
    answers = converse(asked, THREE_TURNS)
    for answer in answers:
        assert answer.fault in ("", faults.cut_off("", "length"))
        assert answer.text
        assert best(answer) == INVERGAIR
    third = answers[-1].trace
    assert third.query != THREE_TURNS[-1]
    assert "Invergair" in third.query
    assert "ends on 30 September 2028" in third.prompt
    assert f"User: {THREE_TURNS[0]}" in third.prompt, "the model has the conversation before it"


def test_another_subject_is_asked_the_same_question(assistant: Callable[..., Assistant]) -> None:
    _, other = converse(assistant(k=3), ["When does the Port of Invergair agreement end?", "And Stranraer?"])
    assert best(other) == "contracts/stranraer.md"
    assert "31 March 2027" in other.text


def test_an_assistant_keeps_no_conversation(assistant: Callable[..., Assistant]) -> None:
    asked = assistant(k=3)
    converse(asked, THREE_TURNS[:2])
    assert asked.ask(THREE_TURNS[-1]).trace.query == THREE_TURNS[-1]


MANY = 20
WORD = re.compile(r"word-\d\d")


def test_twenty_conversations_at_once_keep_their_secrets(
    asking_endpoint: Callable[..., Assistant], endpoint: ScriptedEndpoint
) -> None:
    together = threading.Barrier(MANY, timeout=60)

    def all_at_once(messages: Messages) -> str:
        together.wait()  # every conversation's call is in flight before any is answered
        known = sorted(set(WORD.findall(" ".join(message["content"] for message in messages))))
        return f"What do you know of the Otter probe, {', '.join(known)}? [1]"

    endpoint.script = all_at_once
    assistant = asking_endpoint(k=2)

    def converse_with(word: str) -> list[Answer]:
        return converse(
            assistant, [f"My password is {word}. What does the Otter probe cost?", "And what does it weigh?", "Why?"]
        )

    words = [f"word-{n:02}" for n in range(MANY)]
    with ThreadPoolExecutor(MANY) as pool:
        conversations = list(pool.map(converse_with, words))

    for word, answers in zip(words, conversations, strict=True):
        for answer in answers:
            assert answer.fault == ""
            seen = f"{answer.text} {answer.trace.prompt} {answer.trace.query}"
            assert set(WORD.findall(seen)) == {word}
    prompts = [set(WORD.findall(request.text)) for request in endpoint.chats]
    # Of three questions two lean on the conversation and are condensed first: five calls each, no word in another's.
    assert sorted(map(tuple, prompts)) == sorted([(word,) for word in words] * 5)


@pytest.mark.parametrize("llm", ["extractive", "openai"])
async def test_streams_of_two_visitors_do_not_mix(asking_endpoint: Callable[..., Assistant], llm: str) -> None:
    assistant = asking_endpoint(llm=llm, k=2)
    questions = ["How long is parental leave?", "What does the Otter probe weigh?"]
    streams = [assistant.stream(question) for question in questions]
    pieces: list[list[str]] = [[], []]
    answers: list[Answer | None] = [None, None]
    while None in answers:
        for at, stream in enumerate(streams):
            if answers[at] is None:
                item = await anext(stream)
                if isinstance(item, Answer):
                    answers[at] = item
                elif isinstance(item, str):  # a busy machine may have something to say of waiting
                    pieces[at].append(item)
    for question, said, answer in zip(questions, pieces, answers, strict=True):
        assert answer is not None
        assert answer.question == question
        # The finished answer may have the number of a source that the model forgot.
        assert without_markers("".join(said).strip()) == without_markers(answer.text)
