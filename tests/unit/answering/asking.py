"""One question through `answer`, over chunks that a test gives and with a model that a test scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from rag.answering import answer as room
from rag.answering import check_ahead
from rag.answering.meeting import Texts
from rag.config import Settings
from rag.retrieval.conversation import Talk
from rag.schema import Answer, Retrieved, Turn
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.llm import ScriptedLlm


class Asking:
    """`ask` answers; `searched` and `shown` hold what was searched for and what was emitted, `before` what it was read within;
    `refuses` is whether what was found is judged not to hold the answer, `judged` the talk within which it was."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, found: Sequence[Retrieved]) -> None:
        self.found: Sequence[Retrieved] | Exception = found
        self.refuses = False
        self.searched: list[str] = []
        self.before: list[list[str]] = []
        self.judged: list[Talk | None] = []
        self.filters: list[str | None] = []
        self.shown: list[str] = []
        monkeypatch.setattr(room, "retrieve", self._retrieve)
        monkeypatch.setattr(room, "refuses", self._refuses)
        monkeypatch.setattr(check_ahead, "Texts", lambda texts, embedder, stored: Texts(texts, embedder))

    def _refuses(
        self, query: str, found: Sequence[Retrieved], index: Any, embedder: Any, settings: Settings, talk: Talk | None
    ) -> bool:
        self.judged.append(talk)
        return self.refuses

    def _retrieve(
        self,
        query: str,
        index: Any,
        embedder: Any,
        k: int,
        *,
        doc_type: str | None,
        talk: Talk | None,
        settings: Settings,
    ) -> list[Retrieved]:
        self.searched.append(query)
        self.before.append([text for text, _ in talk.said] if talk else [])
        self.filters.append(doc_type)
        if isinstance(self.found, Exception):
            raise self.found
        return list(self.found[:k])

    async def ask(
        self,
        model: ScriptedLlm,
        question: str = "What does the gauge cost?",
        history: Sequence[Turn] = (),
        doc_type: str | None = None,
        emit: Callable[[str], None] | None = None,
        **settings: Any,
    ) -> Answer:
        spelling = SimpleNamespace(corrected=lambda text, common: text.replace("guage", "gauge"))
        index: Any = SimpleNamespace(name="gen-1", spelling=spelling)
        asked = room.Asked(question, history, Settings(**settings), index, LetterEmbedder(), model.llm, doc_type)
        return await room.answer(asked, emit or self.shown.append)
