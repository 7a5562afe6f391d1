"""What a visitor typed goes to the browser as nothing but letters, and comes back as it was typed."""

from __future__ import annotations

from typing import Any

import pytest

from rag.web.typed import WRITTEN, Chatbot, literal, typed

TEXTS = [
    "When does it end?",
    "<b>bold</b> <img src=x onerror=alert(1)> [link](http://example.org) **When** is it?",
    "# Title\n- one\n1. two\n    code\n\n> said\n---\n===",
    "a | b\n--- | ---\n`x` ~~y~~ $z$ &lt; &#60; me@example.org www.example.org http://example.org \\* %%%LATEX",
]


@pytest.mark.parametrize("text", TEXTS)
def test_it_comes_back_as_it_was_typed(text: str) -> None:
    assert typed(literal(text)) == text


def test_nothing_that_markdown_reads_is_left() -> None:
    for text in TEXTS:
        left = literal(text).removesuffix(WRITTEN)
        assert not set(left) & set("\\`*_[]<>|~@$")
        assert "://" not in left
        assert not any(line.startswith(("#;", "-", "=", "    ", "1.", "# ")) for line in left.splitlines())
    assert literal(TEXTS[0]) == TEXTS[0] + WRITTEN, "plain words stay plain"


def test_what_was_not_written_so_is_left_alone() -> None:
    assert typed("a &lt; b") == "a &lt; b"


def test_only_the_visitors_messages_are_changed_and_only_for_the_browser() -> None:
    chat = Chatbot()
    said: list[dict[str, Any]] = [
        {"role": "user", "content": "<b>When?</b>"},
        {"role": "assistant", "content": "**On Monday** [1]"},
    ]
    shown = chat.postprocess(said)
    assert [message.content[0].text for message in shown.root] == [literal("<b>When?</b>"), "**On Monday** [1]"]
    for _ in range(2):
        read = chat.preprocess(shown)
        assert [message["content"][0]["text"] for message in read] == ["<b>When?</b>", "**On Monday** [1]"]
    assert chat.get_block_name() == "chatbot"
