"""The files that must not stop an ingest: what lies in the folder, and what becomes of it."""

from __future__ import annotations

import errno
import os
import socket
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

WORDS = "Xylophone quagga"
"""What stands in the files that are to be found."""
TEXT = f"# Heading\n\n{WORDS} sits here.\n"


@dataclass(frozen=True)
class Bad:
    """A file among good ones. `reason`: a part of why it is skipped; empty: it goes in and `words` find it."""

    name: str
    place: Callable[[Path], None]
    source: str
    reason: str = ""
    words: str = WORDS


def _holding(name: str, content: str | bytes, reason: str = "", words: str = WORDS) -> Bad:
    def place(folder: Path) -> None:
        (folder / "bad.md").write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))

    return Bad(name, place, "bad.md", reason, words)


def _named(name: str, source: str, reason: str = "", shown: str = "") -> Bad:
    def place(folder: Path) -> None:
        path = Path(os.fsdecode(os.fsencode(folder / source)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(TEXT)
        except OSError as error:
            pytest.skip(f"this file system has no such names: {os.strerror(error.errno or errno.EINVAL)}")

    return Bad(name, place, shown or source, reason)


def _placed(name: str, place: Callable[[Path], None], reason: str = "") -> Bad:
    return Bad(name, lambda folder: place(folder / "bad.md"), "bad.md", reason)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # a socket's path has a hundred characters at most
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))  # /dev/zero
    except OSError:
        pytest.skip("this user may make no device")


def _hole(path: Path, megabytes: int) -> None:
    path.write_bytes(b"")
    os.truncate(path, megabytes * 1_000_000)


def _hard_link(path: Path) -> None:
    (path.parent / "other.txt").write_text(TEXT)
    os.link(path.parent / "other.txt", path)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.md").write_text(TEXT)


def _twin(form: str) -> Bad:
    def place(folder: Path) -> None:
        for other in ("NFC", "NFD"):
            (folder / f"{unicodedata.normalize(other, 'Ångström')}.md").write_text(TEXT)

    return Bad(f"{form} twin", place, f"{unicodedata.normalize(form, 'Ångström')}.md")


EMPTY, UTF8, LINK = "it is empty", "save it as UTF-8", "it is a link"
PIPE = "it is a pipe, a socket or a device"

