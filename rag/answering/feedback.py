"""What people said of answers, kept as questions that `rag.evaluate` reads: one JSON object a line, in a file of their own."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from rag.schema import LodestarError

CATEGORY, UNANSWERABLE = "feedback", "unanswerable"


def keep(path: Path, question: str, sources: Sequence[str], *, asked_as: str = "") -> bool:
    """Keep a question with the documents that answer it; False where it is there already.

    What was kept of the same question before gives way: whoever says that an answer was wrong takes back that it was right.
    `asked_as`: the question written out, where it leaned on a conversation; that is what is kept then, since it stands alone.
    Raises LodestarError where the file cannot be written.
    """
    text = " ".join((asked_as or question).split())
    line = {"question": text, "sources": list(sources), "category": CATEGORY}
    if not sources:
        line = {"question": text, "category": UNANSWERABLE}
    written = json.dumps(line, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        with path.open("r+", encoding="utf-8", newline="\n") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.read().splitlines(keepends=True)
            if written in lines:
                return False
            others = "".join(other for other in lines if not _of(text, other))
            file.seek(0)
            file.write(f"{others}{written}" if not others or others.endswith("\n") else f"{others}\n{written}")
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "it is not text").lower()
        raise LodestarError(
            f"The questions file {path} cannot be written ({why}); name another in RAG_FEEDBACK."
        ) from None
    return True


def _of(question: str, line: str) -> bool:
    """Whether a line was written here for that question, and not by hand."""
    try:
        kept = json.loads(line)
    except ValueError:
        return False
    return (
        isinstance(kept, dict) and kept.get("question") == question and kept.get("category") in (CATEGORY, UNANSWERABLE)
    )
