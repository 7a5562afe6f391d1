"""Folder -> documents. One row in LOADERS per file type; what cannot be read is named and left out."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.schema import Document, KnowledgeBaseError, Skipped

NO_FOLDER = "general"
"""The doc_type of files that lie in the knowledge base itself, in no folder."""


LARGEST = 100_000_000
"""Bytes of the largest file that is read: to cut one takes some twenty times its size in memory."""

_REASONS = {
    errno.EACCES: "permission denied; let this user read it",
    errno.EPERM: "permission denied; let this user read it",
    errno.ENOENT: "no such file or directory; it was removed, or is a link to nothing",
    errno.ELOOP: "it is a link that leads back to itself; remove it",
    errno.ENAMETOOLONG: "its path is too long; shorten it",
}


def read_text(path: Path) -> str:
    """The file's text, as `path.read_text(encoding="utf-8")` gives it, so that offsets mean the same to everyone.

    Raises ValueError with the reason when the bytes are not text.
    """
    data = _read_bytes(path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is UTF-16; save it as UTF-8")
    if b"\0" in data:
        raise ValueError("it holds NUL bytes, so it is not text; save it as UTF-8 text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_bytes(path: Path) -> bytes:
    # What was a file a moment ago may be a pipe by now, and to open one would wait for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        _check_readable(os.fstat(file.fileno()))
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(_TOO_LARGE)
    return data


_TOO_LARGE = f"it is larger than {LARGEST // 1_000_000} MB; split it into several files"


def _check_readable(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a pipe, a socket or a device; put a regular file in its place")
    if status.st_size > LARGEST:
        raise ValueError(_TOO_LARGE)


LOADERS: dict[str, Callable[[Path], str]] = {
    ".md": read_text,
    ".markdown": read_text,
}


@dataclass(frozen=True)
class Documents:
    """The documents of a knowledge base, read anew each time one goes through them.

    Files change while an ingest reads them twice, so `skipped` is that of the last time.
    """

    knowledge_base: Path
    skipped: list[Skipped] = field(default_factory=list)

    def __iter__(self) -> Iterator[Document]:
        self.skipped.clear()
        for item in load(self.knowledge_base):
            if isinstance(item, Skipped):
                self.skipped.append(item)
            else:
                yield item


def load(knowledge_base: Path) -> Iterator[Document | Skipped]:
    """Yield every document below the folder in the order of its source, and what had to be skipped.

    The first folder on the way names the doc_type. Hidden files and folders are passed over.
    Raises KnowledgeBaseError when the folder is missing.
    """
    if not knowledge_base.is_dir():
        what = "is a file, not a folder" if knowledge_base.exists() else "does not exist"
        raise KnowledgeBaseError(f"The knowledge base {knowledge_base} {what}; name a folder with --knowledge-base.")
    root = knowledge_base.resolve()
    for path in _files(root):
        source = path.relative_to(root).as_posix()
        try:
            source.encode("utf-8")
        except UnicodeEncodeError:
            yield Skipped(ascii(source)[1:-1], "its name is not valid UTF-8; rename it")
            continue
        try:
            text = _read(path, root)
        except OSError as error:
            why = _REASONS.get(error.errno or 0) or (error.strerror or type(error).__name__).lower()
            yield Skipped(source, f"it cannot be read ({why})")
        except ValueError as error:
            yield Skipped(source, str(error))
        except MemoryError:
            yield Skipped(source, "it is too large for this machine's memory; split it into several files")
        except Exception as error:  # a loader of somebody's own may raise anything
            yield Skipped(source, f"its loader failed ({type(error).__name__}); mend the file or the loader")
        else:
            parts = source.split("/")
            yield Document(source, parts[0] if len(parts) > 1 else NO_FOLDER, text)


def _files(root: Path) -> Iterator[Path]:
    """What is to be read, and what has to be named: folders that cannot be entered, and links to folders."""
    found: list[Path] = []
    waiting = [root]
    while waiting:  # os.walk calls itself for each folder in a folder, which Python allows a thousand times
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif Path(entry.name).suffix.lower() in LOADERS or _leads_to_folder(entry):
                        found.append(Path(entry.path))
        except OSError:
            found.append(folder)
    yield from sorted(found, key=lambda path: os.fsencode(path.relative_to(root).as_posix()))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # it leads nowhere, or back to itself
        return False


def _read(path: Path, root: Path) -> str:
    try:
        target = path.resolve(strict=True)
    except RuntimeError:  # Python 3.11 says so of a link loop
        raise ValueError(f"it cannot be read ({_REASONS[errno.ELOOP]})") from None
    if not target.is_relative_to(root):
        raise ValueError("it is a link out of the knowledge base; put a copy of the file there")
    if path.is_symlink() and target.is_dir():
        raise ValueError("it is a link to a folder; the folder itself is read where it lies")
    if target.is_dir():
        next(target.iterdir(), None)  # raises what kept the walk out
    _check_readable(target.stat())
    text = LOADERS[path.suffix.lower()](target)
    if not any(map(_is_visible, text)):
        raise ValueError("it is empty; write something into it or remove it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("its loader made half characters (lone surrogates) of it; mend the loader") from None
    return text


def _is_visible(character: str) -> bool:
    """Whether there is anything to see of it: no blank, no control character, no joiner, no byte order mark."""
    return not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")
