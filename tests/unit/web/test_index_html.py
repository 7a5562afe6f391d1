"""The tab Index in words: nothing in it may become a tag, and 20,000 documents make one short page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from rag.index.changes import Changes
from rag.index.contents import Listed
from rag.index.generation import Manifest, Recipe
from rag.keeping.ingesting import Ingesting
from rag.keeping.keeper import Added
from rag.keeping.kept import Kept
from rag.keeping.pending import Pending
from rag.schema import Chunk
from rag.web.documents_html import CHUNKS, ROWS, document_html, documents_html, matching
from rag.web.index_html import (
    added_html,
    changes_html,
    kept_html,
    pending_html,
    progress_html,
    publish_question,
    skipped_html,
    summary_html,
)
from rag.web.posted_data import data_of, host_of, number_of, text_of

EVIL = '<img src=x onerror="alert(1)">\'"&'


def manifest(name: str = "gen-1", **other: Any) -> Manifest:
    recipe = Recipe("all-MiniLM-L6-v2@53aa", 384, 256, "int8", "structure-1", 256, 0, "chroma")
    given = {"documents": 86, "doc_types": {}, "skipped": (), "chunks": 1516, "examples": ()} | other
    return Manifest(name=name, created="2026-11-02T08:03:16+00:00", recipe=recipe, digest="e4bd3a00aa", **given)


def documents(number: int) -> list[Listed]:
    return [Listed(f"{n % 3}/d{n}.md", str(n % 3), f"Title {n}", n, 1, 10) for n in range(number)]


def test_the_index_in_a_line() -> None:
    said = summary_html(manifest(invisible=0.0))
    assert "Built 2 November 2026, 08:03 UTC from 86 documents in 1,516 chunks." in said
    assert "Stored in Chroma, embedded by all-MiniLM-L6-v2, which sees every word." in said
    assert "which does not see 1.2 % of the text; lower RAG_CHUNK_SIZE." in summary_html(manifest(invisible=0.0123))
    assert summary_html(manifest()).endswith("embedded by all-MiniLM-L6-v2.</p>")


def test_twenty_thousand_documents_are_one_short_page() -> None:
    every = documents(20_000)
    shown = documents_html(every, 3)
    assert shown.count("<tr>") == ROWS + 1
    assert "151 to 200 of 20,000 documents" in shown
    assert 'data-page="2">Previous' in shown
    assert 'data-page="4">Next' in shown
    assert "Next" not in documents_html(every, 10**8)
    assert "No document" in documents_html([], 0)


def test_documents_are_found_by_type_and_words() -> None:
    every = documents(30)
    assert len(matching(every, "1", "")) == 10
    assert [one.source for one in matching(every, "", "TITLE d29")] == ["2/d29.md"]
    assert matching(every, "", "title nothing") == []


def test_a_document_shows_where_it_is_cut_and_what_else_the_model_reads() -> None:
    chunks = [
        Chunk(str(n), f"Title > Part\nBody {n}", "a.md", "a", "Title", "Part", 6 * n, 6 * n + 6) for n in range(CHUNKS)
    ]
    listed = Listed("a.md", "a", "Title", 0, CHUNKS + 10, 999)
    shown = document_html(listed, chunks, 0, 2, may=True)
    assert shown.count("<section") == CHUNKS
    assert "The model also reads: Title &gt; Part" in shown
    assert f'data-first="{CHUNKS}" data-document="a.md" data-back="2">Next' in shown
    assert 'data-remove="a.md"' in shown
    assert "data-remove" not in document_html(listed, chunks, 0, 2, may=False)


def every_page() -> Iterator[str]:
    listed = Listed(EVIL, EVIL, EVIL, 0, 200, 9)
    chunk = Chunk("1", f"{EVIL}\n{EVIL}", EVIL, EVIL, EVIL, EVIL, 0, len(EVIL))
    other = manifest(EVIL, skipped=((EVIL, EVIL),))
    yield documents_html([listed] * 60, 0)
    yield document_html(listed, [chunk], 0, 0, may=True)
    yield kept_html([Kept(other, False), Kept(manifest(), True)], may=True)
    yield skipped_html(other.skipped)
    yield changes_html((manifest(), Changes((EVIL,), (EVIL,), (EVIL,))))
    yield added_html(Added([EVIL], [(EVIL, EVIL)]))
    yield progress_html(Ingesting(fault=EVIL), None)


def test_nothing_that_is_named_becomes_a_tag() -> None:
    for page in every_page():
        assert "alert(1)" in page
        for tag in re.findall(r"<[^>]*>", page):
            assert not tag.startswith("<img")
            assert " onerror=" not in re.sub(r'"[^"]*"', '""', tag)


def test_what_an_ingest_came_to() -> None:
    report = {"documents": 3, "skipped": [{}]}
    changed = Changes(("a", "b"), (), ("c",))
    assert "The index is new: 3 documents, 2 added, 1 removed. 1 file was skipped." in progress_html(
        Ingesting(report=report), changed
    )
    assert "Nothing has changed" in progress_html(Ingesting(report={"unchanged": True}), None)
    assert 'max="2000" value="64"' in progress_html(Ingesting(True, 64, 2000, 9), None)
    assert "64 of 2,000 chunks embedded, about 9 seconds left." in progress_html(Ingesting(True, 64, 2000, 9), None)
    assert progress_html(Ingesting(), None) == ""


def test_the_way_to_another_generation() -> None:
    kept = [Kept(manifest("gen-2"), True), Kept(manifest("gen-1"), False)]
    assert 'data-publish="gen-1">Go back to it' in kept_html(kept, may=True)
    assert "button" not in kept_html(kept, may=False)
    assert "86 documents" in publish_question(kept, "gen-1")
    assert publish_question(kept, "gen-2") == publish_question(kept, "gen-x") == ""
    forward = [Kept(manifest("gen-2"), False), Kept(manifest("gen-1"), True)]
    assert "Go forward to it" in kept_html(forward, may=True)


def test_what_waits_for_an_ingest_is_said_only_where_something_does() -> None:
    assert pending_html(Pending()) == ""
    assert "1 file added, 2 files taken away" in pending_html(Pending(1, 0, 2))


def test_what_a_click_carries_may_be_anything() -> None:
    assert data_of(SimpleNamespace(_data=[1])) == data_of(None) == {}
    assert [number_of(value) for value in ("12", "-1", "1e9", "٣", None, 5, "9" * 50, [1])] == [12] + [0] * 7
    assert text_of({"a": 1}) == ""
    assert len(text_of("a" * 10_000)) == 2000
    assert host_of(None) == ""
