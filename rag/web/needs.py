"""What the page needs of an assistant and a keeper, written down as types so that the room can be tested without real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from rag.config import Settings
from rag.index.changes import Changes
from rag.index.contents import Listed
from rag.index.generation import Manifest
from rag.index.open import OpenIndex
from rag.keeping.evaluating import Evaluating
from rag.keeping.ingesting import Ingesting
from rag.keeping.keeper import Added, Upload
from rag.keeping.kept import Kept
from rag.keeping.measurer import QuestionFile
from rag.keeping.pending import Pending
from rag.keeping.runs import Run
from rag.retrieval.stages import Stages
from rag.schema import Answer, Chunk, LlmChoice, Notice, Overview, Turn


class Assistant(Protocol):
    """Answers questions; `rag.answering.assistant.Assistant` is the real one."""

    @property
    def settings(self) -> Settings: ...

    def overview(self) -> Overview: ...

    def index(self) -> OpenIndex: ...

    def stages(self, question: str, doc_type: str | None = None) -> Stages: ...

    def llms(self) -> list[LlmChoice]: ...

    def find_llms(self) -> list[LlmChoice]: ...

    def warm_up(self) -> None: ...

    def stream(
        self,
        question: str,
        history: Sequence[Turn],
        *,
        doc_type: str | None = None,
        llm: str | None = None,
        suggest: bool = False,
    ) -> AsyncIterator[str | Notice | Answer]: ...


class Keeper(Protocol):
    """Keeps documents and index; `rag.keeping.keeper.Keeper` is the real one. `host`: the address a visitor opened."""

    def refusal(self, host: str) -> str: ...

    def manifest(self) -> Manifest: ...

    def documents(self) -> Sequence[Listed]: ...

    def document(self, source: str, first: int, most: int) -> tuple[Listed, list[Chunk]]: ...

    def kept(self) -> list[Kept]: ...

    def last_changes(self) -> tuple[Manifest, Changes] | None: ...

    def pending(self) -> Pending: ...

    @property
    def ingesting(self) -> Ingesting: ...

    @property
    def changed(self) -> Changes | None: ...

    def ingest(self, host: str) -> None: ...

    def add(self, host: str, doc_type: str, uploads: Sequence[Upload], *, replace: bool = False) -> Added: ...

    def remove(self, host: str, source: str) -> str: ...

    def go_to(self, host: str, name: str) -> Manifest: ...


class Measurer(Protocol):
    """Measures questions; `rag.keeping.measurer.Measurer` is the real one. `host`: the address a visitor opened."""

    def refusal(self, host: str) -> str: ...

    def files(self, host: str) -> list[QuestionFile]: ...

    def no_comparison(self) -> str: ...

    @property
    def evaluating(self) -> Evaluating: ...

    def start(self, host: str, name: str, *, compare: bool = False, answers: bool = False) -> None: ...

    def stop(self, host: str) -> None: ...

    def runs(self, host: str, name: str) -> list[Run]: ...

    def generation(self) -> str: ...

    def last_changes(self) -> tuple[Manifest, Changes] | None: ...
