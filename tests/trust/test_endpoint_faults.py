"""The promise: every endpoint fault ends in one plain sentence within its deadline; cut answers are marked; the next question
works. Each fault of endpoint_plays.py, in the call that rewrites a follow-up and in the one that answers, over real sockets.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from rag.answering.assistant import Assistant
from rag.index.open import IndexReader
from rag.schema import Answer, Notice, Turn
from tests.doubles.replies import SECRET
from tests.trust.endpoint_faults import FAULTS
from tests.trust.raw_endpoint import GOOD, RawEndpoint

Asks = Callable[..., Assistant]
QUESTION, FOLLOW_UP = "When does the Port of Invergair agreement end?", "And when does it end?"
SHORT = {"connect_timeout": 2, "first_token_timeout": 8, "stall_timeout": 2, "answer_timeout": 11}
CALLS = ("answering", "condensing")
AT_ONCE = 6


@dataclass
class Result:
    """What came of one fault, and of the next question."""

    answer: Answer
    shown: str
    notices: list[str]
    seconds: float
    after: Answer


async def ask(assistant: Assistant, question: str, history: list[Turn]) -> tuple[Answer, str, list[str], float]:
    began = time.monotonic()
    shown, notices = "", []
    async for item in assistant.stream(question, history):
        if isinstance(item, Answer):
            return item, shown, notices, time.monotonic() - began
        if isinstance(item, Notice):
            notices.append(item.text)
        else:
            shown += item
    raise AssertionError("the stream ended without an answer")


@pytest.fixture(scope="module")
def results(assistant: Asks) -> dict[tuple[str, str], Result]:
    """All faults, some at once; every one has an assistant of its own, which is then asked again."""

    async def everything(server: RawEndpoint) -> dict[tuple[str, str], Result]:
        some = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, call: str) -> tuple[tuple[str, str], Result]:
            path = name.replace("/", "-").replace(" ", "+")
            async with some:
                asked = assistant(llm="openai", openai_base_url=f"{server.root}/{path}/{call}/v1", k=2, **SHORT)
                asked._reader = readers[0]  # opened once: it is not the index that is tried here
                history = [] if call == "answering" else [Turn(QUESTION, GOOD)]
                question = QUESTION if call == "answering" else FOLLOW_UP
                answer, shown, notices, seconds = await ask(asked, question, history)
                server.healed.add(f"{path}/{call}")
                after, *_ = await ask(asked, question, [*history, Turn(question, answer.text or "None.")])
                return (name, call), Result(answer, shown, notices, seconds, after)

        return dict(await asyncio.gather(*(one(name, call) for name in FAULTS for call in CALLS)))

    readers: list[IndexReader] = []
    plays = {name.replace("/", "-").replace(" ", "+"): fault.play for name, fault in FAULTS.items()}
    with RawEndpoint(plays) as server:
        # The first question of a process imports the clients, which is no endpoint's fault.
        warm = assistant(llm="openai", openai_base_url=f"{server.root}/none/none/v1", k=2)
        warm.ask(FOLLOW_UP, [Turn(QUESTION, GOOD)])
        readers.append(warm._reader)
        found = asyncio.run(everything(server))
    if os.environ.get("SHOW_FAULTS"):  # the table of benchmarks/RESULTS.md
        for (name, call), result in found.items():
            print(f"| {name} | {call} | {result.answer.fault or 'answered'} | {result.seconds:.1f} |", file=sys.stderr)
    return found


def check_sentence(answer: Answer) -> None:
    assert answer.fault.endswith(".")
    assert "\n" not in answer.fault
    assert len(answer.fault) < 180
    assert not answer.refused, "a fault is no answer of the documents"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_in_its_sentence(results: dict[tuple[str, str], Result], name: str, call: str) -> None:
    fault, result = FAULTS[name], results[name, call]
    answer = result.answer
    assert SECRET not in f"{answer.fault} {answer.text} {result.shown} {result.notices}"
    # On a busy machine the time for the rewriting may be over before the fault has come, and an answer is given then.
    late = call == "condensing" and answer.trace.stages.get("condense", 0) >= 1000 * 0.25 * SHORT["first_token_timeout"]
    if fault.says and (call == "answering" or (fault.hopeless and not late)):
        check_sentence(answer)
        assert answer.fault.startswith(fault.says)
        assert answer.text.startswith(fault.kept)
        assert bool(answer.text) == bool(result.shown.strip()) == bool(fault.kept)
    else:  # well in the end, or a rewriting that is none: our own is searched
        assert (answer.text, answer.fault) == (GOOD, "")
        assert "Invergair" in answer.trace.query


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", FAULTS)
def test_it_ends_in_time_and_the_next_question_works(
    results: dict[tuple[str, str], Result], name: str, call: str
) -> None:
    result = results[name, call]
    assert result.seconds < 60, "a deadline of eleven seconds, on however busy a machine"
    assert (result.after.text, result.after.fault) == (GOOD, "")
    assert [citation.quote for citation in result.after.citations] == ["The agreement ends on 30 September 2028."]


@pytest.mark.parametrize("name", ["429 once", "503 loading, then loaded"])
def test_what_is_waited_for_on_purpose_is_told_at_once(results: dict[tuple[str, str], Result], name: str) -> None:
    for call in CALLS:
        assert results[name, call].notices


@pytest.mark.parametrize(
    "name", ["drip of headers", "drip of a body", "keep-alive for ever", "200 without end", "hang"]
)
def test_a_server_that_does_not_list_its_models_properly(assistant: Asks, name: str) -> None:
    """It is asked what it has before the first answer: that holds nobody up, and the chat is tried all the same."""
    with RawEndpoint({"listing": FAULTS[name].play}) as server:
        asked = assistant(llm="openai", openai_base_url=f"{server.root}/listing/listing/v1", k=2, **SHORT)
        answer, _, _, seconds = asyncio.run(ask(asked, QUESTION, []))
    assert (answer.text, answer.fault) == (GOOD, "")
    assert seconds < 60


def test_nothing_follows_a_redirect(assistant: Asks) -> None:
    """Neither the key nor a word of the documents goes to a host that was not set."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:

        def listen() -> None:
            while True:
                try:
                    connection, _ = elsewhere.accept()
                except OSError:
                    return
                came.append(connection.recv(1 << 16))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        target = f"http://localhost:{elsewhere.getsockname()[1]}/v1/chat/completions"
        for status in (301, 302, 303, 307, 308):
            with RawEndpoint({"moved": lambda wire, status=status: wire.whole(status, "", Location=target)}) as server:  # type: ignore[misc]
                asked = assistant(
                    llm="openai", openai_base_url=f"{server.root}/moved/answering/v1", openai_api_key="sk-canary"
                )
                assert "has moved to another address" in asked.ask(QUESTION).fault
        elsewhere.shutdown(socket.SHUT_RDWR)
    assert came == []
