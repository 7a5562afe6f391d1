"""What must hold for the chunks of any document, with the real tokenizer's word pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.config import Settings
from rag.documents.markdown import outline
from rag.documents.split import WordPieces, split
from rag.index.embed import open_embedder
from rag.schema import Chunk, Document
from tests.unit.documents.markdown_texts import heading, markdown, paragraph

SPECIAL = 2  # [CLS] and [SEP]
LIMITS = st.sampled_from([32, 48, 64, 180, 254])
OVERLAPS = st.sampled_from([0, 0, 5, 40, 200])

some_examples = settings(max_examples=40 if settings().max_examples > 50 else 10)

GO_ON = "We go on and on and on here."
# A chunk that would be repeated whole by the next one, and words of which a half has more word pieces than its share.
SHORT_AMONG_LONG = (
    f"{GO_ON} {GO_ON} river gauge. {GO_ON} {GO_ON} It is so.\n\nriver gauge. {GO_ON} {GO_ON} {GO_ON} Yes. river gauge."
)
LONG_WORDS = "strawberries" * 27


@pytest.fixture(scope="module")
def word_pieces() -> WordPieces:
    return open_embedder(Settings()).word_pieces


def chunks_of(text: str, word_pieces: WordPieces, limit: int, overlap: int) -> list[Chunk]:
    document = Document("folder/some-file.md", "folder", text)
    return split(document, word_pieces, chunk_size=limit, chunk_overlap=overlap, salt="model@1")


@some_examples
@given(markdown, LIMITS, OVERLAPS)
@example(LONG_WORDS, 32, 0)
@example(SHORT_AMONG_LONG, 32, 40)
def test_chunks_cover_their_document_exactly_fit_the_window_and_come_in_order(
    word_pieces: WordPieces, text: str, limit: int, overlap: int
) -> None:
    chunks = chunks_of(text, word_pieces, limit, overlap)
    covered = set[int]()
    for chunk in chunks:
        assert 0 <= chunk.start < chunk.end <= len(text)
        assert chunk.body == text[chunk.start : chunk.end]
        assert chunk.text == chunk.body or chunk.text.endswith(f"\n{chunk.body}")
        assert len(word_pieces(chunk.text)) + SPECIAL <= limit
        covered.update(range(chunk.start, chunk.end))
    left_out = [character for at, character in enumerate(text) if at not in covered]
    assert "".join(left_out).replace("\ufeff", "").strip() == ""
    for before, after in itertools.pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
        repeated = word_pieces(text[after.start : before.end]) if after.start < before.end else []
        assert len(repeated) <= min(overlap, limit // 3) + 4  # half a word, or half a syllable of Hangul, has more


@some_examples
@given(markdown, LIMITS)
def test_ids_are_unique_and_stable(word_pieces: WordPieces, text: str, limit: int) -> None:
    ids = [chunk.chunk_id for chunk in chunks_of(text, word_pieces, limit, 0)]
    assert len(set(ids)) == len(ids)
    assert ids == [chunk.chunk_id for chunk in chunks_of(text, word_pieces, limit, 0)]


@some_examples
@given(st.lists(st.one_of(heading, paragraph), max_size=14), OVERLAPS)
def test_no_chunk_ends_with_a_heading_whose_text_follows(
    word_pieces: WordPieces, blocks: list[str], overlap: int
) -> None:
    text = "\n\n".join(blocks)
    plan = outline(text, "some-file.md")
    for chunk in chunks_of(text, word_pieces, 254, overlap):
        path = plan.heading_path(chunk.end - 1)
        if path and path[-1].end >= chunk.end and path[-1].start < chunk.end:
            last, rest = path[-1], text[chunk.end :].lstrip()
            following = plan.heading_path(len(text) - len(rest))
            # Only an empty section's heading may stand last: nothing follows, or the next section of its rank.
            assert not rest or (following[-1].start >= last.end and following[-1].level <= last.level)
