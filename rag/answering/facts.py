"""What can be looked up in a sentence: its numbers, dates, times and names, each in one form however it was written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS = {
    name: n
    for n, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|october oct|"
        "november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_UNITS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
        "nineteen".split(),
        range(2, 20),
        strict=True,
    )
)
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})\b\.?(?:,?\s+(?P<y1>\d{{4}})\b)?"
    rf"|\b(?P<m2>{_MONTH})\b\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d|:)(?:,?\s+(?P<y2>\d{{4}})\b)?"
    r"|\b(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2})\b"
    rf"|\b(?P<m4>{_MONTH})\b\.?,?\s+(?:of\s+)?(?P<y4>\d{{4}})\b",
    re.I,
)
_TIME = re.compile(
    r"\b(?P<h>\d{1,2})[:.](?P<m>\d{2})(?:\s*(?P<half>[ap])\.?m\b)?(?![.,]?\d)|\b(?P<h2>\d{1,2})\s*(?P<half2>[ap])\.?m\b",
    re.I,
)
# A code is one thing, whatever digits are in it: TF-C-0142, 4.6.4, q40.
_CODE = re.compile(
    r"(?<![\w.,])(?=[\w./-]*\d)(?:[A-Za-z]+[\w./-]*\d[\w./-]*|\d+(?:\.\d+){2,}|\d+[A-Za-z]{2,}\w*|\d+(?:-\d+)+)(?<![.,/-])"
)
_NUMBER = re.compile(
    r"(?<![\w.])(?P<digits>\d+(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<more>(?:\s(?:hundred|thousand|million)\b)?)",
    re.I,
)
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>one|{'|'.join(_UNITS)}))?|(?P<alone>{'|'.join(_UNITS)})"
    rf"|(?P<ordinal>{'|'.join(_ORDINALS)}))\b(?P<more>(?:[- ](?:hundred|thousand|million))*)",
    re.I,
)
_MORE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_NAME = re.compile(r"(?<![\w'\u2019])[^\W\d_a-z][\w'\u2019&]*(?:[-.][^\W_][\w'\u2019&]*)*")


class Fact(NamedTuple):
    """`kind` is date, time, code, number or name; two facts are the same where kind and value are."""

    kind: str
    value: str
    text: str
    start: int


def facts(text: str) -> Iterator[Fact]:
    """The facts of `text`, each kind in the order of the text; names come last and hold every capitalised word."""
    left = text
    for kind, pattern, read in (
        ("date", _DATE, _date),
        ("time", _TIME, _time),
        ("code", _CODE, lambda match: match[0].lower()),
        ("number", _NUMBER, _figure),
        ("number", _SPELLED, _spelled),
    ):
        for match in pattern.finditer(left):
            yield Fact(kind, read(match), match[0], match.start())
        left = pattern.sub(lambda match: " " * len(match[0]), left)  # what was read is not read again as something else
    for match in _NAME.finditer(left):
        yield Fact("name", name_of(match[0]), match[0], match.start())


def name_of(word: str) -> str:
    """A name without its genitive, in lower case."""
    return re.sub(r"['\u2019]s?$", "", word).lower()


def same(one: Fact, other: Fact) -> bool:
    """Whether two facts say the same. A part of a date that only one of them names does not tell them apart."""
    if one.kind != "date" or other.kind != "date":
        return (one.kind, one.value) == (other.kind, other.value)
    parts = zip(one.value.split("-"), other.value.split("-"), strict=True)
    pairs = [(a, b) for a, b in parts if a != "?" and b != "?"]
    return len(pairs) >= 2 and all(a == b for a, b in pairs)


def _date(match: re.Match[str]) -> str:
    parts = {name[0]: value for name, value in match.groupdict().items() if value}
    month = _MONTHS.get(parts["m"].lower()) or int(parts["m"])
    day = int(parts["d"]) if "d" in parts else "?"
    return f"{parts.get('y', '?')}-{month}-{day}"


def _time(match: re.Match[str]) -> str:
    hour, half = int(match["h"] or match["h2"]), (match["half"] or match["half2"] or "").lower()
    hour += 12 if half == "p" and hour < 12 else -12 if half == "a" and hour == 12 else 0
    return f"{hour}:{match['m'] or '00'}"


def _figure(match: re.Match[str]) -> str:
    return _plain(_raised(float(re.sub(r"[,\u00a0\u202f]", "", match["digits"])), match["more"]))


def _spelled(match: re.Match[str]) -> str:
    unit = (match["unit"] or match["alone"] or "").lower()
    value = _TENS.get((match["tens"] or "").lower(), 0) + (1 if unit == "one" else _UNITS.get(unit, 0))
    value += _ORDINALS.get((match["ordinal"] or "").lower(), 0)
    return _plain(_raised(value, match["more"]))


def _raised(value: float, more: str) -> float:
    for word in re.findall(r"\w+", more.lower()):
        value *= _MORE[word]
    return value


def _plain(value: float) -> str:
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"
