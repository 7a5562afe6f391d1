"""One bad file never stops an ingest: documents of every shape, made by the thousand."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.documents.load import Documents
from tests.trust.ingesting import GOOD, check_chunks, found, ingest_letters, write
from tests.trust.rounds import rounds
from tests.unit.documents.markdown_texts import markdown

A_TIME = 5  # documents in one knowledge base, so that an ingest is made for each five of them

anything = st.one_of(
    markdown,
    st.text(max_size=400),
    st.text(st.characters(codec="utf-8", categories=["Cc", "Cf", "Mn", "Zs", "Zl", "So", "Co", "Po"]), max_size=200),
    st.text("#|-=`~>*_[]()<!\n\t 1.a:", max_size=300),
)


@settings(max_examples=rounds(20, 400), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(anything, min_size=A_TIME, max_size=A_TIME))
def test_any_documents_go_in_whole_or_are_named(made: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base"
        write(base, {**GOOD, **{f"made/{at}.md": text for at, text in enumerate(made)}})
        built, index = ingest_letters(base, Path(name) / "index")
        read = {document.source: document.text for document in Documents(base)}
        assert set(read) | {source for source, _ in built.manifest.skipped} == {
            *GOOD,
            *(f"made/{at}.md" for at in range(A_TIME)),
        }
        check_chunks(index, read)
        for source, text in GOOD.items():
            assert source in found(index, text.splitlines()[-1])
