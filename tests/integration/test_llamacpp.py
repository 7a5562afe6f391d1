"""A real llama.cpp: in this process by a setting, and as a server that is only known by its address."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from rag.answering import faults, llamacpp
from rag.answering.assistant import Assistant
from rag.answering.llm import LLMS, available
from rag.config import Settings
from rag.index.embed import Embedder
from rag.schema import Answer, Notice

Asks = Callable[..., Assistant]
QUESTION = "When does the Port of Invergair agreement end?"
SMALL = {"k": 2, "max_answer_tokens": 16, "first_token_timeout": 120.0}
ENDED = ("", faults.cut_off("", "length"))


def check(answer: Answer) -> None:
    """What holds for an answer whatever a small model makes of it."""
    assert answer.fault in ENDED
    assert answer.text
    assert answer.retrieved[0].chunk.source == "contracts/invergair.md"
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer.text)} == {c.n for c in answer.citations}
    assert answer.trace.tokens > 1


def test_in_this_process(assistant: Asks, gguf: Path) -> None:
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install xllamacpp")
    asked = assistant(llm="llamacpp", gguf=gguf, context_tokens=2048, **SMALL)
    assert asked.llms()[0].label == f"{gguf.stem} (llama.cpp, in this app)"
    answer = asked.ask(QUESTION)
    check(answer)
    assert answer.llm == f"{gguf.stem} (llama.cpp, in this app)"


@pytest.mark.parametrize("damage", ["cut", "header"])
def test_a_file_that_is_no_whole_model_is_told(assistant: Asks, gguf: Path, tmp_path: Path, damage: str) -> None:
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install xllamacpp")
    broken = tmp_path / "broken.gguf"
    with gguf.open("rb") as file:
        broken.write_bytes(file.read(1_000_000) if damage == "cut" else b"GGUF" + b"\xff" * 200)
    answer = assistant(llm="llamacpp", gguf=broken).ask(QUESTION)
    assert answer.fault.startswith(f"llama.cpp cannot load RAG_GGUF={broken};")
    assert answer.fault.count(".gguf") == 1


def test_a_file_that_is_no_model_is_told(assistant: Asks, tmp_path: Path) -> None:
    page = tmp_path / "model.gguf"
    assert assistant(llm="llamacpp", gguf=page).ask(QUESTION).fault == (
        f"RAG_GGUF={page} is not a file; give the path of a GGUF model."
    )
    page.write_text("<html>not found</html>")
    assert assistant(llm="llamacpp", gguf=page).ask(QUESTION).fault == f"RAG_GGUF={page} is not a GGUF model file."


@pytest.fixture
def served(assistant: Asks, llama_cpp: str) -> Callable[..., Assistant]:
    return lambda **settings: assistant(**{"llm": "openai", "openai_base_url": f"{llama_cpp}/v1", **SMALL, **settings})


async def test_a_server_is_streamed_from(served: Asks) -> None:
    items = [item async for item in served().stream(QUESTION)]
    *pieces, answer = items
    assert isinstance(answer, Answer)
    check(answer)
    pieces = [piece for piece in pieces if not isinstance(piece, Notice)]
    assert len(pieces) > 1
    assert answer.text.startswith("".join(map(str, pieces)).strip())


def test_a_server_says_which_model_it_has_and_how_much_it_reads(llama_cpp: str, minilm: Embedder, gguf: Path) -> None:
    settings = Settings(openai_base_url=f"{llama_cpp}/v1")
    option, _quoting = available(settings)
    assert gguf.stem in option.choice.label or gguf.name in option.model
    assert LLMS[option.kind](settings, option, minilm, None).context_tokens == 4096


def test_more_than_the_server_reads_is_told_and_the_next_question_works(served: Asks) -> None:
    asked = served(context_tokens=100_000)  # more than the server has: what is packed into the prompt is too long
    answer = asked.ask(f"{QUESTION} " + "And what does it cost per probe and quay? " * 600)
    assert answer.fault.endswith("cannot read that much at once. Start a new conversation, or set RAG_CONTEXT_TOKENS.")
    assert answer.text == ""
    check(asked.ask(QUESTION))


def test_an_answer_of_full_length_keeps_its_text(served: Asks) -> None:
    answer = served(max_answer_tokens=16).ask("Tell me all there is about the Port of Invergair agreement.")
    assert answer.fault == ENDED[1]
    assert answer.text
    assert answer.trace.tokens <= 17


def test_the_server_in_this_process_answers_nobody_else(gguf: Path) -> None:
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install xllamacpp")
    address, key = llamacpp.address(gguf, 512, 16)
    asked = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    stranger = httpx.post(f"{address}/v1/chat/completions", json=asked, timeout=60)
    known = httpx.post(
        f"{address}/v1/chat/completions", json=asked, timeout=60, headers={"Authorization": f"Bearer {key}"}
    )
    assert (stranger.status_code, known.status_code) == (401, 200)
