"""What does not come, does not end or does not fit: bounded history, packed sources, deadlines, faults that keep the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from rag.answering import faults
from rag.answering.prompts import read_back
from rag.schema import Retrieved, Turn
from tests.doubles.llm import ScriptedLlm, Step, for_ever
from tests.unit.answering.asking import Asking

Found = Callable[..., list[Retrieved]]


@pytest.fixture
async def an_hour() -> Callable[[], object]:
    """A step after which the event loop's clock has moved on by an hour: deadlines pass without anybody waiting."""
    loop = asyncio.get_running_loop()
    clock, late = loop.time, 0.0
    loop.time = lambda: clock() + late  # type: ignore[method-assign]

    async def wait() -> None:
        nonlocal late
        late += 3600
        for _ in range(1000):
            await asyncio.sleep(0)
        raise AssertionError("an hour has passed, and nobody looked at the clock")

    return wait


async def shown() -> None:
    """A step after which what was said has been heard."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_model_that_never_speaks_ends_in_a_sentence(asking: Asking, an_hour: Step) -> None:
    answer = await asking.ask(ScriptedLlm(an_hour, "too late"))
    assert answer.fault == "The scripted model did not answer in time. Ask again, or choose another model."
    assert answer.text == "" == "".join(asking.shown)
    assert not answer.refused


async def test_empty_pieces_are_no_speech(asking: Asking, an_hour: Step) -> None:
    # Servers open a stream with an empty piece at once, however long they will think.
    asked = asking.ask(ScriptedLlm("", an_hour), answer_timeout=10**9, stall_timeout=10**9)
    assert (await asked).fault == "The scripted model did not answer in time. Ask again, or choose another model."


@pytest.mark.parametrize("pieces", [1, 3])
async def test_one_that_stalls_keeps_what_arrived(asking: Asking, an_hour: Step, pieces: int) -> None:
    said = ["The gauge costs £2,340 [1]. ", "It weighs 4 kg [1]. ", "And "][:pieces]
    answer = await asking.ask(ScriptedLlm(*said, shown, an_hour, "too late"), answer_timeout=10**9)
    assert answer.fault == "The scripted model stopped in the middle of its answer. Ask again, or choose another model."
    assert answer.text == "".join(said).strip()
    assert answer.citations
    assert not answer.refused


async def test_what_was_held_back_as_a_marker_is_not_lost(asking: Asking, an_hour: Step) -> None:
    answer = await asking.ask(ScriptedLlm("See [", an_hour))
    assert answer.text == "See [" == "".join(asking.shown)


async def test_one_that_dribbles_for_ever_is_cut_off(asking: Asking, an_hour: Step) -> None:
    answer = await asking.ask(ScriptedLlm("On ", "and ", an_hour), stall_timeout=10**9)
    assert answer.text == "On and"
    assert "took too long" in answer.fault


async def test_the_next_question_works(asking: Asking, an_hour: Step) -> None:
    await asking.ask(ScriptedLlm(an_hour))
    answer = await asking.ask(ScriptedLlm("£2,340 [1]."))
    assert (answer.text, answer.fault) == ("£2,340 [1].", "")


async def test_a_fault_in_the_middle_keeps_what_arrived(asking: Asking) -> None:
    answer = await asking.ask(ScriptedLlm("It costs £2,340 [1]. It ", RuntimeError("sk-secret")))
    assert answer.text == "It costs £2,340 [1]. It"
    assert [c.quote for c in answer.citations] == ["The gauge costs £2,340."]
    assert answer.fault == "The scripted model could not answer (RuntimeError). Ask again, or choose another model."


FOLLOW_UP = "And how long is it?"
TALK = [Turn("What is the Kestrel L2?", "A gauge.")]


def condensing(step: Step) -> ScriptedLlm:
    """A model that answers, and does only this when it is to rewrite a question."""
    model = ScriptedLlm("4 m [1].")
    model.llm.chat("condensing").script = lambda messages: [step]  # type: ignore[attr-defined]
    return model


@pytest.mark.parametrize("fault", [TimeoutError(), ValueError("no answer"), RuntimeError("other")])
async def test_a_fault_while_condensing_leaves_it_to_our_own_rewriting(asking: Asking, fault: Exception) -> None:
    answer = await asking.ask(condensing(fault), FOLLOW_UP, TALK)
    assert (answer.text, answer.fault) == ("4 m [1].", "")
    assert answer.trace.query == "And how long is it? (Kestrel L2)"


async def test_a_rewriting_that_takes_long_is_not_waited_for(asking: Asking, an_hour: Step) -> None:
    answer = await asking.ask(condensing(an_hour), FOLLOW_UP, TALK, answer_timeout=10**9)
    assert (answer.text, answer.fault) == ("4 m [1].", "")


async def test_a_rewriting_has_no_more_time_than_the_answer(asking: Asking, an_hour: Step) -> None:
    answer = await asking.ask(condensing(an_hour), FOLLOW_UP, TALK, first_token_timeout=10**9)
    assert answer.fault == "The scripted model did not answer in time. Ask again, or choose another model."
    assert asking.searched == []


async def test_an_endpoint_that_is_not_there_is_told_before_anything_is_searched(asking: Asking) -> None:
    import httpx
    import openai

    gone = openai.APIConnectionError(request=httpx.Request("POST", "http://127.0.0.1:1"))  # type: ignore[arg-type]
    answer = await asking.ask(condensing(gone), FOLLOW_UP, TALK)
    assert answer.fault.startswith("The scripted model cannot be reached.")
    assert asking.searched == []


@pytest.mark.parametrize("said", [[], [""], [" ", "\n"]])
async def test_an_answer_without_a_word_is_a_fault(asking: Asking, said: list[str]) -> None:
    answer = await asking.ask(ScriptedLlm(*said))
    assert answer.fault == "The scripted model sent an empty answer. Ask again, or choose another model."


@pytest.mark.parametrize("reason", ["", "content_filter", "error"])
async def test_a_stream_that_ends_without_a_good_reason_is_marked(asking: Asking, reason: str) -> None:
    answer = await asking.ask(ScriptedLlm("It costs £2,340 [1].", finish=reason))
    assert answer.text == "It costs £2,340 [1]."
    assert answer.citations
    assert answer.fault == faults.ended("The scripted model", reason) != ""


async def test_one_that_never_stops_is_stopped(asking: Asking) -> None:
    model = ScriptedLlm(*["word " * 100] * 10_000)
    answer = await asking.ask(model, max_answer_tokens=16)
    assert len(answer.text) <= 16 * 32 + 500
    assert answer.fault.startswith("The answer was cut off at its longest allowed length.")


@pytest.mark.parametrize(("read", "whole"), [(0, True), (10_000, True), (20, False)])
async def test_a_prompt_that_was_read_in_part_is_told(asking: Asking, read: int, whole: bool) -> None:
    answer = await asking.ask(ScriptedLlm("£2,340 [1].", read=read))
    assert answer.text == "£2,340 [1]."
    assert answer.fault == ("" if whole else faults.read_in_part("The scripted model"))


async def test_an_answer_of_full_length_says_so(asking: Asking) -> None:
    answer = await asking.ask(ScriptedLlm("It costs £2,340 and", finish="length"))
    assert answer.text.startswith("It costs £2,340 and")
    assert answer.fault.startswith("The answer was cut off at its longest allowed length.")


LONG_TALK = [Turn(f"Question {n} about the Kestrel L2?", f"Answer {n}.") for n in range(12)]


def said_before(model: ScriptedLlm) -> list[str]:
    _, messages = model.asked[-1]
    return [str(message.content) for message in messages[1:-1]]


@pytest.mark.parametrize(("turns", "kept"), [(6, [6, 7, 8, 9, 10, 11]), (1, [11]), (0, []), (50, list(range(12)))])
async def test_history_is_bounded_by_turns(asking: Asking, turns: int, kept: list[int]) -> None:
    model = ScriptedLlm("4 kg [1].")
    await asking.ask(model, history=LONG_TALK, history_turns=turns)
    expected = [text for n in kept for text in (f"Question {n} about the Kestrel L2?", f"Answer {n}.")]
    assert said_before(model) == expected


async def test_history_is_bounded_by_what_the_model_reads(asking: Asking) -> None:
    model = ScriptedLlm("4 kg [1].", context_tokens=1000)
    long = [Turn(f"Question {n}?", f"{n} " + "words " * 60) for n in range(6)]
    await asking.ask(model, history=long)
    said = said_before(model)
    assert said, "the latest turn fits"
    assert said[-2] == "Question 5?"
    assert len(said) < 12
    assert sum(map(len, said)) < 1000


async def test_sources_are_packed_into_a_small_context(asking: Asking, found: Found) -> None:
    asking.found = found(*(f"Gauge {n}. " + "word " * 100 for n in range(10)))
    model = ScriptedLlm("4 kg [1].", context_tokens=1500)
    answer = await asking.ask(model, max_answer_tokens=200)
    prompt = "".join(str(message.content) for message in model.asked[0][1])
    assert 1 <= len(answer.retrieved) < 10
    assert answer.retrieved == tuple(asking.found[: len(answer.retrieved)]), "the best ones are kept"
    assert read_back(str(model.asked[0][1][-1].content)).sources == tuple(i.chunk.text for i in answer.retrieved)
    assert len(prompt) / 3.5 <= 1500 - 200


async def test_at_least_one_source_is_given_however_small_the_context(asking: Asking) -> None:
    model = ScriptedLlm("4 kg [2].", context_tokens=64)
    answer = await asking.ask(model)
    assert answer.retrieved == tuple(asking.found[:1])
    assert answer.text == "4 kg.", "a number of a source that was left out names none"


async def test_closing_the_answer_stops_the_model(asking: Asking) -> None:
    spoke, stopped = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        try:
            await for_ever()
        finally:
            stopped.set()

    asked = asyncio.create_task(asking.ask(ScriptedLlm("It ", wait, "costs"), emit=lambda piece: spoke.set()))
    await asyncio.wait_for(spoke.wait(), 10)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.wait_for(stopped.wait(), 10)
