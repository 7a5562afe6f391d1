"""Generations: how an index is written beside the old one, checked, published in one step, and found again.

`index/CURRENT` holds the name of the published generation. A generation's folder never changes after it was published;
the lock file lets one writer in at a time.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.index.plain_file import open_plain, read_plain
from rag.schema import LodestarError, VectorIndexError

FORMAT = 4
CHUNKS, VECTORS = "chunks.jsonl", "vectors.npy"
COLUMNS, LEXICAL, TOKENS, WORDS = "columns", "lexical", "tokens", "words"
MANIFEST = "manifest.json"
CURRENT, BESIDE = "CURRENT", "CURRENT.tmp"
_TIME = "%Y%m%dT%H%M%S.%fZ"
REBUILD = "run: python -m rag.ingest"
_LONGEST_NAME = 200  # bytes
_LONGEST_MANIFEST = 256 * 2**20  # bytes; it names every file that was skipped
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EROFS}
_UNWRITABLE |= {errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ENOLCK, *NO_SPACE}


@dataclass(frozen=True)
class Recipe:
    """Everything beside the documents that decides what is in an index."""

    embedder: str
    dim: int
    window: int
    precision: str
    chunker: str
    chunk_size: int
    chunk_overlap: int
    store: str


@dataclass(frozen=True)
class Abstention:
    """Below which confidence a question is not answered by quoting, and which model's confidence that is."""

    model: str
    below: float


@dataclass(frozen=True)
class Manifest:
    """What a generation says of itself.

    `files` maps each file that must not change to its SHA-256, `samples` each large one of them to that of its size and of
    blocks spread over it, which takes no time to compute. On disk a checksum over all of it stands beside it.
    """

    name: str
    created: str
    recipe: Recipe
    digest: str
    documents: int
    doc_types: Mapping[str, int]
    skipped: tuple[tuple[str, str], ...]
    chunks: int
    examples: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)
    abstention: Abstention | None = None
    invisible: float | None = None
    """Share of the text that lies beyond what the embedding model reads; None where that was not counted."""
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises VectorIndexError when it is missing, damaged or of another format."""
        try:
            data = json.loads(read_plain(folder / MANIFEST, _LONGEST_MANIFEST))
            if data["format"] != FORMAT:
                raise VectorIndexError(
                    f"The index was written in format {data['format']}, this version reads {FORMAT}; {REBUILD}."
                )
            # The name too: a manifest that was copied from another generation is whole, and says nothing of this one.
            if data.pop("checksum") != _checksum(data) or data["name"] != folder.name.removesuffix(".tmp"):
                raise ValueError("it has changed")
            data["recipe"] = Recipe(**data["recipe"])
            data["abstention"] = Abstention(**data["abstention"]) if data.get("abstention") else None
            data["skipped"] = tuple((source, reason) for source, reason in data["skipped"])
            data["examples"] = tuple(data["examples"])
            return cls(**data)
        except (OSError, ValueError, KeyError, TypeError):
            raise VectorIndexError(
                f"The index {folder.name} is damaged (its manifest cannot be read); {REBUILD} --rebuild."
            ) from None

    def write(self, folder: Path) -> None:
        data = asdict(self)
        data["checksum"] = _checksum(data)
        (folder / MANIFEST).write_text(json.dumps(data, indent=1, ensure_ascii=False), "utf-8")


def _checksum(data: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("ascii")).hexdigest()


def published(index: Path) -> Path | None:
    """The folder of the published generation, or None where nothing was ever published."""
    name = _current(index)
    while name is not None and (not _is_name(name) or not (index / name).is_dir()):
        # A writer may have published again, and dropped this one, since CURRENT was read.
        if (again := _current(index)) == name:
            raise VectorIndexError(f"{index / 'CURRENT'} names no generation; {REBUILD} --rebuild.")
        name = again
    return index / name if name else None


def _current(index: Path) -> str | None:
    try:
        return read_plain(index / CURRENT, _LONGEST_NAME).strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        raise VectorIndexError(f"{index / 'CURRENT'} cannot be read; {REBUILD} --rebuild.") from None


def _is_name(name: str) -> bool:
    return name.startswith("gen-") and "/" not in name and not name.endswith(".tmp")


def generations(index: Path) -> list[Path]:
    """The finished generations that lie in an index, newest first, published or not, whole or not."""
    try:
        names = [entry.name for entry in os.scandir(index) if _is_name(entry.name) and entry.is_dir()]
    except OSError:
        return []
    return [index / name for name in sorted(names, reverse=True)]


@contextmanager
def writer(index: Path) -> Iterator[None]:
    """Hold the index's writer lock.

    Raises LodestarError when another process is writing, or when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        index.mkdir(parents=True, exist_ok=True)
        with FileLock(index / "ingest.lock", timeout=0):
            yield
    except Timeout:
        raise LodestarError(f"Another ingest is writing {index}; wait for it to end.") from None
    except OSError as error:
        if not (error.errno in _UNWRITABLE or no_space(error) or _within(index, error)):
            raise
        full = no_space(error)
        why = os.strerror(errno.ENOSPC) if full and error.errno is None else error.strerror or str(error)
        fix = "free some space, or name another with --index" if full else "name another with --index"
        raise LodestarError(f"The index folder {index} cannot be written ({why.lower()}); {fix}.") from error


def no_space(error: BaseException) -> bool:
    """Whether this is how a full disk shows: numpy says only how much of an array it could write."""
    if not isinstance(error, OSError):
        return False
    return error.errno in NO_SPACE or (error.errno is None and "written" in str(error))


def _within(index: Path, error: OSError) -> bool:
    """Whether it befell a file of the index: another program may have moved or emptied the folder meanwhile."""
    named = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return any(path.is_relative_to(index) for path in named)


def new_name(content: str, after: str = "") -> str:
    """A generation's name: the time, so that names sort, and eight digits of what it was built from.

    It sorts behind the name `after` even where the clock was set back.
    """
    now = datetime.now(UTC)
    if f"gen-{now.strftime(_TIME)}" <= after:
        with suppress(ValueError):
            now = datetime.strptime(after.split("-")[1], _TIME) + timedelta(microseconds=1)
    return f"gen-{now.strftime(_TIME)}-{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def publish(index: Path, built: Path, name: str) -> Path:
    """Make the finished folder `built` the published generation `name`, durably and in one step."""
    sync(built)
    folder = index / name
    built.rename(folder)
    _sync(index)
    point_at(index, name)
    return folder


def sync(folder: Path) -> None:
    """Have everything in the folder on the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def hold(folder: Path) -> int:
    """Keep a generation from being dropped until the descriptor that is returned is closed, or this process ends.

    An answer may take longer than two ingests, and Chroma opens its files anew while it is asked.
    """
    descriptor = open_plain(folder / MANIFEST)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def point_at(index: Path, name: str) -> None:
    """Replace CURRENT atomically."""
    beside = index / BESIDE
    with beside.open("w", encoding="utf-8") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(index / CURRENT)
    _sync(index)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
