"""What is left out of an index, and that it is named with its reason while the rest goes in."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.documents.load import LARGEST, LOADERS, Documents, load, read_text
from rag.schema import Document, Skipped
from tests.conftest import WriteFiles

NOBODY = 65534
EMPTY = "it is empty; write something into it or remove it"


def skipped(folder: Path) -> dict[str, str]:
    """Source -> reason; the good document beside them must have been read."""
    found = list(load(folder))
    assert Document("good.md", "general", "Good.") in found
    return {item.source: item.reason for item in found if isinstance(item, Skipped)}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", EMPTY),
        (b" \r\n\t\n\x0c", EMPTY),
        (b"\xef\xbb\xbf", EMPTY),
        (b"\xef\xbb\xbf \n", EMPTY),
        ("\u00a0\n\u2028\u3000".encode(), EMPTY),
        ("\u200b\u200d\n\u2060\u00ad\u202e".encode(), EMPTY),
        (b"\x01\x02\n\x7f", EMPTY),
        ("# Title".encode("utf-16"), "it is UTF-16; save it as UTF-8"),
        (b"\xfe\xff\x00#", "it is UTF-16; save it as UTF-8"),
        (b"# Title\n\x00\x01", "it holds NUL bytes, so it is not text; save it as UTF-8 text"),
        ("Gebühr: 20 €".encode("cp1252"), "byte 3 is not UTF-8; save it as UTF-8"),
        ("naïve".encode("latin-1"), "byte 2 is not UTF-8; save it as UTF-8"),
        (b"cut off \xe2\x82", "byte 8 is not UTF-8; save it as UTF-8"),
        (b"a surrogate \xed\xa0\x80", "byte 12 is not UTF-8; save it as UTF-8"),
    ],
)
def test_a_file_that_is_not_text(write_files: WriteFiles, data: bytes, reason: str) -> None:
    assert skipped(write_files({"a/bad.md": data, "good.md": "Good."})) == {"a/bad.md": reason}


Place = Callable[[Path], None]


def _link(to: str) -> Place:
    return lambda path: path.symlink_to(to)


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _link_out(path: Path) -> None:
    outside = path.parents[2] / "secret.md"
    outside.write_text("secret")
    path.symlink_to(outside)


@pytest.mark.usefixtures("no_hanging")  # as a FIFO does to whoever opens it
@pytest.mark.parametrize(
    ("place", "words"),
    [
        (_link_out, "it is a link out of the knowledge base"),
        (_link("/etc/hostname"), "it is a link out of the knowledge base"),
        (_link("/dev/zero"), "it is a link out of the knowledge base"),
        (_link_to_itself, "link"),
        (
            _link("nothing-here.md"),
            "it cannot be read (no such file or directory; it was removed, or is a link to nothing)",
        ),
        (_link("../good-folder"), "it is a link to a folder; the folder itself is read where it lies"),
        (os.mkfifo, "it is a pipe, a socket or a device; put a regular file in its place"),
    ],
)
def test_what_is_no_file_of_the_folder(write_files: WriteFiles, place: Place, words: str) -> None:
    folder = write_files({"good.md": "Good.", "good-folder/b.md": "B", "a/c.md": "C"})
    place(folder / "a/bad.md")
    found = skipped(folder)
    assert list(found) == ["a/bad.md"]
    assert words in found["a/bad.md"]


@pytest.mark.parametrize("to", ["..", ".", "/"])
def test_a_linked_folder_is_named_and_not_entered(write_files: WriteFiles, to: str) -> None:
    folder = write_files({"good.md": "Good."})
    (folder / "linked").symlink_to(to, target_is_directory=True)
    assert list(skipped(folder)) == ["linked"]


def test_a_loader_that_the_system_keeps_out(write_files: WriteFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_files({"a/bad.md": "text", "good.md": "Good."})
    read = LOADERS[".md"]

    def refuse(path: Path) -> str:
        if path.name == "bad.md":
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path)

    monkeypatch.setitem(LOADERS, ".md", refuse)
    assert skipped(folder) == {"a/bad.md": "it cannot be read (permission denied; let this user read it)"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EIO, "Input/output error"), "it cannot be read (input/output error)"),
        (MemoryError(), "it is too large for this machine's memory; split it into several files"),
        (KeyError("page"), "its loader failed (KeyError); mend the file or the loader"),
        (RecursionError(), "its loader failed (RecursionError); mend the file or the loader"),
    ],
)
def test_a_loader_that_fails_in_its_own_way(
    write_files: WriteFiles, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(path: Path) -> str:
        raise error

    monkeypatch.setitem(LOADERS, ".pdf", fail)
    assert skipped(write_files({"a/bad.pdf": "text", "good.md": "Good."})) == {"a/bad.pdf": reason}


def test_a_loader_that_makes_half_characters(write_files: WriteFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOADERS, ".pdf", lambda path: "half a \ud83d character")
    found = skipped(write_files({"a/bad.pdf": "text", "good.md": "Good."}))
    assert "lone surrogates" in found["a/bad.pdf"]


def test_a_file_that_is_too_large(write_files: WriteFiles) -> None:
    folder = write_files({"good.md": "Good.", "bad.md": ""})
    os.truncate(folder / "bad.md", LARGEST + 1)
    assert skipped(folder) == {"bad.md": "it is larger than 100 MB; split it into several files"}


@pytest.mark.usefixtures("no_hanging")
def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(ValueError, match="it is a pipe, a socket or a device"):
        read_text(tmp_path / "pipe.md")


def test_folders_deeper_than_python_calls_itself(write_files: WriteFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_files({"good.md": "Good."})
    monkeypatch.chdir(folder)
    try:
        for _ in range(1100):
            Path("a").mkdir()
            os.chdir("a")
        Path("deep.md").write_text("Deep.")
        found = {item.source: item for item in load(folder)}
    finally:  # what pytest clears away with does call itself
        os.chdir(folder)
        subprocess.run(["rm", "-rf", "a"], check=True)
    assert isinstance(found["a/" * 1100 + "deep.md"], Document)


def test_what_was_skipped_is_that_of_the_last_reading(write_files: WriteFiles) -> None:
    folder = write_files({"good.md": "Good.", "bad.md": ""})
    documents = Documents(folder)
    assert [document.source for document in documents] == ["good.md"]
    assert [item.source for item in documents.skipped] == ["bad.md"]
    (folder / "bad.md").write_text("Mended.")
    assert [document.source for document in documents] == ["bad.md", "good.md"]
    assert documents.skipped == []


def test_files_and_folders_this_user_may_not_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        for path in ("good.md", "bad.md", "closed/a.md"):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text("Good.")
        (folder / "bad.md").chmod(0)
        (folder / "closed").chmod(0)
        try:
            with _without_root():
                found = skipped(folder)
        finally:
            (folder / "closed").chmod(0o755)
    assert found == dict.fromkeys(["bad.md", "closed"], "it cannot be read (permission denied; let this user read it)")


def test_a_name_that_is_not_utf_8(write_files: WriteFiles) -> None:
    folder = write_files({"good.md": "Good."})
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("text")
    except OSError as error:
        pytest.skip(f"this file system refuses such a name: {error}")
    assert skipped(folder) == {r"caf\udce9.md": "its name is not valid UTF-8; rename it"}


@contextmanager
def _without_root() -> Iterator[None]:
    """Root may read everything, so be nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
