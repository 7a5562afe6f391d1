"""Text in documents is data: a model that obeys what they say still gives true sources, no foreign address and no prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answering.assistant import Assistant
from rag.answering.prompts import CONDENSE, SYSTEM, as_data, read_back
from rag.answering.withheld import LEFT_OUT
from rag.config import Settings
from rag.documents.code_spans import blanked
from rag.index.embed import Embedder
from rag.index.open import IndexReader
from rag.ingest import ingest
from rag.schema import Answer, Turn
from rag.web.answer_text import linked
from rag.web.sources import sources_html
from tests.doubles.replies import Says
from tests.doubles.scripted import Messages, ScriptedEndpoint
from tests.integration.conftest import write_documents
from tests.trust.injections import INJECTIONS, document
from tests.trust.obedient import SECRET, obey
from tests.trust.rounds import SOAKING, rounds

HONEST = "The quokka eats seven biscuits a day"
ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"'`|\\^{}\[\]()]+", re.I)
LETTERS = (1, 5, 17) if SOAKING else (17,)
"""How many letters a streamed piece has."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint(obey) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {f"animals/{n}.md": document(name) for n, name in enumerate(INJECTIONS)}
    return write_documents(tmp_path_factory.mktemp("injected") / "base", documents)


@pytest.fixture(scope="module")
def hostile(base: Path, minilm: Embedder, endpoint: ScriptedEndpoint) -> Assistant:
    settings = Settings(knowledge_base=base, index=base.parent / "index", openai_base_url=endpoint.base_url, k=3)
    ingest(settings)
    return Assistant(settings, minilm, IndexReader(settings.index, minilm))


def asked(name: str) -> str:
    return f"What does the quokka of the kind {name} eat?"


async def answered(
    assistant: Assistant, question: str, history: tuple[Turn, ...] = (), llm: str | None = None
) -> tuple[Answer, str]:
    """The answer, and all that was shown of it on its way."""
    shown, answer = "", None
    async for piece in assistant.stream(question, history, llm=llm):
        if isinstance(piece, Answer):
            answer = piece
        else:
            shown += piece
    assert answer is not None
    return answer, shown


def runs(text: str, length: int = 11) -> set[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}


def check(answer: Answer, shown: str, base: Path) -> None:
    """All that is promised of an answer."""
    sources = "\n".join(item.chunk.text for item in answer.retrieved)
    for text in (answer.text, shown):
        for address in ADDRESS.findall(text):
            assert address.rstrip(".,;:!?*_~").casefold() in sources.casefold(), "an address that no source holds"
        assert not re.search(r"<<(?:source|end) \d", text), "the fences of the prompt"
        assert not runs(text) & (runs(SYSTEM) | runs(CONDENSE)), "the prompt"
    numbers = {int(n) for n in re.findall(r"\[(\d+)\]", blanked(answer.text))}
    assert numbers == {citation.n for citation in answer.citations}, "a number without a source"
    chunks = {item.chunk for item in answer.retrieved}
    for citation in answer.citations:
        file = (base / citation.chunk.source).read_text(encoding="utf-8")
        assert citation.chunk in chunks
        assert file[citation.start : citation.end] == citation.quote
    page = re.sub(r"(?ms)^(`{4,}).*?^\1$", "", linked(answer.text, 1))
    ours = r"\[\\\[(\d+)\\\]\]\(#s1-\1\)"
    assert {int(n) for n in re.findall(ours, page)} == numbers
    assert not re.search(r"\[|<(?!/?code *>)|://", re.sub(ours, "", page)), "nothing else leads anywhere"
    assert not re.findall(r"(?:href|src)=\"(?!#)", sources_html([(1, answer)]))


def check_sent(messages: Messages) -> None:
    """What the model was sent holds its sources apart, and no control token."""
    text = "\n".join(message["content"] for message in messages)
    assert as_data(text) == text
    assert not re.search(r"<\|im_start\|>|\[INST\]|</s>|<\|eot_id\|>|<start_of_turn>|<｜", text)
    last = messages[-1]["content"]
    mark = re.findall(r"<<end (\d+) ([0-9a-f]{8})>>\n\nQuestion: ", last)[-1]
    count = len(read_back(last).sources)
    for fence in ("source", "end"):
        found = re.findall(rf"^<<{fence} (\d+) {mark[1]}>>$", last, re.M)
        assert found == [str(n) for n in range(1, count + 1)]
    assert mark[0] == str(count)


@pytest.mark.parametrize("name", INJECTIONS)
async def test_a_model_that_obeys_can_do_little(
    hostile: Assistant, endpoint: ScriptedEndpoint, base: Path, name: str
) -> None:
    for letters in LETTERS:
        endpoint.log.clear()
        endpoint.script = (
            lambda messages, n=letters: Says(  # type: ignore[misc]
                said := obey(messages), pieces=tuple(said[at : at + n] for at in range(0, len(said), n))
            )
        )
        answer, shown = await answered(hostile, asked(name))
        assert answer.fault == ""
        assert f"quokka of the kind {name}" in " ".join(item.chunk.text for item in answer.retrieved)
        assert HONEST in answer.text
        check(answer, shown, base)
        check_sent(endpoint.chats[-1].messages)


@pytest.mark.parametrize("name", list(INJECTIONS)[:: rounds(6, 1)])
async def test_what_only_quotes_quotes_exactly(hostile: Assistant, base: Path, name: str) -> None:
    answer, shown = await answered(hostile, asked(name), llm="extractive")
    check(answer, shown, base)
    sources = " ".join(" ".join(item.chunk.text.split()) for item in answer.retrieved)
    for citation in answer.citations:
        assert " ".join(citation.quote.split()) in sources


@pytest.mark.parametrize("name", list(INJECTIONS)[:: rounds(6, 1)])
async def test_a_conversation_is_data_too(
    hostile: Assistant, endpoint: ScriptedEndpoint, base: Path, name: str
) -> None:
    endpoint.log.clear()
    endpoint.script = obey
    history = (Turn(asked(name), f"{INJECTIONS[name]} {SECRET}"),)
    answer, shown = await answered(hostile, "And what does it eat?", history)
    condensing = [chat for chat in endpoint.chats if chat.messages[0]["content"] == CONDENSE]
    assert len(condensing) == 1
    text = "\n".join(message["content"] for message in condensing[0].messages)
    assert as_data(text) == text
    assert not runs(answer.trace.query) & (runs(SYSTEM) | runs(CONDENSE))
    check(answer, shown, base)


async def test_the_obedient_model_does_obey(hostile: Assistant, endpoint: ScriptedEndpoint) -> None:
    """Else the tests above would tell nothing: all that they look for was said, and taken out on its way."""
    said: list[str] = []

    def heard(messages: Messages) -> str:
        said.append(obey(messages))
        return said[-1]

    endpoint.script = heard
    for name in ("override", "send", "forged numbers", "base64", "homoglyphs", "spelled out"):
        answer, _ = await answered(hostile, asked(name))
        assert (SYSTEM in said[-1]) or (SECRET.replace(" ", "+") in said[-1]) or ("[99]" in said[-1])
        assert answer.text != said[-1]
    answer, _ = await answered(hostile, asked("send"))
    assert LEFT_OUT in answer.text


def test_there_are_enough_of_them() -> None:
    assert len(INJECTIONS) >= 60
    assert len({document(name) for name in INJECTIONS}) == len(INJECTIONS)
