"""Folder -> documents. One row in LOADERS per file type; what cannot be read is named and left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.schema import Document, KnowledgeBaseError, Skipped

NO_FOLDER = "general"
"""The doc_type of files that lie in the knowledge base itself, in no folder."""


def read_text(path: Path) -> str:
    """The file's text, as `path.read_text(encoding="utf-8")` gives it, so that offsets mean the same to everyone.

    Raises ValueError with the reason when the bytes are not text.
    """
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is UTF-16; save it as UTF-8")
    if b"\0" in data:
        raise ValueError("it holds NUL bytes, so it is not text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


LOADERS: dict[str, Callable[[Path], str]] = {
    ".md": read_text,
    ".markdown": read_text,
}


@dataclass(frozen=True)
class Documents:
    """The documents of a knowledge base, read anew each time one goes through them."""

    knowledge_base: Path

    def __iter__(self) -> Iterator[Document]:
        return (item for item in load(self.knowledge_base) if isinstance(item, Document))


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
        parts = source.split("/")
        try:
            source.encode("utf-8")
            text = _read(path, root)
        except UnicodeEncodeError:
            yield Skipped(ascii(source)[1:-1], "its name is not valid UTF-8; rename it")
        except OSError as error:
            yield Skipped(source, f"it cannot be read ({(error.strerror or type(error).__name__).lower()})")
        except ValueError as error:
            yield Skipped(source, str(error))
        else:
            yield Document(source, parts[0] if len(parts) > 1 else NO_FOLDER, text)


def _files(root: Path) -> Iterator[Path]:
    found: list[Path] = []
    # A folder that cannot be entered is named, not lost.
    for folder, folders, names in os.walk(root, onerror=lambda error: found.append(Path(error.filename))):
        here = Path(folder)
        # os.walk lists a link to a folder among the folders but does not enter it: name it instead of losing it.
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.extend(here / name for name in links if not name.startswith("."))
        found.extend(here / name for name in names if not name.startswith(".") and Path(name).suffix.lower() in LOADERS)
    yield from sorted(found, key=lambda path: os.fsencode(path.relative_to(root).as_posix()))


def _read(path: Path, root: Path) -> str:
    try:
        target = path.resolve(strict=True)
    except RuntimeError:  # Python 3.11 says so of a link loop
        raise ValueError("it is a link that leads back to itself") from None
    if not target.is_relative_to(root):
        raise ValueError("it is a link out of the knowledge base")
    if path.is_symlink() and target.is_dir():
        raise ValueError("it is a link to a folder; the folder itself is read where it lies")
    if target.is_dir():
        next(target.iterdir(), None)  # raises what kept the walk out
    if not stat.S_ISREG(target.stat().st_mode):
        raise ValueError("it is not a regular file")
    text = LOADERS[path.suffix.lower()](target)
    if not text.replace("\ufeff", "").strip():
        raise ValueError("it is empty")
    return text
