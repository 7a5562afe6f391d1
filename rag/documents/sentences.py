"""Where sentences begin. Used to cut long paragraphs, to quote, and to hold an answer's sentences against their sources."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

BOLD_LINE = re.compile(r"\*\*(?=\S)(?P<said>[^*\n]{1,160}[^\s*.!,;])\*\*(?:[ \t]*[*_(][^\n]*)?[ \t]*(?:\n|\Z)")
"""A line that is bold from end to end, but for a remark behind it, and no sentence: a heading that was not written as one."""

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no nos vs etc e.g i.e cf approx fig inc ltd co corp jr sr rev gen col lt sgt capt dept est "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m u.s u.k p pp vol art sec para "
    "al ca tel ext min max avg incl excl ref".split()
)
_END = re.compile(r"(?:(?<![.!?\u2026])[.!?\u2026]++[\"'\u2019\u201d)\]*_]*(?=\s)|[\u3002\uff01\uff1f])\s*|\n+[ \t]*")
_LAST_WORD = re.compile(r"([\w.]+)[.!?\u2026]+[\"'\u2019\u201d)\]*_]*\s*$")
_NUMBERED = re.compile(r"(?:^|\n)[ \t]*(?:#{1,6}[ \t]+)?[-*+>\s]*\d+(?:\.\d+)*[.)]\s*$")
_LINE_OF_ITS_OWN = re.compile(r"[-*+>|#]|\d+[.)]\s|\s*\n")
_OPENERS = "\"'\u2018\u201c([*_`\u00a3$\u20ac"


def sentence_starts(text: str) -> Iterator[int]:
    """Offsets, after 0, where a sentence or a new line begins. An abbreviation's or a decimal's full stop ends nothing."""
    last = 0
    for match in _END.finditer(text):
        start = match.end()
        if start >= len(text) or start == last:
            continue
        before, after = text[max(last, match.start() - 120) : match.end()], text[start : start + 40]
        if _wrapped(before, after) if match[0].isspace() else "\n\n" not in match[0] and _goes_on(before, after):
            continue
        yield start
        last = start


def _wrapped(before: str, after: str) -> bool:
    """Whether a line end is only where the writer's editor broke a long line."""
    line = before.rstrip("\n \t").rsplit("\n", 1)[-1]
    if before.count("\n") != 1 or len(line) < 60 or line[-1] in "|:;":
        return False
    return not _LINE_OF_ITS_OWN.match(after) and not BOLD_LINE.fullmatch(line)


def _goes_on(before: str, after: str) -> bool:
    following = after.lstrip(_OPENERS)[:1]
    if following.islower():
        return True
    if _NUMBERED.search(before):
        return True
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    token = word[1].lower().rstrip(".")
    if token in ("no", "nos", "fig", "p", "pp", "vol", "art", "sec", "para", "ext", "min", "max"):
        return following.isdigit()
    # A single capital is an initial ("J. Frew"), except "I" and the end of a code or grade ("plan B.").
    initial = len(token) == 1 and word[1][:1].isupper() and word[1][:1] != "I" and before.rstrip().endswith(".")
    return token in _ABBREVIATIONS or initial


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, blanks trimmed, in order; lines count as sentences of their own."""
    edges = [0, *sentence_starts(text), len(text)]
    spans = []
    for start, end in itertools.pairwise(edges):
        piece = text[start:end]
        left = len(piece) - len(piece.lstrip())
        stripped = piece.strip()
        if stripped:
            spans.append((start + left, start + left + len(stripped)))
    return spans
