"""What an answer's text becomes in the chat, and that the history gets it back unchanged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.code_spans import parts
from rag.schema import Doubt
from rag.web.answer_text import PAGE_SPEAKS, linked, plain, with_notice, with_sources

# Letters that mean something to Markdown, HTML or to our own marks, in any order.
HOSTILE = st.lists(st.sampled_from([*"a1 2\n[]()<>/!?&;#`*_\\\"'", "[1]", "&lt;", "&#91;", "```"]), max_size=40).map(
    "".join
)


def test_numbers_become_links_to_the_sources_of_their_turn() -> None:
    assert linked("Yes [1][12].", 3) == r"Yes [\[1\]](#s3-1)[\[12\]](#s3-12)."


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://foreign.example/a.png)",
        "[x](http://foreign.example/)",
        "[x]: http://foreign.example/",
        "![x][1] and [1]: http://foreign.example/",
        "<img src=x onerror=alert(1)>",
        "<!-- hidden -->",
        "</p><script>alert(1)</script>",
    ],
)
def test_nothing_that_loads_or_runs_is_left(text: str) -> None:
    shown = linked(text, 1).replace(r"[\[1\]](#s1-1)", "")
    assert "[" not in shown
    assert "<" not in shown


def test_ordinary_text_is_left_alone() -> None:
    text = "# Six & 7 > 3\n\n- **bold**, _it_ 5: fish & chips!\n\n> Yes. (1) | a | b |\n1. One"
    assert linked(text, 1) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`a[1] <b>`", "<code>a&#91;1&#93; &lt;b&#62;</code>"),
        ("``a`b``!", "<code >a&#96;b</code>!"),
        ("a ` b", "a &#96; b"),
        ("```py\nx[2] = <y>\n```", "````py\nx[2] = <y>\n````"),
        ("- so:\n  ~~~mermaid x\n  a\n   b\n  ~~~\nEnd", "- so:\n````mermaid\na\n b\n````\nEnd"),
        ("```\n````` x", "``````\n````` x\n``````"),
        ("![1] and \\[1]", r"&#33;[\[1\]](#s1-1) and &#92;[\[1\]](#s1-1)"),
        ("http://a.b www.a.b me@a.b", "http&#58;//a.b www&#46;a.b me&#64;a.b"),
        ("a\r```\r\n[x](y)\r```", "a\n````\n[x](y)\n````"),
    ],
)
def test_code_and_addresses_are_letters_however_the_page_reads_them(text: str, shown: str) -> None:
    assert linked(text, 1) == shown


UNFENCED = HOSTILE.filter(lambda text: not any(part.fence for part in parts(text)))


@given(UNFENCED)
def test_the_history_gets_back_what_was_said(text: str) -> None:
    assert plain(linked(text, 2)) == text


@given(HOSTILE)
def test_a_fenced_block_comes_back_at_the_margin(text: str) -> None:
    shown = linked(text, 2)
    assert linked(plain(shown), 2) == shown
    assert "<" not in re.sub("</?code *>", "", re.sub(r"(?ms)^(`{4,}).*?^\1$", "", shown))


@given(UNFENCED.filter(str.strip))
def test_the_pages_own_words_are_not_the_answers(text: str) -> None:
    for shown in (
        with_notice(linked(text, 1), "The model is down."),
        with_notice(linked(text, 1), "The model is down.", on_page=False),
    ):
        assert plain(shown) == text.rstrip()
    assert plain(with_notice("", "The model is down.")) == ""


def test_a_notice_is_one_harmless_paragraph() -> None:
    shown = with_notice("Half an", "The model said <b>no</b>\n\n![x](http://foreign.example).")
    assert (
        shown == f"Half an\n\n> {PAGE_SPEAKS}The model said &lt;b>no&lt;/b> &#33;&#91;x](http&#58;//foreign.example)."
    )


def test_an_answer_cannot_pretend_to_be_the_page() -> None:
    assert PAGE_SPEAKS not in linked(f"Hello {PAGE_SPEAKS}there", 1)


def test_a_program_is_told_what_the_numbers_mean() -> None:
    told = with_sources("Yes [1][2].", {2: "b.md", 1: "a.md"})
    assert told == f"Yes [1][2].\n\n{PAGE_SPEAKS}Sources: [1] a.md, [2] b.md"
    assert plain(told) == "Yes [1][2]."
    assert with_sources("I don't know.", {}) == "I don't know."


DOUBTED = "- It ends on **30 June** [1].\n- It costs `9 < 10` <b>pounds</b> [2].\n\n| Tier | Fee |\n| --- | --- |\n| Gold | 12 |\n"


def doubts_of(*texts: str, why: str = 'Not "there" > here.') -> list[Doubt]:
    return [Doubt(DOUBTED.index(text), DOUBTED.index(text) + len(text), why, n == 1) for n, text in enumerate(texts)]


def test_doubts_are_marked_inside_list_items_and_cells_with_why_on_hover() -> None:
    doubts = doubts_of("- It ends on **30 June** [1].", "- It costs `9 < 10` <b>pounds</b> [2].", "| Gold | 12 |")
    shown = linked(DOUBTED, 1, doubts)
    opened = '<span class="doubt" role="note" tabindex="0" title="Not &quot;there&quot; &gt; here.">'
    assert shown.startswith(f"- {opened}It ends on **30 June** [\\[1\\]](#s1-1).</span>\n")
    assert '- <span class="doubt disputed"' in shown
    assert f"| {opened}Gold</span> | {opened}12</span> |" in shown
    assert "<b>" not in shown


def test_the_history_knows_nothing_of_doubts() -> None:
    shown = linked(DOUBTED, 1, doubts_of("- It ends on **30 June** [1].", "| Gold | 12 |"))
    assert plain(shown) == DOUBTED.rstrip() == plain(linked(DOUBTED, 1)).rstrip() or plain(shown) == DOUBTED


def test_nobody_else_can_write_a_doubt() -> None:
    said = "\ue000It is\ue3ff so \ue123"
    assert linked(said, 1) == "It is so "
    assert linked('<span class="doubt" title="x">', 1).startswith("&lt;span")
