"""The promise of test_endpoint_faults.py where not even a connection comes about: nobody, no name, no TLS, half of it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from rag.answering.assistant import Assistant
from rag.schema import Answer
from tests.doubles.replies import SECRET
from tests.trust.test_endpoint_faults import QUESTION, SHORT, ask, check_sentence

Asks = Callable[..., Assistant]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def settled(assistant: Assistant, says: str) -> None:
    began = time.monotonic()
    answer = assistant.ask(QUESTION)
    check_sentence(answer)
    assert says in answer.fault
    assert time.monotonic() - began < 60
    assert "30 September 2028" in assistant.ask(QUESTION, llm="extractive").text, "another model is one choice away"


def test_nobody_listens(assistant: Asks) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settled(assistant(llm="openai", openai_base_url=f"http://127.0.0.1:{port}/v1", **SHORT), "cannot be reached")


def test_half_a_tls_handshake(assistant: Asks, silent: int) -> None:
    settled(assistant(llm="openai", openai_base_url=f"https://127.0.0.1:{silent}/v1", **SHORT), "cannot be reached")


def test_no_tls_where_tls_is_expected(assistant: Asks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1 << 16)
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/v1"
        settled(assistant(llm="openai", openai_base_url=url, **SHORT), "no secure connection that can be trusted")
        server.shutdown(socket.SHUT_RDWR)


def test_a_name_that_nobody_knows(assistant: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, 0)
    settled(assistant(llm="openai", openai_base_url="http://nowhere.example:1/v1", **SHORT), "cannot be found")


def test_a_name_that_is_looked_up_for_ever(assistant: Asks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks something else meanwhile is not kept waiting by those look-ups."""
    over = _names(monkeypatch, 90)
    asked = assistant(llm="openai", model="named", openai_base_url="https://nowhere.example/v1", **SHORT)

    async def many() -> tuple[float, list[Answer]]:
        waiting = [asyncio.ensure_future(ask(asked, QUESTION, [])) for _ in range(6)]
        await asyncio.wait(waiting)  # the answers are over, the look-ups are not
        began = time.monotonic()
        answer = await asyncio.to_thread(asked.ask, QUESTION, llm="extractive")
        assert "30 September 2028" in answer.text
        return time.monotonic() - began, [(await one)[0] for one in waiting]

    seconds, failed = asyncio.run(many())
    over.set()
    assert all("cannot be reached" in answer.fault for answer in failed)
    assert seconds < 60, "the threads that search are free"


def _names(monkeypatch: pytest.MonkeyPatch, seconds: float) -> threading.Event:
    """Look-ups of one name take so long, or until the event is set."""
    known, over = socket.getaddrinfo, threading.Event()

    def look_up(host: object, *arguments: object, **more: object) -> object:
        if host in ("nowhere.example", b"nowhere.example"):
            over.wait(seconds)
            raise socket.gaierror(socket.EAI_NONAME, f"Name or service not known {SECRET}")
        return known(host, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return over
