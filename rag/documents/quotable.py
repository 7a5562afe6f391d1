"""What can be quoted of a prompt's sources: sentences, list items and table rows, each with what stands above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.documents.markdown import plain
from rag.documents.sentences import BOLD_LINE, sentences

_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.)]?\s+(?=\D)")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s+")
_QUOTED = re.compile(r">\s+")
# How a sentence begins that speaks of what was named just before.
_POINTS_BACK = re.compile(
    r"[*_\"'“(]*(?:it|its|he|she|they|his|her|their|this|that|these|those|both|such|neither|each (?:after|of|one)|"
    r"the (?:first|second|third|last|others?|rest|latter|former)(?: one| two)? (?:is|are|was|were|has|have|costs?|will))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Quotable:
    """A sentence, list item or table row of source `n`, at `start:end` of it."""

    n: int
    start: int
    end: int
    text: str
    about: str
    """Title and heading above it."""
    lead: str = ""
    """The line that opens its list: "The fees are:"."""
    is_row: bool = False
    is_item: bool = False

    @property
    def title(self) -> str:
        return self.about.split(" > ")[0]

    @property
    def points_back(self) -> bool:
        """Whether it needs the sentence before it to be understood."""
        return not (self.is_row or self.is_item) and bool(_POINTS_BACK.match(self.text))


def quotables(sources: Sequence[str]) -> list[Quotable]:
    """In the order of the sources and of their text."""
    return [found for n, source in enumerate(sources, 1) for found in _of_source(n, source)]


def with_antecedent(found: Sequence[Quotable], i: int, longest: int) -> list[int]:
    """`i`, after the sentence before it where it speaks of that one and both are at most `longest` characters."""
    one, before = found[i], found[i - 1] if i else None
    if before is None or not one.points_back or before.is_row:
        return [i]
    beside = before.n == one.n and before.about == one.about
    return [i - 1, i] if beside and len(before.text) + 1 + len(one.text) <= longest else [i]


def _of_source(n: int, source: str) -> Iterator[Quotable]:
    about: list[str] = []
    header: list[str] = []
    lead = label = ""
    lines = source.split("\n")
    told = 0
    if len(lines) > 1 and not lines[0].startswith(("#", "|", "-", "*", ">")):
        about, told = [_NUMBER.sub("", part) for part in lines[0].split(" > ")], len(lines[0])
    for start, end in sentences(source):
        if end <= told:
            continue
        text = source[start:end]
        if text.startswith("#"):
            about, header, lead, label = [*about[:1], _NUMBER.sub("", text.lstrip("# "))], [], "", ""
        elif bold := BOLD_LINE.fullmatch(text):
            label, header, lead = _NUMBER.sub("", plain(bold["said"])), [], ""
        elif text.startswith("|"):
            cells = _cells(text)
            if _is_rule(text):
                continue
            if _is_rule(source[end:].lstrip().split("\n", 1)[0]):
                header = cells
            elif any(cells):
                yield Quotable(
                    n, start, end, _row(header, cells), " > ".join([*about, *filter(None, [label])]), lead, is_row=True
                )
        else:
            header = []
            item = _ITEM.match(text)
            mark = item or _QUOTED.match(text)
            said = text[mark.end() :] if mark else text
            if any(character.isalnum() for character in said):
                opened = lead if item else ""
                yield Quotable(
                    n,
                    end - len(said),
                    end,
                    said,
                    " > ".join([*about, *filter(None, [label])]),
                    opened,
                    is_item=bool(item),
                )
            if said.rstrip("*_ ").endswith(":"):
                lead = said
            elif not item:
                lead = ""


def _is_rule(line: str) -> bool:
    return bool(line) and set(line) <= set("|-: ")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _row(header: list[str], cells: list[str]) -> str:
    """A table's row as a sentence: the first cell names it, the others follow with their columns' names."""
    if len(cells) == 2 and (len(header) < 2 or not any(header)):
        return f"{cells[0]}: {cells[1]}"
    named = zip(header[1:] + [""] * len(cells), cells[1:], strict=False)
    # A currency's sign over a column stands before the number itself.
    rest = "; ".join(f"{name}{': ' if any(map(str.isalnum, name)) else ''}{cell}" for name, cell in named if cell)
    first = f"{header[0]} {cells[0]}" if header and header[0] and cells[0].isdigit() else cells[0]
    return f"{first}: {rest}" if first and rest else first or rest
