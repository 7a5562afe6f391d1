"""Titles and headings: what a document is called, and what stands above a place in it."""

from __future__ import annotations

import pytest

from rag.documents.markdown import outline, plain

BODY = "\n\nBody text."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Gauges", "Gauges"),
        ("Gauges\n===", "Gauges"),
        ("## Part\n\n# Gauges\n\n# More", "Gauges"),
        ("---\ntitle: In front\n---\n# Gauges", "In front"),
        ('---\ntags: [a, b]\ntitle: "In: front"\n---\n# Gauges', "In: front"),
        ("\ufeff---\ntitle: In front\n---\n", "In front"),
        ("---\nauthor: Me\n---\n# Gauges", "Gauges"),
        ("---\ntitle: >\n  folded\n---\n# Gauges", "Gauges"),
        ("---\ntitle: never closed\n\n# Gauges", "Gauges"),
        ("---\n\n# Gauges\n\n---\n\ntitle: no", "Gauges"),
        ("# The `rg` *gauge* of [Kendal](https://x.y/z)", "The rg gauge of Kendal"),
        ("```\n# not a heading\n```", "My file 2026"),
        ("> # quoted", "My file 2026"),
        ("    # code", "My file 2026"),
        ("## Only a part", "My file 2026"),
        ("Nothing", "My file 2026"),
        ("---\ntitle: two  words \t\n---\nText", "two  words"),
        ("---\ntitle: " + "x" * 5000 + "\n---\nText", "x" * 1000),
        ("# " + "x" * 5000, "x" * 1000),
    ],
)
def test_the_title_comes_from_front_matter_then_the_first_heading_then_the_name(text: str, title: str) -> None:
    assert outline(text + BODY, "folder/my-file_2026.md").title == title


def test_front_matter_is_no_heading_of_the_document() -> None:
    assert [heading.text for heading in outline("---\ntitle: A\n---\n## B\n\ntext", "a.md").headings] == ["B"]


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("**9. Who stands in for you?**", "9. Who stands in for you?"),
        ("**Anita Sugden, 19 May, 11:30** *(Fergus had rung her)*", "Anita Sugden, 19 May, 11:30"),
        ("**Price:**", "Price"),
        ("**The gauge was recalled.**", None),  # a sentence
        ("**Price:** £2,340", None),
        ("**One** and **two**", None),
        ("- **An item**", None),
        ("> **Quoted**", None),
        ("** not bold**", None),
    ],
)
def test_a_line_that_is_bold_from_end_to_end_stands_above_what_follows(line: str, label: str | None) -> None:
    text = f"# A\n\n{line}\nText.\n\n## B\n\nMore."
    told = outline(text, "a")
    assert [heading.text for heading in told.headings] == (["A", label, "B"] if label else ["A", "B"])
    assert [heading.text for heading in told.heading_path(text.index("More"))] == ["A", "B"]


def test_headings_carry_their_level_and_span() -> None:
    text = "# A\n\ntext\n\nB\n---\n\n### C ###\n"
    found = [
        (heading.level, heading.text, text[heading.start : heading.end]) for heading in outline(text, "a").headings
    ]
    assert found == [(1, "A", "# A\n"), (2, "B", "B\n---\n"), (3, "C", "### C ###\n")]


def test_the_heading_path_is_what_stands_above() -> None:
    text = "start\n\n# A\n\none\n\n### B\n\ntwo\n\n## C\n\nthree\n\n### D\n\nfour\n\n# E\n\nfive"
    plan = outline(text, "a.md")
    paths = {
        word: [heading.text for heading in plan.heading_path(text.index(word))]
        for word in ("start", "one", "two", "three", "four", "five")
    }
    assert paths == {
        "start": [],
        "one": ["A"],
        "two": ["A", "B"],
        "three": ["A", "C"],
        "four": ["A", "C", "D"],
        "five": ["E"],
    }


def test_a_place_on_a_heading_is_under_it() -> None:
    assert [heading.text for heading in outline("# A\n\n## B\n", "a.md").heading_path(7)] == ["A", "B"]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**Bold** and _it_", "Bold and it"),
        ("`TF_C_0142` code", "TF_C_0142 code"),
        ("snake_case stays", "snake_case stays"),
        ("![Alt](a.png) text", "Alt text"),
        ("2 * 3 * 4", "2 3 4"),
        ("  many   blanks ", "many blanks"),
    ],
)
def test_marks_are_left_out_of_headings(markdown: str, text: str) -> None:
    assert plain(markdown) == text


def test_a_table_knows_its_header_and_its_end() -> None:
    text = "# A\n\n| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nafter"
    (table,) = outline(text, "a.md").tables
    assert table.header == "| x | y |\n|---|---|"
    assert text[table.start : table.end] == "| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"


def test_a_table_without_rows_has_no_header_to_repeat() -> None:
    (table,) = outline("| x | y |\n|---|---|\n", "a.md").tables
    assert table.header == ""
