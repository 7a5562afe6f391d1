"""An answer survives the trip through a message and the browser; what is no answer is turned away."""

from __future__ import annotations

import base64
import zlib

import pytest

from rag.web.record import answers, metadata, pack, unpack
from tests.unit.web.samples import ANSWER, answer


def test_there_and_back() -> None:
    assert unpack(pack(ANSWER)) == ANSWER


def test_it_is_small() -> None:
    prompt = "".join(f"Source {n}: {found.chunk.text}\n" for n, found in enumerate(ANSWER.retrieved)) * 40
    packed = pack(answer(trace=ANSWER.trace.__class__(prompt=prompt)))
    assert len(packed) < len(prompt) / 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        base64.b64encode(b"not compressed").decode(),
        base64.b64encode(zlib.compress(b'{"question": 1}')).decode(),
        base64.b64encode(zlib.compress(b'{"question": "a", "text": "b", "citations": [{"n": "x"}]}')).decode(),
        base64.b64encode(zlib.compress(b"a" * 50_000_000)).decode(),
    ],
)
def test_what_is_no_answer_is_turned_away(text: str) -> None:
    assert unpack(text) is None


def test_answers_are_found_by_the_place_of_their_message() -> None:
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "stopped", "metadata": None},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "On 30 June", "metadata": metadata(ANSWER)},
    ]
    assert list(answers(messages)) == [(2, ANSWER)]


def test_gradio_shows_nothing_of_it() -> None:
    """A message with a title would be shown as a folded thought."""
    assert set(metadata(ANSWER)) == {"log"}
