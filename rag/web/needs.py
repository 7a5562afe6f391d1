"""What the page needs of an assistant, written down as a type so that the room can be tested without a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from rag.config import Settings
from rag.schema import Answer, LlmChoice, Notice, Overview, Turn


class Assistant(Protocol):
    """Answers questions; `rag.answering.assistant.Assistant` is the real one."""

    @property
    def settings(self) -> Settings: ...

    def overview(self) -> Overview: ...

    def llms(self) -> list[LlmChoice]: ...

    def find_llms(self) -> list[LlmChoice]: ...

    def warm_up(self) -> None: ...

    def stream(
        self, question: str, history: Sequence[Turn], *, doc_type: str | None = None, llm: str | None = None
    ) -> AsyncIterator[str | Notice | Answer]: ...
