"""Files of the knowledge base, written and taken away without ever leaving it.

Every step goes through a descriptor of the folder it happens in, and follows no link: a folder that is swapped for a link
meanwhile leads nowhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rag.documents.load import LOADERS, NO_FOLDER
from rag.index.generation import NO_SPACE
from rag.schema import LodestarError

MOST_BYTES = 5 * 2**20
MOST_FILES = 20
MOST_TOGETHER = MOST_FILES * MOST_BYTES + 2**20  # what surrounds the files in a request counted in
TRASH = ".trash"
"""The folder of the knowledge base that keeps what was removed from the page. Hidden, so it is not read."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_BESIDE = ".adding-"
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def readable(path: Path, name: str) -> bytes:
    """The content of an uploaded file that is called `name`. Raises LodestarError with why it cannot be a document."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LodestarError(f"it is larger than {MOST_BYTES // 2**20} MB")
        text = LOADERS[Path(name).suffix.lower()](path)
        if not text.replace("\ufeff", "").strip():
            raise LodestarError("it is empty")
        return path.read_bytes()
    except OSError:
        raise LodestarError("it did not arrive whole; choose it again") from None
    except ValueError as error:
        raise LodestarError(str(error)) from None


def add(knowledge_base: Path, doc_type: str, name: str, content: bytes, *, replace: bool) -> str:
    """Write a file into the folder of a doc_type, whole or not at all; its source is returned.

    Names are checked before. Raises FileExistsError where there is such a file and `replace` is not set.
    """
    with _root(knowledge_base) as root:
        # What lies in no folder has a doc_type too; new files join it there.
        in_root = doc_type == NO_FOLDER and not _exists(root, NO_FOLDER)
        with _inside(root, "." if in_root else doc_type, make=True) as folder:
            _clear(folder)
            beside = f"{_BESIDE}{secrets.token_hex(8)}.tmp"
            try:
                with os.fdopen(os.open(beside, _NEW, 0o644, dir_fd=folder), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                _put(beside, name, folder, replace)
            except FileExistsError:
                raise
            except OSError as error:
                raise _told(error, f"{doc_type}/{name}") from None
            finally:
                with suppress(OSError):
                    os.unlink(beside, dir_fd=folder)
            os.fsync(folder)
    return name if in_root else f"{doc_type}/{name}"


def remove(knowledge_base: Path, source: str) -> str:
    """Move a document to the folder `.trash` of the knowledge base; its place there is returned."""
    *folders, name = source.split("/")
    hidden = any(not part or part.startswith(".") for part in [*folders, name])
    if hidden or "\0" in source or Path(name).suffix.lower() not in LOADERS:
        raise LodestarError("There is no such document.")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = f"{stamp}-{source.replace('/', '-')}"
    kept = kept.encode("utf-8", "surrogateescape")[:250].decode("utf-8", "ignore")
    with _root(knowledge_base) as root, _deep(root, folders) as folder, _inside(root, TRASH, make=True) as trash:
        try:
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise LodestarError("There is no such document.")
            os.rename(name, kept, src_dir_fd=folder, dst_dir_fd=trash)
            os.fsync(folder)
            os.fsync(trash)
        except FileNotFoundError:
            raise LodestarError(f"{source} is not in the knowledge base any more.") from None
        except OSError as error:
            raise _told(error, source) from None
    return f"{TRASH}/{kept}"


@contextmanager
def _root(knowledge_base: Path) -> Iterator[int]:
    try:
        root = os.open(knowledge_base.resolve(), os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _told(error, str(knowledge_base)) from None
    try:
        yield root
    finally:
        os.close(root)


@contextmanager
def _inside(parent: int, name: str, *, make: bool = False) -> Iterator[int]:
    try:
        if make and name != ".":
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=parent)
                os.fsync(parent)
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise LodestarError(f"{name} is not a folder of the knowledge base itself; choose another.") from None
        if error.errno == errno.ENOENT:
            raise LodestarError(f"The folder {name} is not in the knowledge base any more.") from None
        raise _told(error, name) from None
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _deep(root: int, folders: list[str]) -> Iterator[int]:
    if not folders:
        yield root
        return
    with _inside(root, folders[0]) as folder, _deep(folder, folders[1:]) as last:
        yield last


def _put(beside: str, name: str, folder: int, replace: bool) -> None:
    if not replace:
        try:  # fails where there is such a name, which a rename would silently take
            os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        if _exists(folder, name):
            raise FileExistsError(name)
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)


def _clear(folder: int) -> None:
    """Take away what an upload left that was killed."""
    for name in os.listdir(folder):
        if name.startswith(_BESIDE):
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _told(error: OSError, what: str) -> LodestarError:
    if error.errno in NO_SPACE:
        return LodestarError("The disk of the knowledge base is full; make room and try again.")
    if error.errno == errno.EISDIR:
        return LodestarError(f"There is a folder called {what}; rename the file.")
    return LodestarError(f"{what} cannot be written ({(error.strerror or 'no reason given').lower()}).")
