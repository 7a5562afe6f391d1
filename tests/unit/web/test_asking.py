"""One question becomes a growing message, and ends calmly whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from rag.schema import Answer, LodestarError, Notice, Trace, Turn
from rag.web.answer_text import PAGE_SPEAKS, plain
from rag.web.asking import MOST_CHARACTERS, ask
from rag.web.record import metadata, unpack
from tests.unit.web.samples import ANSWER, answer


class Scripted:
    """An assistant that says what it is told to, and notes what it was asked."""

    def __init__(self, *pieces: str | Notice | Answer | Exception | float) -> None:
        self.pieces = pieces
        self.asked: list[tuple[str, list[Turn], str | None, str | None]] = []
        self.closed = False

    async def stream(
        self,
        question: str,
        history: Sequence[Turn],
        *,
        doc_type: str | None = None,
        llm: str | None = None,
        suggest: bool = False,
    ) -> AsyncIterator[str | Notice | Answer]:
        self.suggests = suggest
        self.asked.append((question, list(history), doc_type, llm))
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    yield piece
        finally:
            self.closed = True


async def said(
    assistant: Any, question: str = "When?", history: Sequence[Any] = (), *, on_page: bool = True
) -> list[Any]:
    return [piece async for piece in ask(assistant, question, history, "", "", on_page=on_page)]


async def test_text_grows_and_the_last_message_carries_the_answer() -> None:
    messages = await said(Scripted("On 30 ", 0.06, "June ", 0.06, "2027 [1].", ANSWER))
    texts = [message["content"] for message in messages]
    assert texts[0] == "On 30 "
    assert texts[-2] == r"On 30 June 2027 [\[1\]](#s1-1)."
    assert texts[-1].startswith(r"On 30 June 2027 [\[1\]](#s1-1). Ask Ingrid")
    assert unpack(messages[-1]["metadata"]["log"]) == ANSWER
    assert all("metadata" not in message for message in messages[:-1])


async def test_the_conversation_filter_and_model_reach_the_assistant() -> None:
    assistant = Scripted(ANSWER)
    history = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": r"Ingrid [\[1\]](#s1-1)."}]
    messages = [piece async for piece in ask(assistant, "  When? ", history, "contracts", "tiny", on_page=True)]
    assert assistant.asked == [("When?", [Turn("Who?", "Ingrid [1].")], "contracts", "tiny")]
    assert "#s2-1" in messages[-1]["content"], "its numbers lead to the second turn's sources"
    await said(assistant)
    assert assistant.asked[-1][2:] == (None, None)


async def test_an_answer_from_a_rebuilt_index_says_so_once() -> None:
    reply = {"role": "assistant", "content": "Ingrid."}

    def history(*generations: str) -> list[dict[str, Any]]:
        said = (answer(generation=generation) for generation in generations)
        return [m for one in said for m in ({"role": "user", "content": "Who?"}, {**reply, "metadata": metadata(one)})]

    rebuilt = "index has changed"
    for before, is_told in (
        (["gen-0"], True),
        (["gen-1"], False),
        (["gen-0", "gen-1"], False),
        ([], False),
        ([""], False),
    ):
        messages = await said(Scripted(ANSWER), history=history(*before))
        assert (rebuilt in messages[-1]["content"]) is is_told, before
        assert rebuilt not in plain(messages[-1]["content"]), "no part of what a model reads"
    failed = answer(fault="The model broke off.")
    assert rebuilt not in (await said(Scripted(failed), history=history("gen-0")))[-1]["content"]
    assert rebuilt not in (await said(Scripted(ANSWER), history=history("gen-0"), on_page=False))[-1]


async def test_a_word_that_was_read_otherwise_is_named_below_the_answer() -> None:
    guessed = answer(trace=Trace(query="the gauge", alone="the guage"))
    told = "I read \u201cguage\u201d as \u201cgauge\u201d."
    messages = await said(Scripted(guessed))
    assert messages[-1]["content"].endswith(f"> {PAGE_SPEAKS}{told}")
    assert told not in plain(messages[-1]["content"]), "no part of what a model reads"
    assert (
        "I read" not in (await said(Scripted(answer(trace=Trace(query="the gauge", alone="the gauge")))))[-1]["content"]
    )


async def test_suggestions_are_asked_for_where_they_are_shown() -> None:
    assistant = Scripted(answer(suggestions=("Who signed the Meridian contract?",)))
    messages = await said(assistant)
    assert assistant.suggests
    assert messages[-1]["options"][0] == {"value": "Who signed the Meridian contract?"}
    await said(assistant, on_page=False)
    assert not assistant.suggests


async def test_a_program_gets_plain_text() -> None:
    pieces = await said(Scripted("On 30 June 2027 [1].", ANSWER), on_page=False)
    assert pieces[0] == "On 30 June 2027 [1]."
    assert pieces[-1] == f"{ANSWER.text}\n\n{PAGE_SPEAKS}Sources: [1] contracts/meridian.md, [2] employees/ingrid.md"


async def test_a_fault_is_a_sentence_below_what_arrived() -> None:
    broken = answer(text="On 30", fault="The model broke off.", citations=())
    messages = await said(Scripted("On 30", broken))
    assert messages[-1]["content"] == f"On 30\n\n> {PAGE_SPEAKS}The model broke off."
    pieces = await said(Scripted("On 30", broken), on_page=False)
    assert pieces[-1] == f"On 30\n\n{PAGE_SPEAKS}The model broke off."


async def test_a_notice_is_shown_until_something_comes_and_is_no_part_of_the_answer() -> None:
    pieces = (Notice("Not begun yet."), "On 30 ", Notice("A pause."), ANSWER)
    messages = [message["content"] for message in await said(Scripted(*pieces))]
    assert messages[:3] == [f"> {PAGE_SPEAKS}Not begun yet.", "On 30 ", f"On 30\n\n> {PAGE_SPEAKS}A pause."]
    assert PAGE_SPEAKS not in messages[-1]


async def test_errors_end_in_a_sentence_and_never_in_a_traceback() -> None:
    messages = await said(Scripted("On 30", LodestarError("The model is down.")))
    assert messages[-1]["content"].endswith("The model is down.")
    messages = await said(Scripted("On 30", RuntimeError("secret detail")))
    assert messages[-1]["content"].startswith("On 30\n\n")
    assert "secret" not in messages[-1]["content"]


async def test_nothing_and_too_much_never_reach_the_assistant() -> None:
    assistant = Scripted(ANSWER)
    assert "Type a question" in (await said(assistant, "  "))[0]["content"]
    assert f"under {MOST_CHARACTERS:,}" in (await said(assistant, "x" * (MOST_CHARACTERS + 1)))[0]["content"]
    assert assistant.asked == []
    await said(assistant, "x" * MOST_CHARACTERS)
    assert len(assistant.asked) == 1


async def test_leaving_closes_the_stream() -> None:
    assistant = Scripted("On 30", 30.0, ANSWER)
    asking = ask(assistant, "When?", [], "", "", on_page=True)
    assert (await anext(asking))["content"] == "On 30"  # type: ignore[index]
    await asking.aclose()  # type: ignore[attr-defined]
    assert assistant.closed


async def test_cancelling_while_waiting_closes_the_stream() -> None:
    assistant = Scripted(30.0, ANSWER)
    waiting = asyncio.ensure_future(said(assistant))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert assistant.closed
