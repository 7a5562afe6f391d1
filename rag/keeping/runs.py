"""Evaluations that were run before: one JSON file each, in a folder of the index beside the generations."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

QUALITY = "quality"
MOST = 8
"""How many are kept of each file of questions."""

_LARGEST = 64 * 2**20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation: which questions, when, over which generation, and the object that `rag.evaluate --json` printed."""

    questions: str
    at: str
    generation: str
    built: str
    report: Mapping[str, Any]


def keep(index: Path, run: Run) -> bool:
    """Keep a run, whole or not at all, and drop the oldest of the same questions; False where it cannot be written."""
    folder = index / QUALITY
    name = f"{run.questions}-{''.join(letter for letter in run.at if letter.isalnum())}.json"
    beside = folder / f"{name}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(asdict(run), ensure_ascii=False), "utf-8")
        beside.replace(folder / name)
        for old in _files(index, run.questions)[MOST:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        _log.info("The evaluation is not kept: %s", error)
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        return False
    return True


def kept(index: Path, questions: str) -> list[Run]:
    """The runs over those questions that can be read, newest first."""
    return [run for path in _files(index, questions) if (run := _read(path)) and run.questions == questions]


def _files(index: Path, questions: str) -> list[Path]:
    return sorted((index / QUALITY).glob(f"{questions}-*.json"), reverse=True)


def _read(path: Path) -> Run | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        run = Run(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (run.questions, run.at, run.generation, run.built)
    whole = all(isinstance(text, str) for text in texts) and isinstance(run.report, dict)
    return run if whole and isinstance(run.report.get("rows"), list) else None
