"""An endpoint that fails in any way ends in one plain sentence, and the conversation goes on."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from rag.answering import answer as answering
from rag.answering import assistant as room
from rag.answering.assistant import Assistant
from rag.answering.endpoints import find_local
from rag.answering.llm import available
from rag.answering.prompts import CONDENSE
from rag.schema import Answer, Retrieved, Turn
from tests.doubles.replies import FAILURES, SECRET, Says
from tests.doubles.scripted import Messages, ScriptedEndpoint

Asks = Callable[..., Assistant]
QUESTION = "When does the Port of Invergair agreement end?"
GOOD = "It ends on 30 September 2028 [1]."

SAYS = {
    "401": "did not accept the key",
    "403": "does not allow this key",
    "404": "knows no model scripted",
    "429": "too many questions",
    "500": "a fault of its own (HTTP 500)",
    "502 html": "a fault of its own (HTTP 502)",
    "503": "busy or still loading",
    "200 html": "not an answer",
    "200 other json": "not an answer",
    "empty stream": "an empty answer",
    "hang": "did not answer in time",
    "stall": "stopped in the middle",
    "cut": "broke off the connection",
    "cut before the first word": "broke off the connection",
    "reset": "broke off the connection",
    "length": "cut off at its longest allowed length",
    "error in the stream": "reported a fault while answering",
    "overflow, OpenAI": "cannot read that much at once",
    "overflow, OpenAI's newer": "cannot read that much at once",
    "overflow, llama.cpp": "cannot read that much at once",
    "overflow, Ollama": "cannot read that much at once",
}
KEPT = {"stall": "It costs two", "cut": "It costs two", "reset": "It costs two", "length": "It costs two"}
KEPT |= {"error in the stream": "It costs"}


HOPELESS = {"401", "403", "404", "429", *(failure for failure in FAILURES if failure.startswith("overflow"))}
"""What the answering call would meet in the same way."""


def patience(failure: str) -> dict[str, float]:
    """Short only where the failure is that nothing comes."""
    return {"first_token_timeout": 2, "stall_timeout": 2} if failure in ("hang", "stall", "503") else {}


def check_sentence(answer: Answer, says: str) -> None:
    assert says in answer.fault
    assert answer.fault.endswith(".")
    assert "\n" not in answer.fault
    assert len(answer.fault) < 160
    assert SECRET not in f"{answer.fault} {answer.text}"
    assert not answer.refused, "a fault is no answer of the documents"


def test_every_failure_has_its_sentence_here() -> None:
    assert set(SAYS) == set(FAILURES)


@pytest.mark.parametrize("failure", FAILURES)
def test_failure_ends_in_a_sentence_and_the_next_question_works(
    asking_endpoint: Asks, endpoint: ScriptedEndpoint, failure: str
) -> None:
    assistant = asking_endpoint(k=2, **patience(failure))
    endpoint.script = lambda messages: FAILURES[failure]
    shown: list[str] = []
    failed = assistant.ask(QUESTION, emit=shown.append)
    check_sentence(failed, SAYS[failure])
    assert failed.text.startswith(KEPT.get(failure, ""))
    assert bool(failed.text) == (failure in KEPT) == bool("".join(shown))
    assert failed.retrieved, "what was found is known all the same"

    endpoint.script = lambda messages: GOOD
    answer = assistant.ask(QUESTION, [Turn(QUESTION, failed.text)])
    assert (answer.text, answer.fault) == (GOOD, "")
    assert [citation.quote for citation in answer.citations] == ["The agreement ends on 30 September 2028."]


@pytest.mark.parametrize("failure", FAILURES)
def test_failure_of_the_condensing_call(asking_endpoint: Asks, endpoint: ScriptedEndpoint, failure: str) -> None:
    def script(messages: Messages) -> object:
        return FAILURES[failure] if messages[0]["content"] == CONDENSE else GOOD

    endpoint.script = script  # type: ignore[assignment]
    assistant = asking_endpoint(k=2, **patience(failure))
    answer = assistant.ask("And when does it end?", [Turn(QUESTION, GOOD)])
    if failure in HOPELESS:
        check_sentence(answer, SAYS[failure])
        assert answer.text == ""
    else:  # a rewriting that is none: our own is searched
        assert (answer.text, answer.fault) == (GOOD, "")
        assert "Invergair" in answer.trace.query


def test_nobody_listens(assistant: Asks) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    asked = assistant(llm="openai", openai_base_url=url, k=2)
    answer = asked.ask(QUESTION)
    check_sentence(answer, "cannot be reached")
    assert "30 September 2028" in asked.ask(QUESTION, llm="extractive").text, "another model is one choice away"


def test_an_address_that_is_none(assistant: Asks) -> None:
    answer = assistant(llm="openai", openai_base_url="http://127.0.0.1:808O/v1").ask(QUESTION)
    assert answer.fault.startswith("OPENAI_BASE_URL is not an address")


def test_local_server_is_found_listed_and_asked(assistant: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedEndpoint(GOOD, models=["llama3.2:3b", "nomic-embed-text", "qwen3:8b"]) as server:
        find = partial(find_local, {"Ollama": server.base_url}, timeout=5)
        monkeypatch.setattr(room, "available", lambda settings: available(settings, find))
        asked = assistant(llm="auto", k=2, openai_api_key="")
        assert [choice.label for choice in asked.llms()] == [
            "llama3.2:3b (Ollama)",
            "qwen3:8b (Ollama)",
            "Quotes from the documents (no model needed)",
        ]
        assert asked.ask(QUESTION).text == GOOD
        assert asked.ask(QUESTION, llm="Ollama:qwen3:8b").llm == "qwen3:8b (Ollama)"
        assert [request.body["model"] for request in server.chats] == ["llama3.2:3b", "qwen3:8b"]
        assert {request.headers["authorization"] for request in server.chats} == {"Bearer none"}
    assert [choice.name for choice in asked.find_llms()] == ["extractive"], "it has gone since"
    assert asked.ask(QUESTION, llm="Ollama:qwen3:8b").fault.endswith("is not available any more; choose another one.")


def test_the_key_is_sent_to_its_own_endpoint_and_to_no_other(
    assistant: Asks, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-shell")
    with ScriptedEndpoint(GOOD, models=["stray"]) as stray:
        find = partial(find_local, {"Ollama": stray.base_url}, timeout=5)
        monkeypatch.setattr(room, "available", lambda settings: available(settings, find))
        asked = assistant(llm="openai", openai_base_url=endpoint.base_url, openai_api_key="sk-ours", k=2)
        assert asked.ask(QUESTION).fault == ""
        assert asked.ask(QUESTION, llm="Ollama:stray").fault == ""
        assert {request.headers.get("authorization") for request in endpoint.chats} == {"Bearer sk-ours"}
        everything = str([(request.headers, request.body) for request in stray.log])
        assert stray.chats
        assert "sk-" not in everything


@pytest.mark.parametrize(
    ("model", "limit", "others"),
    [("qwen3:8b", "max_tokens", {"temperature"}), ("openai/gpt-5-mini", "max_completion_tokens", set())],
)
def test_one_limit_on_the_answer_in_the_words_the_model_knows(
    asking_endpoint: Asks, endpoint: ScriptedEndpoint, model: str, limit: str, others: set[str]
) -> None:
    asking_endpoint(model=model, k=2, max_answer_tokens=77).ask(QUESTION)
    body = endpoint.chats[-1].body
    assert body[limit] == 77
    known = {"max_tokens", "max_completion_tokens", "temperature"}
    assert known & set(body) == {limit} | others, "given both limits, OpenAI refuses"


def test_a_proxy_is_not_asked_for_a_server_on_this_machine(
    asking_endpoint: Asks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert asking_endpoint(k=2).ask(QUESTION).text == GOOD


async def test_leaving_in_the_middle_hangs_up_on_the_endpoint(
    asking_endpoint: Asks, endpoint: ScriptedEndpoint
) -> None:
    endpoint.script = lambda messages: Says(GOOD, hang_after=2)
    assistant = asking_endpoint(k=2)
    for _ in range(10):  # at whatever moment it comes, between two pieces too
        stream = assistant.stream(QUESTION)
        assert await anext(stream) in ("It", "It ends")  # one where they came at the same moment
        await stream.aclose()  # type: ignore[attr-defined]
        assert await asyncio.to_thread(endpoint.chats[-1].gone.wait, 30)


async def test_the_first_word_does_not_wait_for_what_others_search(
    asking_endpoint: Asks, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Callable[..., list[Retrieved]] = answering.retrieve
    here, crowded, over = threading.Event(), threading.Event(), threading.Event()

    def retrieve(query: str, *arguments: Any, **options: Any) -> list[Retrieved]:
        mine = query == QUESTION
        (here if mine else crowded).set()
        assert (crowded if mine else over).wait(60)
        return found(query, *arguments, **options)

    assistant = asking_endpoint(k=2)
    assistant.ask("Who signs change orders?")  # what is only loaded for the first question is there
    monkeypatch.setattr(answering, "retrieve", retrieve)
    stream = assistant.stream(QUESTION)
    first = asyncio.ensure_future(anext(stream))
    assert await asyncio.to_thread(here.wait, 60)
    # One more than can search at once, each for as long as this lasts.
    others = [asyncio.to_thread(assistant.ask, f"Who is at desk {n}?") for n in range(max(2, os.cpu_count() or 1) + 1)]
    asked = asyncio.gather(*others)
    try:
        assert str(await asyncio.wait_for(first, 30)).startswith("It")
    finally:
        over.set()
        await asked
        await stream.aclose()  # type: ignore[attr-defined]
