"""What may be uploaded, by its name: sixty names that nobody should be able to write into a knowledge base."""

from __future__ import annotations

import pytest

from rag.keeping.names import doc_type_name, file_name, shown
from rag.schema import LodestarError

HOSTILE = [
    "", " ", ".", "..", "...", ".md", "..md", ".hidden.md", "../a.md", "../../etc/passwd.md", "/a.md", "/etc/cron.d/a.md",
    "a/b.md", "a/../b.md", "./a.md", "a//b.md", "a.md/", "~/a/b.md", "\\a.md", "..\\a.md", "C:\\a.md", "C:a.md",
    "\\\\server\\share\\a.md", "a\0.md", "a.md\0", "a.md\0.png", "a\n.md", "a\r.md", "a\t.md", "a\x1b[31m.md", "a\x7f.md",
    "a\x85.md", "a\u2028.md", "a\u202egpj.md", "a\u200b.md", "a\ufeff.md", "\ud800.md", "a\ue000.md", "a.txt", "a.md.exe",
    "a.html", "a", "a.", "a.md.", "a.mdx", "a.md ", " a.md", "con.md", "CON.md", "nul.markdown", "aux.tar.md", "com1.md",
    "LPT9.md", "a?.md", "a*.md", "a:b.md", "a|b.md", "<a>.md", 'a".md', "x" * 200 + ".md", "é" * 100 + ".md", " .md",
]  # fmt: skip


@pytest.mark.parametrize("name", [*HOSTILE, None, 7, ["a.md"], b"a.md"])
def test_a_hostile_name_is_refused_with_a_reason(name: object) -> None:
    with pytest.raises(LodestarError) as refused:
        file_name(name)
    reason = str(refused.value)
    assert reason.startswith("it")
    assert reason.isprintable()
    assert shown(name).isprintable()
    assert len(shown(name)) <= 81


def test_there_are_sixty() -> None:
    assert len(set(HOSTILE)) >= 60


@pytest.mark.parametrize(
    "name",
    ["a.md", "A.MD", "Q&A of the quokka.md", "a.b.markdown", "-rf.md", "%2e%2e%2fa.md",
     "Übersicht.md", "合同.md", "عقد.md", "👩\u200d🚀.md"],
)  # fmt: skip
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert file_name(name) == name


def test_a_name_is_kept_in_the_form_that_other_systems_write() -> None:
    assert file_name("Cafe\u0301.md") == "Caf\u00e9.md"


@pytest.mark.parametrize("name", ["..", ".trash", "a/b", "", "con", "a.", "x" * 81, "a\0", "\u202ea"])
def test_a_doc_type_is_one_folder_that_can_be_seen(name: str) -> None:
    with pytest.raises(LodestarError):
        doc_type_name(name)
    assert doc_type_name("meeting notes") == "meeting notes"
