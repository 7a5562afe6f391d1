"""python -m benchmarks.visitors WAY ADDRESS VISITORS ROUNDS: many ask at once, and how long each waited is printed as JSON.

WAY is `endpoint` (the endpoint itself, at ADDRESS), `assistant` (an Assistant in this process that asks the endpoint at
ADDRESS) or `page` (the API of the page at ADDRESS). For each answer: seconds to the first word, seconds to the end.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

QUESTIONS = (
    "How much notice must be given to end the agreement?",
    "How long is parental leave?",
    "Who signs change orders?",
    "What does the warranty cover?",
    "Where is the office in Scotland?",
    "How are expenses paid back?",
    "Which sensors measure the water level?",
    "What happens in the first week of a new colleague?",
)
Waited = tuple[float, float]
Ready = Callable[[], Awaitable[object]]
"""Waits until all visitors of a round have come this far."""
Ask = Callable[[str, Ready], Awaitable[Waited]]


def question(n: int) -> str:
    """The n-th visitor's question; no two are the same, so that nothing is remembered from one to the next."""
    return f"{QUESTIONS[n % len(QUESTIONS)]} (visitor {n})"


def endpoint(address: str, client: httpx.AsyncClient) -> Ask:
    async def ask(question: str, ready: Ready) -> Waited:
        await ready()
        body = {"model": "scripted", "stream": True, "messages": [{"role": "user", "content": question}]}
        started, first = time.perf_counter(), 0.0
        async with client.stream("POST", f"{address}/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                if (
                    not first
                    and line.startswith("data: {")
                    and json.loads(line[6:])["choices"][0]["delta"].get("content")
                ):
                    first = time.perf_counter() - started
        return first, time.perf_counter() - started

    return ask


def page(address: str, client: httpx.AsyncClient) -> Ask:
    async def said(question: str, visitor: str) -> AsyncIterator[str]:
        body = {"data": [question, "", ""], "session_hash": visitor}
        call = await client.post(f"{address}/gradio_api/call/chat", json=body)
        async with client.stream("GET", f"{address}/gradio_api/call/chat/{call.json()['event_id']}") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and (data := json.loads(line[6:])):
                    yield str(data[0])

    async def ask(question: str, ready: Ready) -> Waited:
        # Whoever asks has opened the page before, and with it a session; an empty question is told off at once.
        visitor = secrets.token_hex(8)
        async for _ in said("", visitor):
            pass
        await ready()
        started, first, shown = time.perf_counter(), 0.0, [""]
        async for text in said(question, visitor):
            first = first or time.perf_counter() - started
            shown.append(text)
        if "Notice" not in shown[-1]:
            raise RuntimeError(f"the page did not answer: {shown[-1]}")
        return first, time.perf_counter() - started

    return ask


def assistant(address: str) -> Ask:
    from rag.answering.assistant import Assistant
    from rag.config import Settings
    from rag.schema import Answer, Notice

    made = Assistant.open(Settings.load(openai_base_url=address, llm="openai"))
    made.warm_up()

    async def ask(question: str, ready: Ready) -> Waited:
        await ready()
        started, first = time.perf_counter(), 0.0
        async for piece in made.stream(question):
            if not isinstance(piece, Notice):
                first = first or time.perf_counter() - started
            if isinstance(piece, Answer) and piece.fault:
                raise RuntimeError(piece.fault)
        return first, time.perf_counter() - started

    return ask


async def main(way: str, address: str, visitors: int, rounds: int) -> list[Waited]:
    """All visitors of a round ask at the same moment; the first two questions, asked alone, are not counted."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits, trust_env=False) as client:
        ask = assistant(address) if way == "assistant" else {"endpoint": endpoint, "page": page}[way](address, client)
        for n in range(2):
            await ask(question(-1 - n), asyncio.Barrier(1).wait)
        waited: list[Waited] = []
        for at in range(rounds):
            together = asyncio.Barrier(visitors).wait
            waited += await asyncio.gather(*(ask(question(at * visitors + n), together) for n in range(visitors)))
        return waited


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))))
