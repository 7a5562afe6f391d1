"""The text of an answer, between what the assistant says and what the chat shows.

An llm's words are untrusted: they may repeat whatever a document told it to say. In the chat they are Markdown, so each letter
that could begin a tag, an image, a link or an address is written as a character reference, in code too: where we see code, the
page's own reader of Markdown need not. Only our own `[n]` become links, to the place in the sources panel where chunk n of that
turn stands, and a fenced block is written anew, with a fence that nothing in it can close. `plain` is the inverse, for the history.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from textwrap import dedent

from rag.documents.code_spans import IN_LINE, Part, parts
from rag.schema import Doubt

# An invisible character (word joiner) that opens what the page itself says inside an answer. It survives every way a
# conversation is stored, so the history can leave the page's own words out without remembering anything.
PAGE_SPEAKS = "\u2060"

# A sign in front of one of ours could make something else of it: "![1]" is an image.
_ACTIVE = r"<|\[|`|@|~~~|:(?=//)|(?<=www)\.|%(?=%%LATEX)|&(?=(?:amp|lt|\#\d+);)"
_PROSE = re.compile(
    rf"(?P<span>{IN_LINE.pattern})|\[(?P<n>\d{{1,3}})\](?!\()|(?P<active>[\\!]+(?={_ACTIVE})|{_ACTIVE})", re.I
)
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_REFERENCE = re.compile(r"&(?:amp|lt|#\d+);")
_LINKED = re.compile(r"\[\\\[(\d{1,3})\\\]\]\(#s\d+-\d+\)")
_CODE = re.compile(r"<code( *)>([^<]*)</code>")
_DOUBT = re.compile(r'<span class="doubt[^>]*>|</span>')
# Where a doubt begins (which one) and ends, while the text around it is being written: of Unicode's private use.
_OURS, _FIRST, _END = re.compile("[\ue000-\ue3ff]"), 0xE000, "\ue3ff"
_OPENS_LINE = re.compile(r"(?:[-*+>]|\d{1,9}[.)]|#{1,6})[ \t]+")
_FENCE = re.compile(r"^(`{4,})([^\n`]*)\n(.*?)(?:^\1$|\Z)", re.MULTILINE | re.DOTALL)


def linked(text: str, turn: int, doubts: Sequence[Doubt] = ()) -> str:
    """`text` as Markdown for the chat; `[n]` leads to `#s<turn>-n`, and doubts are marked with why on hover."""
    text = _with_signs(_OURS.sub("", text), doubts)
    text = text.replace(PAGE_SPEAKS, "").replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(
        _OURS.sub("", _block(text, part)) if part.fence else _prose(text[part.start : part.end], turn)
        for part in parts(text)
    )
    return _OURS.sub(lambda sign: _tag(sign[0], doubts), shown)


def plain(text: str) -> str:
    """What the assistant said, from what the chat or the API shows: without our links and the page's own words."""
    said, page_speaks, _ = text.partition(PAGE_SPEAKS)
    said = said.removesuffix("> ").rstrip() if page_speaks else said
    pieces: list[str] = []
    end = 0
    for block in _FENCE.finditer(said):
        pieces += [_unlinked(said[end : block.start()]), f"```{block[2]}\n{block[3]}```"]
        end = block.end()
    return "".join([*pieces, _unlinked(said[end:])])


def with_notice(text: str, sentence: str, *, on_page: bool = True) -> str:
    """What had arrived of an answer, then the page's own sentence, set apart from it."""
    sentence = " ".join(sentence.split())
    notice = f"> {PAGE_SPEAKS}{_prose(sentence)}" if on_page else f"{PAGE_SPEAKS}{sentence}"
    return f"{text.rstrip()}\n\n{notice}" if text.strip() else notice


def with_sources(text: str, sources: dict[int, str]) -> str:
    """The answer for a program that called the API: it sees no panel, so the numbers are explained below the text."""
    if not sources:
        return text
    return f"{text.rstrip()}\n\n{PAGE_SPEAKS}Sources: " + ", ".join(f"[{n}] {sources[n]}" for n in sorted(sources))


def _with_signs(text: str, doubts: Sequence[Doubt]) -> str:
    """Signs where each doubt begins and ends: behind what makes a line a list item or a heading, and within each cell of a table."""
    pieces, last = [], 0
    for n, doubt in enumerate(doubts[:0x3FF]):
        start, end = max(doubt.start, last), doubt.end
        while opened := _OPENS_LINE.match(text, start, end):
            start = opened.end()
        cells = re.finditer(r"[^|\s](?:[^|\n]*[^|\s])?", text[start:end]) if text.startswith("|", start) else None
        for a, b in [(start + c.start(), start + c.end()) for c in cells] if cells else [(start, end)]:
            if a < b:
                pieces += [text[last:a], chr(_FIRST + n), text[a:b], _END]
                last = b
    return "".join([*pieces, text[last:]])


def _tag(sign: str, doubts: Sequence[Doubt]) -> str:
    if sign == _END:
        return "</span>"
    doubt = doubts[ord(sign) - _FIRST]
    kind = "doubt disputed" if doubt.disputed else "doubt"
    return f'<span class="{kind}" role="note" tabindex="0" title="{escape(doubt.why)}">'


def _block(text: str, part: Part) -> str:
    """A fenced block at the margin, where no list can end it, between longer fences than any row of backticks in it."""
    inside = dedent(text[slice(*part.inside)])
    fence = "`" * max(4, 1 + max(map(len, re.findall("`+", inside)), default=0))
    language = re.sub(r"[^\w+#.-]", "", part.language.strip().partition(" ")[0], flags=re.ASCII)
    return f"{fence}{language}\n{inside}{chr(10) if inside else ''}{fence}"


def _prose(text: str, turn: int = 0) -> str:
    def written(match: re.Match[str]) -> str:
        if match["span"]:
            inside = _PUNCTUATION.sub(_reference, match["code"])
            return f"<code{' ' * (len(match['ticks']) - 1)}>{inside}</code>"
        if match["n"] and turn:
            return rf"[\[{match['n']}\]](#s{turn}-{match['n']})"
        return re.sub(r"[^\d\]]", _reference, match[0])

    return _PROSE.sub(written, text)


def _reference(match: re.Match[str]) -> str:
    return {"<": "&lt;", "&": "&amp;"}.get(match[0], f"&#{ord(match[0])};")


def _unlinked(text: str) -> str:
    text = _DOUBT.sub("", text)
    text = _LINKED.sub(r"[\1]", text)
    text = _CODE.sub(lambda code: f"`{'`' * len(code[1])}{code[2]}`{'`' * len(code[1])}", text)
    return _REFERENCE.sub(lambda reference: unescape(reference[0]), text)
