"""Whether a generation's files are still what was published: every byte of them, or as much as opening has time for."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from rag.index.generation import MANIFEST, Manifest
from rag.index.plain_file import open_plain

_LARGE = 32 * 2**20  # bytes; a smaller file is read whole in the time of a few samples
_BLOCKS, _BLOCK = 64, 16 * 2**10


def damage(folder: Path, manifest: Manifest) -> str:
    """What is wrong with a generation's files, in a few words; empty when nothing is. Reads every byte of them."""
    return visible_damage(folder, manifest) or hidden_damage(folder, manifest)


def visible_damage(folder: Path, manifest: Manifest) -> str:
    """The same in the time that opening may take: a large file is judged by its size and by blocks spread over it."""
    for name, expected in manifest.files.items():
        sample = manifest.samples.get(name)
        if fault := _fault(folder / name, name, sample or expected, sampled=sample is not None):
            return fault
    return ""


def hidden_damage(folder: Path, manifest: Manifest, *, rest: float = 0.0, within: str = "", without: str = "") -> str:
    """The same where a look at a large file may miss it: those are read whole, with `rest` seconds after every megabyte.

    `within` is a folder of the generation to which it is to be confined, `without` one that is to be left out.
    """
    faults = (
        _fault(folder / name, name, manifest.files[name], rest=rest)
        for name in manifest.samples
        if (not within or name.startswith(within + "/")) and not (without and name.startswith(without + "/"))
    )
    return next((fault for fault in faults if fault), "")


def _fault(path: Path, name: str, expected: str, *, sampled: bool = False, rest: float = 0.0) -> str:
    try:
        return "" if (_sample(path) if sampled else _whole(path, rest)) == expected else f"{name} has changed"
    except (FileNotFoundError, NotADirectoryError):
        return f"{name} is missing"
    except OSError:
        return f"{name} cannot be read"


def _whole(path: Path, rest: float = 0.0) -> str:
    digest = hashlib.sha256()
    with os.fdopen(open_plain(path), "rb", buffering=0) as file:
        while part := file.read(2**20):
            digest.update(part)
            if rest:
                time.sleep(rest)
    return digest.hexdigest()


def _sample(path: Path) -> str:
    with os.fdopen(open_plain(path), "rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(size.to_bytes(8, "big"))
        for n in range(_BLOCKS):
            file.seek(n * max(0, size - _BLOCK) // (_BLOCKS - 1))
            digest.update(file.read(_BLOCK))
        return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Path below `folder` -> SHA-256 of every file."""
    return {name: _whole(folder / name) for name in _names(folder)}


def file_samples(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Those of the files `names` below `folder` that are large, each with what `visible_damage` holds against it."""
    return {name: _sample(folder / name) for name in names if (folder / name).stat().st_size >= _LARGE}


def _names(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    return [name for name in names if name != MANIFEST]
