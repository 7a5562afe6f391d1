"""A chunk becomes safe HTML, with the proving words marked where they stand."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.web.chunk_html import chunk_html

MARKDOWN = st.text(st.sampled_from("ab1 \n#*_`|->[]()!<&\"'.~\\"), max_size=80)
KNOWN_TAG = re.compile(
    r"</?(?:p|h4|hr|pre|blockquote|div|table|tr|td|th|code|strong|em|span|mark)"
    r"(?: class=\"[a-z0-9 -]+\")?(?: data-bullet=\"[^\"<>]*\")?>"
)


def marked(html: str) -> str:
    return "".join(re.findall(r"<mark>(.*?)</mark>", html, re.DOTALL))


def mark(text: str, quote: str) -> str:
    start = text.index(quote)
    return chunk_html(text, [(start, start + len(quote))])


def test_blocks() -> None:
    html = chunk_html("# Title\nFirst\nsecond\n\n- one\n  - two\n3. three\n\n> said\n\n---\n```\na <b>\n```")
    assert html.split("\n") == [
        "<h4>Title</h4>",
        "<p>First",
        "second</p>",
        '<p class="item level-0" data-bullet="•">one</p>',
        '<p class="item level-1" data-bullet="•">two</p>',
        '<p class="item level-0" data-bullet="3.">three</p>',
        "<blockquote>said</blockquote>",
        "<hr>",
        "<pre>a &lt;b&gt;</pre>",
    ]


def test_a_task_shows_whether_it_is_done() -> None:
    html = chunk_html("- [x] Ship it\n- [ ] Tell the harbour\n1. [X] Paid\n- [a] no box\n- [ ]", [(6, 10)])
    assert html.split("\n") == [
        '<p class="item level-0" data-bullet="☑"><mark>Ship</mark> it</p>',
        '<p class="item level-0" data-bullet="☐">Tell the harbour</p>',
        '<p class="item level-0" data-bullet="☑">Paid</p>',
        '<p class="item level-0" data-bullet="•">[a] no box</p>',
        '<p class="item level-0" data-bullet="•">[ ]</p>',
    ]


def test_words_in_a_line() -> None:
    html = chunk_html(
        "**Bold** and *it* and __b__ and _i_ and `c*d*` and [label](http://foreign.example/) snake_case_name 2*3*4"
    )
    assert html == (
        "<p><strong>Bold</strong> and <em>it</em> and <strong>b</strong> and <em>i</em> and <code>c*d*</code> and "
        "<span>label</span> snake_case_name 2*3*4</p>"
    )


def test_a_table() -> None:
    html = chunk_html("| A | B |\n|---|---:|\n| 1 | **2** |")
    assert "<tr><th>A</th><th>B</th></tr><tr><td>1</td><td><strong>2</strong></td></tr>" in html


def test_a_table_whose_head_was_cut_off() -> None:
    assert "<tr><td>1</td><td>2</td></tr>" in chunk_html("| 1 | 2 |")


def test_the_marked_sentence_stays_one_piece() -> None:
    assert mark("Before. It ends on **30 June** at noon. After.", "It ends on **30 June** at noon.") == (
        "<p>Before. <mark>It ends on <strong>30 June</strong> at noon.</mark> After.</p>"
    )


def test_a_mark_that_ends_inside_bold_text() -> None:
    html = mark("It **ends today** here.", "It **ends")
    assert html == "<p><mark>It </mark><strong><mark>ends</mark> today</strong> here.</p>"


def test_a_mark_across_blocks() -> None:
    text = "| A | B |\n|---|---|\n| one | two |\n\nAfter that."
    start, end = text.index("| one"), text.index("After") + 5
    assert marked(chunk_html(text, [(start, end)])) == "onetwoAfter"


def test_several_marks() -> None:
    text = "One. Two. Three."
    assert chunk_html(text, [(10, 16), (0, 4)]) == "<p><mark>One.</mark> Two. <mark>Three.</mark></p>"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '<img src="x" onerror="a">', "![x](http://foreign.example)", "</p>"]
)
def test_a_document_cannot_bring_tags_images_or_links(text: str) -> None:
    for shape in (
        text,
        f"# {text}",
        f"- {text}",
        f"| {text} |",
        f"> {text}",
        f"`{text}`",
        f"**{text}**",
        f"```\n{text}\n```",
    ):
        html = chunk_html(shape, [(0, len(shape))])
        assert "<" not in KNOWN_TAG.sub("", html)
        assert "foreign.example" not in html or "<pre>" in html or "<code>" in html


@given(MARKDOWN, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=3))
def test_any_text_gives_only_known_tags(text: str, spans: list[tuple[int, int]]) -> None:
    html = chunk_html(text, spans)
    assert "<" not in KNOWN_TAG.sub("", html)
    assert html.count("<mark>") == html.count("</mark>")


@given(MARKDOWN)
def test_marks_change_no_word(text: str) -> None:
    whole = re.sub(r"</?mark>", "", chunk_html(text, [(0, len(text))]))
    assert whole == chunk_html(text)


@given(st.text(st.sampled_from("abc .\n"), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_plain_text_is_marked_letter_by_letter(text: str, start: int, end: int) -> None:
    html = unescape(chunk_html(text, [(start, end)]))
    assert re.sub(r"\s", "", marked(html)) == re.sub(r"\s", "", text[start:end])


def test_long_and_nasty_text_is_read_quickly() -> None:
    for text in ("**" * 3_000, "|-" * 3_000, "[" * 6_000, "| " * 3_000 + "x", "_a" * 3_000, "- " * 3_000):
        chunk_html(text)
