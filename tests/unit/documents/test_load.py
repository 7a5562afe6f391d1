"""Folder -> documents: which files are read, what they are called, and that their text is what everyone else reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.load import NO_FOLDER, load, read_text
from rag.schema import Document, KnowledgeBaseError
from tests.conftest import WriteFiles


def documents(folder: Path) -> list[Document]:
    found = list(load(folder))
    assert all(isinstance(item, Document) for item in found), found
    return [item for item in found if isinstance(item, Document)]


def test_the_first_folder_names_the_doc_type(write_files: WriteFiles) -> None:
    folder = write_files({"policies/leave.md": "Leave", "contracts/2026/north/a.md": "A", "readme.md": "Read me"})
    assert documents(folder) == [
        Document("contracts/2026/north/a.md", "contracts", "A"),
        Document("policies/leave.md", "policies", "Leave"),
        Document("readme.md", NO_FOLDER, "Read me"),
    ]


def test_files_of_no_folder_are_general(write_files: WriteFiles) -> None:
    assert [document.doc_type for document in documents(write_files({"a.md": "A"}))] == ["general"]


def test_the_order_is_that_of_the_sources(write_files: WriteFiles) -> None:
    names = ["b/a.md", "a/z.md", "a-b/c.md", "a/B.md", "a/é.md", "z.md", "a/a/a.md"]
    found = [document.source for document in documents(write_files(dict.fromkeys(names, "text")))]
    assert found == sorted(names, key=os.fsencode)


def test_other_suffixes_are_passed_over_and_case_does_not_matter(write_files: WriteFiles) -> None:
    folder = write_files(
        {"a/one.MD": "1", "a/two.Markdown": "2", "a/three.txt": "3", "a/md": "4", "a/five.md.bak": "5", "a/.md": "6"}
    )
    assert [document.source for document in documents(folder)] == ["a/one.MD", "a/two.Markdown"]


def test_hidden_files_and_folders_are_passed_over(write_files: WriteFiles) -> None:
    folder = write_files({"a/.hidden.md": "x", ".git/notes.md": "x", "a/.obsidian/deep/x.md": "x", "a/seen.md": "x"})
    assert [document.source for document in documents(folder)] == ["a/seen.md"]


def test_a_link_to_a_file_inside_is_read_under_its_own_name(write_files: WriteFiles) -> None:
    folder = write_files({"a/one.md": "text"})
    (folder / "b").mkdir()
    (folder / "b/link.md").symlink_to(folder / "a/one.md")
    assert documents(folder) == [Document("a/one.md", "a", "text"), Document("b/link.md", "b", "text")]


def test_a_knowledge_base_that_is_itself_a_link_is_read(write_files: WriteFiles, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write_files({"a/one.md": "text"}), target_is_directory=True)
    assert documents(tmp_path / "link") == [Document("a/one.md", "a", "text")]


def test_names_may_hold_spaces_and_any_script(write_files: WriteFiles) -> None:
    folder = write_files({"Verträge 2026/Straße & Söhne.md": "text", "契約/一.md": "text"})
    assert {document.doc_type for document in documents(folder)} == {"Verträge 2026", "契約"}


def test_a_missing_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match=r"nowhere does not exist; name a folder with --knowledge-base\.$"):
        list(load(tmp_path / "nowhere"))


def test_a_file_given_for_the_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file.md").write_text("text")
    with pytest.raises(KnowledgeBaseError, match="is a file, not a folder"):
        list(load(tmp_path / "file.md"))


@pytest.mark.parametrize(
    "data",
    [
        b"one\r\ntwo\r\n",
        b"one\rtwo\r",
        b"one\r\r\ntwo\n\r\n",
        "\ufeffone\r\ntwo".encode(),
        "\u2028 and \u0085 and \x0b and \x0c end no line\r\n".encode(),
        "naïve £1,460 日本語 🙂\r\n".encode(),
    ],
)
def test_text_is_what_path_read_text_gives(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(data)
    assert read_text(path) == path.read_text(encoding="utf-8")


@settings(max_examples=40)
@given(text=st.text(st.sampled_from("ab \r\n\t\ufeff\u2028é🙂"), max_size=40))
def test_text_is_what_path_read_text_gives_for_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    path.write_bytes(text.encode("utf-8"))
    assert read_text(path) == path.read_text(encoding="utf-8")
