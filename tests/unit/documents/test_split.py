"""How a document is cut, on examples a person can count: here one word is one word piece."""

from __future__ import annotations

import itertools
import re

import pytest

from rag.config import Settings
from rag.documents.split import split
from rag.index.embed import open_embedder
from rag.schema import Chunk, Document


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def cut(
    text: str, limit: int = 42, overlap: int = 0, source: str = "notes/gauge-notes.md", salt: str = ""
) -> list[Chunk]:
    """A limit of 42 leaves 40 words, the context line counted: two are the model's special tokens."""
    return split(Document(source, "notes", text), words, chunk_size=limit, chunk_overlap=overlap, salt=salt)


def prose(count: int, word: str = "word") -> str:
    """So many words in sentences of five."""
    return " ".join(f"{word.capitalize() if n % 5 == 0 else word}{'.' if n % 5 == 4 else ''}" for n in range(count))


def test_a_short_document_is_one_chunk_without_its_edges() -> None:
    (chunk,) = cut("\n\n# Gauges\n\nThey read.\n\n")
    assert chunk.text == "# Gauges\n\nThey read."
    assert (chunk.start, chunk.end) == (2, 22)
    assert (chunk.source, chunk.doc_type, chunk.title, chunk.heading) == ("notes/gauge-notes.md", "notes", "Gauges", "")


def test_a_document_without_text_has_no_chunks() -> None:
    assert cut("") == cut(" \n\n\t") == []


def test_sections_that_do_not_fit_together_are_cut_at_the_heading() -> None:
    first, second = cut(f"# Gauges\n\n## Kestrel\n\n{prose(25)}\n\n## Otter\n\n{prose(25)}")
    assert first.text.startswith("# Gauges\n\n## Kestrel\n\nWord")
    assert second.text.startswith("Gauges\n## Otter\n\nWord")
    assert (first.heading, second.heading) == ("Kestrel", "Otter")


def test_the_context_line_holds_the_headings_that_the_piece_does_not_show() -> None:
    chunks = cut(f"# Gauges\n\n## Kestrel\n\n### Price\n\n{prose(70)}")
    assert len(chunks) == 3
    assert [chunk.text.split("\n")[0] for chunk in chunks[1:]] == ["Gauges > Kestrel > Price"] * 2
    assert [chunk.heading for chunk in chunks] == ["Kestrel > Price"] * 3


def test_a_question_in_bold_stays_with_its_answer_and_stands_above_what_is_cut_off() -> None:
    """It is no section: what one piece can hold together stays together."""
    asked = f"**Who designed it?**\n{prose(40)}"
    first, second, third = cut(f"# Gauges\n\n## Kestrel\n\n{prose(30)}\n\n{asked}\n\n**Why?** *(Leith)*\nSo.")
    assert "Who" not in first.text
    assert second.text.startswith("Gauges > Kestrel\n**Who designed it?**\nWord")
    assert third.text.startswith("Gauges > Kestrel\n**Who designed it?**\nWord")
    assert third.text.endswith("**Why?** *(Leith)*\nSo.")
    assert {chunk.heading for chunk in (first, second, third)} == {"Kestrel"}


def test_a_document_without_a_title_is_named_after_its_file() -> None:
    (chunk,) = cut("Just text.")
    assert (chunk.title, chunk.text) == ("Gauge notes", "Gauge notes\nJust text.")


def test_a_long_heading_path_leaves_room_for_the_text() -> None:
    text = f"# {prose(30, 'title')}\n\n## {prose(30, 'part')}\n\n### Price\n\n{prose(60)}"
    for chunk in cut(text):
        context = chunk.text.removesuffix(chunk.body)
        assert len(words(context)) <= 10
        assert len(words(chunk.text)) <= 40


def test_a_paragraph_is_cut_between_sentences() -> None:
    for chunk in cut(prose(100)):
        assert chunk.body.startswith("Word")
        assert chunk.body.endswith(".")


def test_a_cut_paragraph_repeats_words_when_told() -> None:
    text = prose(100)
    chunks = cut(text, overlap=10)
    assert all(after.start < before.end for before, after in itertools.pairwise(chunks))
    assert all(chunk.body.startswith("Word") for chunk in chunks)
    assert all(len(words(chunk.text)) <= 40 for chunk in chunks)


