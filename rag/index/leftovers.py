"""What an ingest clears away: what a killed one left, and generations that nobody falls back to any more."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from rag.index.damage import damage
from rag.index.embedded import keep_unfinished
from rag.index.generation import BESIDE, MANIFEST, Manifest, generations, published
from rag.index.plain_file import open_plain
from rag.schema import VectorIndexError


def clear_leftovers(index: Path) -> None:
    """Clear away what a killed ingest left, and keep what it had embedded. Nothing published is touched."""
    (index / BESIDE).unlink(missing_ok=True)
    for left in index.glob("gen-*.tmp"):
        keep_unfinished(index, left)
    try:
        now = published(index)
    except VectorIndexError:
        return
    for folder in generations(index):
        # Killed between the two steps of publishing: it was never pointed at, and must not be taken for the one before.
        if now is not None and folder.name > now.name:
            _drop(folder)


def drop_old(index: Path) -> None:
    """Leave the published generation and, to fall back to, the newest whole one before it."""
    now = published(index)
    older = [folder for folder in generations(index) if folder != now]
    # A single one is left as it is: to read all of it would only tell whether it may go.
    kept = older[0] if len(older) == 1 else next((folder for folder in older if _whole(folder)), None)
    for folder in older:
        if folder != kept:
            _drop(folder)


def _whole(folder: Path) -> bool:
    try:
        return not damage(folder, Manifest.read(folder))
    except VectorIndexError:
        return False


def _drop(folder: Path) -> None:
    """Remove a generation that nobody holds; one that is held goes when a later one is published."""
    going = folder.with_name(f"{folder.name}.tmp")  # half removed, it must not be taken for a generation
    try:
        descriptor = open_plain(folder / MANIFEST)
    except OSError:
        descriptor = None
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            folder.rename(going)
        except OSError:  # a full disk may refuse even that
            going = folder
        shutil.rmtree(going, ignore_errors=True)
    except OSError:  # held, or the disk refuses: the index is published, and the next ingest tries again
        pass
    finally:
        if descriptor is not None:
            os.close(descriptor)
