"""python -m benchmarks.endpoint GAP_MS TOKENS: an OpenAI-compatible endpoint that says TOKENS words of prose, one every GAP_MS.

It prints the port it listens on. Written on bare sockets, so that it is no bottleneck to whoever is measured against it.
"""

from __future__ import annotations

import asyncio
import json
import sys

_PROSE = (
    "Notice is given in writing by either of them [1]. Parental leave lasts as long as the policy says it does [2]. Change orders "
    "are signed by whoever holds the budget [1]. The warranty covers parts and labour, and no damage by storms [3]. Expenses are "
    "paid back with the next wages [2]. Whoever is new is shown round by a colleague in the first week [4]. The office in "
    "Scotland is open to visitors on most days [1]. What a sensor measures is sent on every few minutes [3]. Ask the account "
    "manager where anything is unclear [2]."
).split()
"""As long as an answer is, and no sentence twice: what is read once would not have to be read again."""


def event(said: dict[str, str], finish: str | None = None) -> bytes:
    """One server-sent event of an answer, as a chunk of HTTP."""
    choice = {"index": 0, "delta": said, "finish_reason": finish}
    data = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [choice]}
    return _chunk(b"data: " + json.dumps(data).encode() + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _whole(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


async def _speak(writer: asyncio.StreamWriter, gap: float, tokens: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(event({"role": "assistant", "content": ""}))
    loop = asyncio.get_running_loop()
    started = loop.time()
    for n in range(1, tokens + 1):
        await asyncio.sleep(max(0.0, started + n * gap - loop.time()))
        writer.write(event({"content": f" {_PROSE[(n - 1) % len(_PROSE)]}"}))
    writer.write(event({}, "stop") + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    await writer.drain()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gap: float, tokens: int) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            path = head.split(b" ")[1]
            if path.endswith(b"/chat/completions"):
                await _speak(writer, gap, tokens)
            elif path.endswith(b"/models"):
                writer.write(_whole(b"200 OK", b'{"object": "list", "data": [{"id": "scripted"}]}'))
            else:
                writer.write(_whole(b"404 Not Found", b"{}"))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(gap: float, tokens: int) -> None:
    server = await asyncio.start_server(lambda r, w: _serve(r, w, gap, tokens), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000, int(sys.argv[2])))
