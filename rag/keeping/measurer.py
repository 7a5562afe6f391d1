"""All that the tab Quality measures: files of questions, an evaluation of them, and those that were run before."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import rag
from rag.config import Settings
from rag.index.changes import Changes, last_changes
from rag.index.generation import Manifest, published
from rag.keeping import runs
from rag.keeping.allowed import NotAllowed, refusal
from rag.keeping.evaluating import Evaluating, Evaluations, Report
from rag.keeping.runs import Run
from rag.schema import LodestarError, VectorIndexError

FEEDBACK, SHIPPED = "feedback", "shipped"
_LARGEST = 16 * 2**20


class QuestionFile(NamedTuple):
    """A file of questions that can be measured here; `lines` that are not empty."""

    name: str
    path: Path
    lines: int


class Measurer:
    """Safe to share. Whatever costs or tells something takes `host`, the address that the asker's browser opened, and
    raises NotAllowed where that may not: saved questions are what people asked."""

    def __init__(self, settings: Settings, evaluations: Evaluations | None = None) -> None:
        self.settings = settings
        self._evaluations = evaluations or Evaluations(settings)
        self._last: dict[str, Run] = {}

    def refusal(self, host: str) -> str:
        """Why nothing is measured from there, in a sentence, or ""."""
        if not refusal(self.settings, host):
            return ""
        if self.settings.manage == "off":
            return "Measuring is switched off here (RAG_MANAGE=off)."
        return "Others can reach this page, so nothing is measured from it; RAG_MANAGE=on allows it."

    def files(self, host: str) -> list[QuestionFile]:
        """The files of questions there are, those saved from the chat first."""
        self._check(host)
        root = Path(rag.__file__).resolve().parents[1]
        found = [(FEEDBACK, self.settings.feedback)]
        if self.settings.knowledge_base.resolve() == root / "knowledge-base":
            found.append((SHIPPED, root / "benchmarks" / "questions.jsonl"))
        return [QuestionFile(name, path, lines) for name, path in found if (lines := _lines(path))]

    def no_comparison(self) -> str:
        """Why the plain recipe cannot be set beside it, or ""."""
        try:
            there = importlib.util.find_spec("benchmarks.plain") is not None
        except (ImportError, ValueError):
            there = False
        return (
            ""
            if there
            else "The plain recipe comes with a clone of the repository only, so it cannot be compared here."
        )

    @property
    def evaluating(self) -> Evaluating:
        return self._evaluations.now

    def start(self, host: str, name: str, *, compare: bool = False, answers: bool = False) -> None:
        """Measure the questions of that file; `evaluating` tells how far it is."""
        self._check(host)
        chosen = next((file for file in self.files(host) if file.name == name), None)
        if chosen is None:
            raise LodestarError("Those questions are not there any more; open the tab again.")
        if compare and (why := self.no_comparison()):
            raise LodestarError(why)
        manifest = self._manifest()

        def ended(report: Report) -> None:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            run = Run(name, at, manifest.name, manifest.created, report)
            self._last[name] = run
            runs.keep(self.settings.index, run)

        self._evaluations.start(name, chosen.path, compare=compare, answers=answers, ended=ended)

    def stop(self, host: str) -> None:
        """Stop what is being measured."""
        self._check(host)
        self._evaluations.stop()

    def runs(self, host: str, name: str) -> list[Run]:
        """The runs over that file, newest first; the newest also where nothing could be written."""
        self._check(host)
        kept = runs.kept(self.settings.index, name) if name in (FEEDBACK, SHIPPED) else []
        last = self._last.get(name)
        return [last, *kept] if last and last not in kept[:1] else kept

    def generation(self) -> str:
        """The name of the published generation, or ""."""
        with suppress(VectorIndexError):
            return self._manifest().name
        return ""

    def last_changes(self) -> tuple[Manifest, Changes] | None:
        """What the published generation changed over the one before it, or None."""
        return last_changes(self.settings.index)

    def _manifest(self) -> Manifest:
        folder = published(self.settings.index)
        if folder is None:
            raise VectorIndexError(f"There is no index in {self.settings.index} yet; ingest first.")
        return Manifest.read(folder)

    def _check(self, host: str) -> None:
        if sentence := self.refusal(host):
            raise NotAllowed(sentence)


def _lines(path: Path) -> int:
    """How many questions a file holds; 0 where it cannot be read. What is wrong with one is said when it is measured."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return 0
        with path.open("rb") as file:
            return sum(1 for line in file if line.strip())
    except OSError:
        return 0


def newest_before(kept: Sequence[Run], run: Run) -> Run | None:
    """The run before that one, of another generation if there is one: what an ingest did shows there."""
    older = [other for other in kept if other.at < run.at]
    return next((other for other in older if other.generation != run.generation), next(iter(older), None))
