"""What may be posted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from rag.web.posted import MOST_BYTES, Reader, Refused, parsed


def _receiving(parts: Iterable[bytes]) -> Any:
    left = list(parts)

    async def receive() -> dict[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return receive


async def _never() -> dict[str, Any]:
    raise AssertionError("this body must not be read")


async def test_a_body_comes_whole() -> None:
    assert await Reader().read(_receiving([b"ab", b"", b"c"]), "3") == b"abc"


async def test_a_body_that_says_it_is_too_long_is_not_read() -> None:
    with pytest.raises(Refused, match="8 MB") as refused:
        await Reader().read(_never, str(1_000_000_000))
    assert refused.value.status == 413


async def test_a_body_that_does_not_say_so_is_read_up_to_the_limit() -> None:
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1_000_000
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}

    with pytest.raises(Refused):
        await Reader().read(receive, "")
    assert taken <= MOST_BYTES + 1_000_000


async def test_all_bodies_together_have_a_limit_and_give_their_room_back() -> None:
    reader = Reader()
    with reader.room() as take:
        take(127_999_999)
        with pytest.raises(Refused) as refused:
            await reader.read(_receiving([b"abc"]), "3")
        assert refused.value.status == 429
    assert await reader.read(_receiving([b"abc"]), "3") == b"abc"


async def test_a_client_that_hangs_up_is_refused() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Refused):
        await Reader().read(receive, "")


@pytest.mark.parametrize(
    "content",
    [
        {"path": ".env"},
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
        [{"type": "file", "file": {"path": "app.py"}}],
        {"type": "component", "component": "image", "value": "app.py", "constructor_args": {}, "props": {}},
        {"file": {"url": "http://127.0.0.1/"}},
        [[[{"a": [{"path": "x"}]}]]],
    ],
)
def test_files_and_components_are_refused_wherever_they_stand(content: object) -> None:
    body = {"data": [0, [[{"role": "user", "content": content}]]], "fn_index": 3}
    with pytest.raises(Refused, match="text only"):
        parsed(json.dumps(body).encode())


def test_a_conversation_is_let_through_as_it_is() -> None:
    message = {
        "role": "user",
        "metadata": {"log": "x", "title": None},
        "content": [{"type": "text", "text": 'path "file"'}],
    }
    body = {"data": ["x" * 4_001, [message], None, True, 1.5], "fn_index": 3, "event_data": {"value": {"text": "Why?"}}}
    assert parsed(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"data":' * 50_000]
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parsed(body)
    assert refused.value.status == 400


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(Refused, match="nested"):
        parsed(b'{"data": ' + b"[" * 200 + b"]" * 200 + b"}")


def test_a_very_long_question_gets_no_further() -> None:
    with pytest.raises(Refused, match=r"under 4,000 characters; this one has 20,001"):
        parsed(json.dumps({"data": ["x" * 20_001]}).encode())
