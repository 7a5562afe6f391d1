"""Where a text is code: fenced blocks and `code` within a line. What stands there is shown as it is, letter for letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A fence may stand inside a list, so it may be indented by any width.
OPENS_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<language>[^\n]*)$", re.MULTILINE)
IN_LINE = re.compile(r"(?<!`)(?P<ticks>`{1,3})(?!`|\s*(?P=ticks))(?P<code>[^\n]*?[^`\n])(?P=ticks)(?!`)")

_CLOSES = r"^[ \t]*{}{}*[ \t]*$"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text. Of a fenced block the lines of its fences belong to it; `inside` is what stands between them."""

    start: int
    end: int
    fence: str = ""
    language: str = ""
    inside: tuple[int, int] = (0, 0)


def parts(text: str) -> Iterator[Part]:
    """The text in order, cut into fenced blocks and what lies between them. A fence that is never closed reaches to the end."""
    at = 0
    while opened := OPENS_FENCE.search(text, at):
        if opened.start() > at:
            yield Part(at, opened.start())
        fence, first = opened["fence"], min(opened.end() + 1, len(text))
        closed = re.compile(_CLOSES.format(fence, fence[0]), re.MULTILINE).search(text, first)
        inside_end, at = (max(first, closed.start() - 1), closed.end()) if closed else (len(text), len(text))
        yield Part(opened.start(), at, fence, opened["language"], (first, inside_end))
    if at < len(text):
        yield Part(at, len(text))


def closes_fence(line: str, fence: str) -> bool:
    """Whether a line of a block that `fence` opened ends it."""
    return re.match(_CLOSES.format(fence, fence[0]), line) is not None


def blanked(text: str) -> str:
    """The text with a backtick for each letter of code, so that what looks like a mark there is none; lengths are kept."""
    return "".join(
        re.sub(r"[^\n]", "`", text[part.start : part.end])
        if part.fence
        else IN_LINE.sub(lambda code: "`" * len(code[0]), text[part.start : part.end])
        for part in parts(text)
    )
