"""What the sources do not bear out of an answer, as a list: an underline is nothing to a phone or a screen reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from rag.schema import Answer, Doubt
from rag.web.chunk_html import chunk_html

_ROOM = 140
_NUMBERS = re.compile(r"\s?\[\d{1,3}\]")
_BLOCK_ENDS = re.compile(r"</(?:h\d|p|td|th|pre|blockquote)>")


def doubts_html(turn: int, answer: Answer) -> str:
    """The list of one turn, or nothing."""
    unproven = [doubt for doubt in answer.doubts if not doubt.disputed]
    disputed = [doubt for doubt in answer.doubts if doubt.disputed]
    groups = _group("Not borne out by the sources", unproven, answer.text)
    groups += _group("Sources disagree", disputed, answer.text)
    return f'<div class="doubts" id="doubts-{turn}">{groups}</div>' if groups else ""


def shortened(markdown: str) -> str:
    """The words of a part of an answer, without Markdown and numbers, up to where it gets long."""
    shown = _BLOCK_ENDS.sub(" ", chunk_html(_NUMBERS.sub("", markdown[: 4 * _ROOM])))
    words = " ".join(unescape(re.sub(r"<[^>]+>", "", shown)).split())
    return words if len(words) <= _ROOM else words[:_ROOM].rsplit(" ", 1)[0] + " …"


def _group(title: str, doubts: Sequence[Doubt], text: str) -> str:
    items = "".join(
        f'<li tabindex="-1"><q>{escape(shortened(text[doubt.start : doubt.end]))}</q> '
        f'<span class="why">{escape(doubt.why)}</span></li>'
        for doubt in doubts
    )
    return f"<h3>{title}</h3><ul>{items}</ul>" if items else ""