def test_a_table_is_cut_between_rows_and_repeats_its_header() -> None:
    header = "| Place | People |\n|---|---|"
    rows = "\n".join(f"| place{n} | {n} |" for n in range(20))
    chunks = cut(f"# Offices\n\n{header}\n{rows}")
    assert len(chunks) > 2
    assert chunks[0].text.startswith(f"# Offices\n\n{header}\n| place0 |")
    for chunk in chunks[1:]:
        assert chunk.text.startswith(f"Offices\n{header}\n| place")
        assert chunk.body.startswith("| place")
    assert "\n".join(chunk.body for chunk in chunks).endswith(rows)


def test_lists_are_cut_between_items() -> None:
    chunks = cut("\n".join(f"- item {n} goes\n  on here" for n in range(20)))
    assert len(chunks) > 2
    assert all(chunk.body.startswith("- item") for chunk in chunks)


def test_what_opens_a_list_stays_with_it() -> None:
    items = "\n".join(f"- {prose(5)}" for _ in range(5))
    before = f"# Gauges\n\n{prose(20)}\n\n"
    first, second = cut(f"{before}The fees are:\n\n{items}")
    assert first.text == before.strip()
    assert second.text == f"Gauges\nThe fees are:\n\n{items}"
    alone, listed = cut(f"{before}The fees are high.\n\n{items}")
    assert alone.text.endswith("The fees are high.")
    assert listed.text == f"Gauges\n{items}"


@pytest.mark.parametrize("before", range(20, 40))
def test_code_stays_whole_where_it_fits(before: int) -> None:
    code = "```sh\n" + "\n".join(f"step {n}" for n in range(6)) + "\n```"
    chunks = cut(f"{prose(before)}\n\n{code}\n\n{prose(39 - before // 2)}")
    assert sum(code in chunk.body for chunk in chunks) == 1


def test_long_code_is_cut_between_lines() -> None:
    chunks = cut("```sh\n" + "\n".join(f"step number {n}" for n in range(60)) + "\n```")
    assert len(chunks) > 4
    assert all(chunk.body.startswith("step") for chunk in chunks[1:])


@pytest.mark.parametrize("heading", ["## What is it? A gauge. It reads", "What is it?\nA gauge.\n==="])
def test_a_heading_stays_with_its_text(heading: str) -> None:
    for length in range(1, 36):
        chunks = cut(f"{prose(length)}\n\n{heading}\n\n{prose(15)}")
        assert [chunk.body.count(f"{heading}\n\nWord") for chunk in chunks].count(1) == 1


def test_a_long_heading_is_not_broken() -> None:
    heading = f"## What is it? {prose(25)}"
    for length in range(1, 36):
        chunks = cut(f"{heading}\n\n{prose(length)}")
        assert chunks[0].body.startswith(heading)


def test_twins_have_ids_of_their_own_that_hang_on_what_is_embedded() -> None:
    text = f"# A\n\n## B\n\n{prose(30)}\n\n## B\n\n{prose(30)}"
    ids = [chunk.chunk_id for chunk in cut(text)]
    assert len(ids) == len(set(ids)) == 2
    assert ids == [chunk.chunk_id for chunk in cut(text)]
    assert not set(ids) & {chunk.chunk_id for chunk in cut(text, salt="another model")}
    assert not set(ids) & {chunk.chunk_id for chunk in cut(text, source="notes/copy.md")}


def test_an_edit_leaves_the_ids_of_the_other_sections_alone() -> None:
    before, after = (cut(f"# A\n\n## B\n\n{prose(30)}\n\n## C\n\n{last}") for last in (prose(30), prose(29)))
    assert before[0].chunk_id == after[0].chunk_id
    assert before[1].chunk_id != after[1].chunk_id


@pytest.mark.usefixtures("no_hanging")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("wall of text without an end " * 3600, id="100 KB without a blank line"),
        pytest.param("x" * 17_000, id="one word of 17,000 characters"),
        pytest.param("unaffordabilitynaïve漢" * 800, id="one word of mixed letters"),
        pytest.param("." * 50_000, id="dots"),
        pytest.param("".join(f"# H{n}\n" for n in range(2_000)), id="2,000 headings"),
    ],
)
def test_hostile_texts_are_covered_and_fit(text: str) -> None:
    embedder = open_embedder(Settings())
    chunks = split(Document("a/b.md", "a", text), embedder.word_pieces, chunk_size=180)
    assert all(len(embedder.word_pieces(chunk.text)) + 2 <= 180 for chunk in chunks)
    assert "".join("".join(chunk.body for chunk in chunks).split()) == "".join(text.split())


def test_the_heading_of_a_chunk_stands_in_it_or_above_it() -> None:
    chunks = cut("".join(f"# Heading{n}\n\n" for n in range(100)))
    for chunk in chunks:
        assert f"# {chunk.heading or chunk.title}" in chunk.body
