from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.schema import Chunk, Retrieved
from tests.unit.answering.asking import Asking


@pytest.fixture
def found() -> Callable[..., list[Retrieved]]:
    """Chunks as a search finds them, one a body: each with a context line, and at an offset in its file that is not 0."""

    def make(*bodies: str) -> list[Retrieved]:
        items = []
        for n, body in enumerate(bodies, 1):
            start = 100 * n
            text = f"Document {n} > Heading\n{body}"
            chunk = Chunk(
                f"id-{n}", text, f"things/{n}.md", "things", f"Document {n}", "Heading", start, start + len(body)
            )
            items.append(Retrieved(chunk, round(1 - n / 100, 2)))
        return items

    return make


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch, found: Callable[..., list[Retrieved]]) -> Asking:
    """Asking over two chunks: what the gauge costs, and how long leave lasts."""
    return Asking(
        monkeypatch, found("The gauge costs £2,340. It weighs 4 kg.", "Parental leave lasts twenty-six weeks.")
    )
