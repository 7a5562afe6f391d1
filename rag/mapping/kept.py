"""Maps that were drawn before: one small file for each generation, in a folder of the index beside the generations.

A generation never changes, so neither does its map. Where the folder cannot be written the map is drawn again next time.
"""

from __future__ import annotations

import logging
import os
import zipfile
from pathlib import Path

import numpy as np

from rag.visualize import Coordinates

MAPS = "maps"

_log = logging.getLogger(__name__)


def read(index: Path, generation: str, count: int) -> tuple[Coordinates, Coordinates] | None:
    """The map in two and in three dimensions of `count` chunks, or None where none was kept that is whole."""
    try:
        with np.load(_file(index, generation), allow_pickle=False) as kept:
            flat, deep = kept["flat"], kept["deep"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    for places, dimensions in ((flat, 2), (deep, 3)):
        if places.shape != (count, dimensions) or places.dtype != np.float32 or not np.isfinite(places).all():
            return None
    return flat, deep


def keep(index: Path, generation: str, flat: Coordinates, deep: Coordinates) -> None:
    """Keep a map, whole or not at all, and drop those of generations that are gone."""
    folder = index / MAPS
    beside = folder / f"{generation}.{os.getpid()}.tmp"
    try:
        folder.mkdir(exist_ok=True)
        with beside.open("wb") as file:
            np.savez(file, flat=flat, deep=deep)
        beside.replace(_file(index, generation))
        for old in folder.iterdir():
            if not (index / old.name.split(".npz")[0]).is_dir():
                old.unlink(missing_ok=True)
    except OSError as error:
        _log.info("The map is not kept: %s", error)
        beside.unlink(missing_ok=True) if folder.is_dir() and os.access(folder, os.W_OK) else None


def _file(index: Path, generation: str) -> Path:
    return index / MAPS / f"{generation}.npz"
