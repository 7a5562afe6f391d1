"""What people said of answers, kept as questions that `rag.evaluate` reads: one JSON object a line, in a file of their own."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from rag.schema import LodestarError

CATEGORY = "feedback"


def keep(path: Path, question: str, sources: Sequence[str], *, asked_as: str = "") -> bool:
    """Append a question with the documents that answer it; False where it is there already.

    `asked_as`: the question written out, where it leaned on a conversation; that is what is kept then, since it stands alone.
    Raises LodestarError where the file cannot be written.
    """
    text = " ".join((asked_as or question).split())
    line = {"question": text, "sources": list(sources), "category": CATEGORY}
    if not sources:
        line = {"question": text, "category": "unanswerable"}
    written = json.dumps(line, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            kept = file.read()
            if written in kept:
                return False
            file.write(written if not kept or kept.endswith("\n") else "\n" + written)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "it is not text").lower()
        raise LodestarError(
            f"The questions file {path} cannot be written ({why}); name another in RAG_FEEDBACK."
        ) from None
    return True
