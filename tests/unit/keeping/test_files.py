"""Files come into the knowledge base whole or not at all, and never anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.documents.load import load
from rag.keeping import files
from rag.schema import Document, LodestarError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    (folder / "animals").mkdir(parents=True)
    (folder / "animals/ant.md").write_text("# Ant\n")
    return folder


def names(base: Path) -> list[str]:
    return sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if not path.is_dir())


def test_a_file_is_added_to_a_doc_type_that_need_not_exist(base: Path) -> None:
    assert files.add(base, "plants", "fern.md", b"# Fern\r\n", replace=False) == "plants/fern.md"
    assert (base / "plants/fern.md").read_bytes() == b"# Fern\r\n"
    assert names(base) == ["animals/ant.md", "plants/fern.md"]
    assert [item.doc_type for item in load(base) if isinstance(item, Document)] == ["animals", "plants"]


def test_what_exists_is_replaced_only_when_asked(base: Path) -> None:
    with pytest.raises(FileExistsError):
        files.add(base, "animals", "ant.md", b"other", replace=False)
    assert (base / "animals/ant.md").read_text() == "# Ant\n"
    files.add(base, "animals", "ant.md", b"other", replace=True)
    assert (base / "animals/ant.md").read_text() == "other"
    assert names(base) == ["animals/ant.md"]


def test_without_links_to_files_what_exists_is_still_not_replaced(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(FileExistsError):
        files.add(base, "animals", "ant.md", b"other", replace=False)
    assert files.add(base, "animals", "bee.md", b"# Bee", replace=False) == "animals/bee.md"
    assert names(base) == ["animals/ant.md", "animals/bee.md"]


def test_what_lies_in_no_folder_is_joined_there(base: Path) -> None:
    assert files.add(base, "general", "top.md", b"# Top", replace=False) == "top.md"
    (base / "general").mkdir()
    assert files.add(base, "general", "top.md", b"# Top", replace=False) == "general/top.md"


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_is_a_link_is_not_followed(base: Path, tmp_path: Path, replace: bool) -> None:
    (tmp_path / "outside").mkdir()
    (base / "linked").symlink_to(tmp_path / "outside")
    (base / files.TRASH).symlink_to(tmp_path / "outside")
    with pytest.raises(LodestarError, match="not a folder of the knowledge base"):
        files.add(base, "linked", "a.md", b"x", replace=replace)
    with pytest.raises(LodestarError, match="not a folder of the knowledge base"):
        files.remove(base, "animals/ant.md")
    with pytest.raises(LodestarError, match="not a folder of the knowledge base"):
        files.remove(base, "linked/a.md")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_that_is_a_link_is_replaced_and_not_written_through(base: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("stays")
    (base / "animals/ant.md").unlink()
    (base / "animals/ant.md").symlink_to(tmp_path / "secret")
    files.add(base, "animals", "ant.md", b"new", replace=True)
    assert (tmp_path / "secret").read_text() == "stays"
    assert not (base / "animals/ant.md").is_symlink()


@pytest.mark.parametrize("step", ["fsync", "link", "write"])
def test_a_disk_that_is_full_leaves_everything_as_it_was(
    base: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(os, "fdopen", full)
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(LodestarError, match="disk of the knowledge base is full"):
        files.add(base, "animals", "bee.md", b"# Bee", replace=False)
    assert names(base) == ["animals/ant.md"]


def test_what_a_killed_upload_left_goes_with_the_next(base: Path) -> None:
    (base / "animals/.adding-0123.tmp").write_text("half")
    files.add(base, "animals", "bee.md", b"# Bee", replace=False)
    assert names(base) == ["animals/ant.md", "animals/bee.md"]


def test_a_removed_document_is_kept_where_no_ingest_reads_it(base: Path) -> None:
    place = files.remove(base, "animals/ant.md")
    assert (base / place).read_text() == "# Ant\n"
    assert list(load(base)) == []
    files.add(base, "animals", "ant.md", b"again", replace=False)
    assert files.remove(base, "animals/ant.md") != place


@pytest.mark.parametrize(
    "source", ["animals", "animals/../animals/ant.md", "/etc/hostname", ".trash/a.md", "", "animals/", "animals/no.md", "a\0.md"]
)  # fmt: skip
def test_nothing_else_can_be_removed(base: Path, source: str) -> None:
    with pytest.raises(LodestarError):
        files.remove(base, source)
    assert names(base) == ["animals/ant.md"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf \n", "it is empty"),
        (b"a\0b", "it holds NUL bytes, so it is not text; save it as UTF-8 text"),
        (b"\xff\xfea\0", "it is UTF-16; save it as UTF-8"),
        (b"caf\xe9", "byte 3 is not UTF-8; save it as UTF-8"),
        (b"a" * (files.MOST_BYTES + 1), "it is larger than 5 MB"),
    ],
)
def test_what_cannot_be_a_document_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(LodestarError) as refused:
        files.readable(path, "a.md")
    assert str(refused.value) == why


def test_the_largest_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(b"a" * files.MOST_BYTES)
    assert len(files.readable(tmp_path / "upload", "a.md")) == files.MOST_BYTES
