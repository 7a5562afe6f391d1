"""What has happened in a knowledge base since its index was built, told by names and times alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rag.documents.load import LOADERS


class Pending(NamedTuple):
    """How many files came, were edited and went. A hint: only an ingest reads them."""

    added: int = 0
    edited: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return any(self)


def pending(knowledge_base: Path, known: Iterable[str], built: str) -> Pending:
    """`known`: the sources that the index was built from, or passed over; `built`: when."""
    since = datetime.fromisoformat(built).timestamp() + 1  # it is told in whole seconds
    before = set(known)
    found: set[str] = set()
    edited = 0
    root = knowledge_base.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or not name.lower().endswith(tuple(LOADERS)):
                continue
            path = Path(folder, name)
            source = path.relative_to(root).as_posix()
            if source not in before and ascii(source)[1:-1] in before:  # as one is called whose name is no UTF-8
                source = ascii(source)[1:-1]
            found.add(source)
            with suppress(OSError):
                edited += source in before and path.lstat().st_mtime > since
    # Of what was passed over there may be folders and links, which are not looked for here.
    removed = {source for source in before - found if not os.path.lexists(root / source)}
    return Pending(len(found - before), edited, len(removed))
