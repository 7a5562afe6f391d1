"""The text of an answer, between what the assistant says and what the chat shows.

An llm's words are untrusted: they may repeat whatever a document told it to say. In the chat they are Markdown, so
everything that would load, run or link is turned into plain letters, and only our own `[n]` become links, to the place
in the sources panel where chunk n of that turn stands. `plain` is the exact inverse, for the history.
"""

from __future__ import annotations

import re

# An invisible character (word joiner) that opens what the page itself says inside an answer. It survives every way a
# conversation is stored, so the history can leave the page's own words out without remembering anything.
PAGE_SPEAKS = "\u2060"

_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_MARKER = re.compile(r"\[(\d{1,3})\](?!\()")
_ENTITY = re.compile(r"&(?=amp;|lt;|#91;)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINKED = re.compile(r"\[\\\[(\d{1,3})\\\]\]\(#s\d+-\d+\)")


def linked(text: str, turn: int) -> str:
    """`text` as Markdown for the chat; `[n]` leads to `#s<turn>-n`."""
    text = text.replace(PAGE_SPEAKS, "")
    return "".join(part if _is_code(part) else _link(part, turn) for part in _CODE.split(text))


def plain(text: str) -> str:
    """What the assistant said, from what the chat or the API shows: without our links and the page's own words."""
    said, page_speaks, _ = text.partition(PAGE_SPEAKS)
    said = said.removesuffix("> ").rstrip() if page_speaks else said
    return "".join(part if _is_code(part) else _unlink(part) for part in _CODE.split(said))


def with_notice(text: str, sentence: str, *, on_page: bool = True) -> str:
    """What had arrived of an answer, then the page's own sentence, set apart from it."""
    sentence = " ".join(sentence.split())
    notice = f"> {PAGE_SPEAKS}{_disarm(sentence)}" if on_page else f"{PAGE_SPEAKS}{sentence}"
    return f"{text.rstrip()}\n\n{notice}" if text.strip() else notice


def with_sources(text: str, sources: dict[int, str]) -> str:
    """The answer for a program that called the API: it sees no panel, so the numbers are explained below the text."""
    if not sources:
        return text
    return f"{text.rstrip()}\n\n{PAGE_SPEAKS}Sources: " + ", ".join(f"[{n}] {sources[n]}" for n in sorted(sources))


def _is_code(part: str) -> bool:
    return part.startswith("`") and len(part) > 1


def _link(part: str, turn: int) -> str:
    pieces: list[str] = []
    end = 0
    for marker in _MARKER.finditer(part):
        n = marker.group(1)
        pieces += [_disarm(part[end : marker.start()]), rf"[\[{n}\]](#s{turn}-{n})"]
        end = marker.end()
    return "".join([*pieces, _disarm(part[end:])])


def _disarm(part: str) -> str:
    return _TAG.sub("&lt;", _ENTITY.sub("&amp;", part)).replace("[", "&#91;")


def _unlink(part: str) -> str:
    part = _LINKED.sub(r"[\1]", part)
    return part.replace("&#91;", "[").replace("&lt;", "<").replace("&amp;", "&")
