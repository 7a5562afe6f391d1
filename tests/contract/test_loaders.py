"""What every row of LOADERS must do: a file in, its text out, and a reason where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.load import LOADERS, load
from rag.schema import Document, Skipped
from tests.conftest import WriteFiles

every_loader = pytest.mark.parametrize("suffix", LOADERS)


@every_loader
def test_the_suffix_is_lower_case_with_its_dot(suffix: str) -> None:
    assert suffix.startswith(".")
    assert suffix == suffix.lower()


@every_loader
def test_the_text_of_the_file_is_in_the_document(suffix: str, write_files: WriteFiles) -> None:
    (document,) = load(write_files({f"policies/leave{suffix}": "# Leave\n\nTwenty-six weeks, naïve £ 日本語 🙂."}))
    assert isinstance(document, Document)
    assert (document.source, document.doc_type) == (f"policies/leave{suffix}", "policies")
    assert "Twenty-six weeks, naïve £ 日本語 🙂." in document.text


@every_loader
def test_the_suffix_is_known_in_capitals(suffix: str, write_files: WriteFiles) -> None:
    assert [item.source for item in load(write_files({f"a/B{suffix.upper()}": "text"}))] == [f"a/B{suffix.upper()}"]


@every_loader
def test_offsets_are_those_of_the_text_with_plain_line_ends(suffix: str, write_files: WriteFiles) -> None:
    (document,) = load(write_files({f"a/b{suffix}": "one\r\ntwo\rthree\n"}))
    assert isinstance(document, Document)
    assert "\r" not in document.text


@every_loader
def test_reading_twice_gives_the_same(suffix: str, write_files: WriteFiles) -> None:
    path = write_files({f"b{suffix}": "# Same\n\ntext"}) / f"b{suffix}"
    assert LOADERS[suffix](path) == LOADERS[suffix](path)


@every_loader
@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfea\x00", b"caf\xe9", b"a\x00b", bytes(range(256))])
def test_what_holds_no_text_is_skipped_with_a_reason_and_the_rest_is_read(
    suffix: str, data: bytes, write_files: WriteFiles
) -> None:
    bad, good = load(write_files({f"a/bad{suffix}": data, f"a/good{suffix}": "Good."}))
    assert isinstance(bad, Skipped)
    assert bad.source == f"a/bad{suffix}"
    assert bad.reason
    assert isinstance(good, Document)


@every_loader
def test_a_file_that_is_not_there_is_an_error_of_the_system(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        LOADERS[suffix](tmp_path / f"missing{suffix}")
