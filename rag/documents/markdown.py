"""A document's structure: where it may be cut, how well each cut suits it, and which headings stand above."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rag.documents.sentences import BOLD_LINE, sentence_starts

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# What it costs to begin a chunk there: nothing at a heading, most in the middle of a sentence.
AT_HEADING, AT_BLOCK, AT_ITEM, AT_LINE, AT_SENTENCE, AT_CODE, AT_WORD = 0.0, 0.25, 0.45, 0.6, 0.8, 2.0, 3.0
_LONGEST_HEADING = (
    1000  # characters that are looked at: a megabyte on one line is no heading, whatever stands before it
)


LABEL = 7
"""Level of a line that is bold from end to end: the question above an answer, whoever is speaking. It stands under any heading."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line: its level 1-6, or LABEL, its plain text and span."""

    level: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table's span and its header rows, repeated as context when the table has to be cut."""

    start: int
    end: int
    header: str


@dataclass(frozen=True, slots=True)
class Outline:
    """Title, headings and tables of a document, and its cuts: position -> cost, always with 0 and the end."""

    title: str
    headings: tuple[Heading, ...]
    parents: tuple[int, ...]
    """For each heading the place of the one it stands under, -1 for none."""
    tables: tuple[Table, ...]
    cuts: dict[int, float]

    def heading_path(self, position: int) -> tuple[Heading, ...]:
        """The headings in force at `position`, outermost first, the document's title among them."""
        at = bisect_right(self.headings, position, key=lambda heading: heading.start) - 1
        path: list[Heading] = []
        while at >= 0:
            path.append(self.headings[at])
            at = self.parents[at]
        return tuple(reversed(path))


def outline(text: str, name: str) -> Outline:
    """Read the structure of Markdown `text`. `name` becomes the title where neither front matter nor a heading has one."""
    starts = _line_starts(text)
    body = _front_matter_end(text)
    headings: list[Heading] = []
    tables: list[Table] = []
    cuts: dict[int, float] = {0: AT_HEADING, len(text): AT_HEADING}
    first_line = text.count("\n", 0, body)
    lines = (-1, -1)

    def cut(position: int, cost: float) -> None:
        cuts[position] = min(cost, cuts.get(position, cost))

    tokens = _parser().parse(text[body:])
    for i, token in enumerate(tokens):
        if token.map is None or token.nesting < 0:
            continue
        start, end = (starts[min(line + first_line, len(starts) - 1)] for line in token.map)
        if token.type == "heading_open" and token.level == 0:
            headings.append(Heading(int(token.tag[1]), plain(tokens[i + 1].content), start, end))
            cut(start, AT_HEADING)
        elif token.type in ("list_item_open", "tr_open"):
            cut(start, AT_ITEM)
        elif token.type == "paragraph_open" and token.level == 0 and (bold := BOLD_LINE.match(text, start)):
            headings.append(Heading(LABEL, plain(bold["said"]).removesuffix(":"), start, bold.end()))
            cut(start, AT_BLOCK)
        elif token.level == 0:
            opened = text[max(0, start - 20) : start].rstrip("*_ \n").endswith(":")
            cut(start, AT_SENTENCE if opened else AT_BLOCK)
            if token.type in ("fence", "code_block", "html_block"):
                for line in starts[bisect_left(starts, start) + 1 : bisect_left(starts, end)]:
                    cut(line, AT_CODE)
        if token.type == "table_open":
            tables.append(Table(start, end, _table_header(tokens, i, text, starts, first_line)))
        elif token.type == "inline" and lines != (start, end):  # the cells of a table's row all name the whole row
            lines = start, end
            for offset in sentence_starts(text[start:end]):
                cut(start + offset, AT_LINE if text[start + offset - 1] == "\n" else AT_SENTENCE)
    _keep_headings_with_their_text(text, headings, cuts)
    title = _front_matter_title(text[:body]) or next((h.text for h in headings if h.level == 1), "")
    return Outline(
        title or _title_from(name), tuple(headings), _parents(headings), tuple(tables), dict(sorted(cuts.items()))
    )


def _parents(headings: list[Heading]) -> tuple[int, ...]:
    parents: list[int] = []
    for at, heading in enumerate(headings):
        above = at - 1
        while above >= 0 and headings[above].level >= heading.level:
            above = parents[above]
        parents.append(above)
    return tuple(parents)


def _keep_headings_with_their_text(text: str, headings: list[Heading], cuts: dict[int, float]) -> None:
    """Drop the cuts that would break a heading, or leave it alone: before its text, or before its first subheading."""
    positions = sorted(cuts)
    levels = {heading.start: heading.level for heading in headings}
    for heading in headings:
        at = bisect_left(positions, heading.end)
        after = positions[at]
        for inside in positions[bisect_right(positions, heading.start) : at]:
            del cuts[inside]
        if after < len(text) and not text[heading.end : after].strip() and levels.get(after, 7) > heading.level:
            del cuts[after]


def plain(markdown: str) -> str:
    """A heading's text without its marks: links, emphasis and code ticks."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown[:_LONGEST_HEADING])
    text = re.sub(r"(\*\*|__|`)", "", text)
    return " ".join(re.sub(r"(?<!\w)[*_]|[*_](?!\w)", "", text).split())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only the block structure is needed: inline parsing would cost most of the time.
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _line_starts(text: str) -> list[int]:
    return [0] + [match.end() for match in re.finditer("\n", text)] + [len(text)]


def _front_matter_end(text: str) -> int:
    # It opens with a key: a document may also begin with a line drawn across.
    match = re.match(r"\ufeff?---[ \t]*\n(?=\s*[\w\"'][^\n:]*:|---)(?:[^\n]*\n){0,200}?---[ \t]*(?:\n|\Z)", text)
    return match.end() if match else 0


def _front_matter_title(front_matter: str) -> str:
    match = re.search(r"^title:[ \t]*([^>|\s].*)$", front_matter, re.MULTILINE)
    return match[1][:_LONGEST_HEADING].rstrip(" \t").strip("\"'") if match else ""


def _title_from(name: str) -> str:
    stem = re.sub(r"\.[^.]*$", "", name.rsplit("/", 1)[-1])
    words = re.sub(r"[-_\s]+", " ", stem).strip()
    return words[:1].upper() + words[1:]


def _table_header(tokens: list[Token], at: int, text: str, starts: list[int], first_line: int) -> str:
    body = next((tokens[n] for n in range(at, len(tokens)) if tokens[n].type in ("tbody_open", "table_close")), None)
    table = tokens[at].map
    if body is None or body.map is None or table is None:
        return ""
    return text[starts[table[0] + first_line] : starts[body.map[0] + first_line]].rstrip("\n")
