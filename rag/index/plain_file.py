"""Opening a file that is only ever a plain one: whatever else lies in its place must not be waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def open_plain(path: Path) -> int:
    """A descriptor to read from. Raises OSError where no plain file lies; a named pipe would let its reader wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "this is no plain file", str(path))
    return descriptor


def read_plain(path: Path, most: int) -> str:
    """The text of a small file. Raises OSError, or ValueError where it is longer than `most` bytes or no UTF-8."""
    with os.fdopen(open_plain(path), "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{path} is too long")
    return data.decode("utf-8")