BAD = [
    _holding("empty", b"", EMPTY),
    _holding("blanks", " \r\n\t\n\x0c\u00a0\u2028\u3000", EMPTY),
    _holding("byte order mark alone", b"\xef\xbb\xbf", EMPTY),
    _holding("zero width alone", "\u200b\u200d\u2060\ufeff", EMPTY),
    _holding("controls alone", b"\x01\x02\x1b\x7f", EMPTY),
    _holding("UTF-16 LE", TEXT.encode("utf-16-le"), "NUL"),
    _holding("UTF-16 with mark", TEXT.encode("utf-16"), "UTF-16"),
    _holding("UTF-32", TEXT.encode("utf-32"), "UTF-16"),
    _holding("latin-1", b"caf\xe9 " + TEXT.encode(), UTF8),
    _holding("cut off in a character", TEXT.encode() + b"\xe2\x82", UTF8),
    _holding("lone surrogates", TEXT.encode() + b"\xed\xa0\x80\xed\xb0\x80", UTF8),
    _holding("NUL", TEXT.encode() + b"\0", "NUL"),
    _holding("binary", bytes(range(256)) * 40, "NUL"),
    _holding("an image", b"\x89PNG\r\n\x1a\n" + bytes(100), "NUL"),
    _holding("byte order mark", b"\xef\xbb\xbf" + TEXT.encode()),
    _holding("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT.encode()),
    _holding("all line ends mixed", TEXT.replace("\n", "\r\n") + "a\rb\r\r\nc\n\r" + WORDS),
    _holding("U+2028 and U+0085", f"# A\u2028{WORDS}\u0085more\u2029and\x0bso\x0con"),
    _holding("controls", f"# A\x1b[31m\n\n{WORDS}\x07\x08\x9b2J\x01 end"),
    _holding("right to left", f"# עברית\n\n\u202e{WORDS}\u202c \u2067x"),
    _holding("tabs", f"\t\tcode\n\n-\titem\n\n\t{WORDS}\n\n>\tquote"),
    _holding("replacement characters", f"\ufffd\ufffd\n\n{WORDS}\n\n\ufffd"),
    _holding("private and unassigned", f"\ue000\U000e0001\U0010ffff {WORDS}"),
    _holding("combining without a base", f"\u0301\u0301\n\n{WORDS}\n\n{'e' + chr(0x301) * 900}"),
    _holding("front matter never closed", f"---\ntitle: x\n\n# A\n\n{WORDS}"),
    _holding("front matter alone", f"---\ntitle: {WORDS}\n---\n"),
    _holding("front matter with anchors", f"---\na: &a [*a, *a]\nb: &b [*a, *b, *b]\n---\n{WORDS}"),
    _holding("front matter that would run", f'---\na: !!python/object/apply:os.system ["false"]\n---\n{WORDS}'),
    _holding("front matter broken", f"---\n: : :\n\t- ]{{\n---\n{WORDS}"),
    _holding("front matter with a long title", f"---\ntitle: {'word ' * 9000}\n---\n{WORDS}"),
    _holding("fence never closed", f"# A\n\n```python\n{WORDS}\n# no heading\n" + "x = 1\n" * 300),
    _holding("fence of blank lines", f"{WORDS}\n\n```\n" + "\n" * 4000 + "```\n"),
    _holding("comment never closed", f"{WORDS}\n\n<!-- " + "text\n" * 300),
    _holding("HTML never closed", f"{WORDS}\n\n<script><div><table>" + "<td>\n" * 300),
    _holding("deep lists", "\n".join(f"{'  ' * n}- item {n}" for n in range(300)) + f"\n\n{WORDS}"),
    _holding("deep quotes", f"{'>' * 3000} {WORDS}"),
    _holding("backticks", f"{WORDS}\n\n" + "`" * 60_000),
    _holding("open brackets", f"{WORDS}\n\n" + "[" * 60_000),
    _holding("open brackets in a heading", f"# {'[' * 60_000}\n\n{WORDS}"),
    _holding("stars and underscores", f"{WORDS} " + "*_" * 20_000),
    _holding("one word", f"{WORDS} " + "a" * 100_000),
    _holding("one line", f"{WORDS} " + "the quick brown fox " * 5000),
    _holding("emoji", f"{WORDS} " + "\U0001f642" * 20_000),
    _holding("blanks within", f"{WORDS}{' ' * 100_000}end"),
    _holding("no word at all", "!!! ???", words="!!! ???"),
    _holding("10,000 headings", "".join(f"{'#' * (n % 6 + 1)} Part {n}\n\n" for n in range(10_000)) + WORDS),
    _holding("headings only", "# \n## \n### A\n#### B\n" * 200 + WORDS),
    _holding(
        "a table of 3,000 columns", "|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n|" + "b|" * 3000 + f"\n\n{WORDS}"
    ),
    _holding("a table of 3,000 rows", "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 3000 + f"| {WORDS} | |\n"),
    _holding("a table header of 60 KB", f"| {'a b ' * 15_000}|\n|---|\n| {WORDS} |\n" + "| c |\n" * 300),
    _holding("references", "[a]: /b\n" * 3000 + WORDS),
    _named("emoji name", "\U0001f642/\U0001f642\u200d\U0001f642.md"),
    _named("right-to-left name", "עברית/\u202etxt.md"),
    _named("newline and quotes in the name", "a\nSkipped good.md: \"x'.md"),
    _named("escapes in the name", "\x1b[31m\x07\x9b.md"),
    _named("dots in the name", "a../b..c/d...md"),
    _named("leading dash", "-rf/--help.md"),
    _named("blanks around the name", " a / b .md"),
    _named("backslashes", "a\\..\\..\\b.md"),
    _named("HTML in the name", "<img src=x onerror=alert(1)>.md"),
    _named("255 bytes", f"{'n' * 252}.md"),
    _named("50 folders deep", "/".join(["deep"] * 50) + "/x.md"),
    _named("name that is not UTF-8", os.fsdecode(b"caf\xe9.md"), "rename it", r"caf\udce9.md"),
    _twin("NFC"),
    _twin("NFD"),
    Bad("folder named like a file", lambda folder: _folder(folder / "bad.md"), "bad.md/inside.md"),
    _placed("hard link", _hard_link),
    _placed("link to nothing", lambda path: path.symlink_to("nowhere.md"), "link to nothing"),
    _placed("link out", lambda path: path.symlink_to("/etc/passwd"), f"{LINK} out of the knowledge base"),
    _placed("link up and out", lambda path: path.symlink_to("../" * 30 + "etc/passwd"), LINK),
    _placed("link to a device", lambda path: path.symlink_to("/dev/zero"), f"{LINK} out"),
    _placed("link to itself", lambda path: path.symlink_to("bad.md"), "leads back to itself"),
    _placed("link to a folder", lambda path: path.symlink_to("."), f"{LINK} to a folder"),
    _placed("link to the root", lambda path: path.symlink_to("/"), f"{LINK} out"),
    _placed("pipe", os.mkfifo, PIPE),
    _placed("socket", _socket, PIPE),
    _placed("device", _device, PIPE),
    _placed("too large", lambda path: _hole(path, 200), "split it into"),
    _placed("50 MB of nothing", lambda path: _hole(path, 50), "NUL"),
]
