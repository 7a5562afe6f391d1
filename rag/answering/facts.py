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
_UNIT = (
    "[kmc]?m|m?k?g|lbs?|oz|tonnes?|t|m?l|litres?|[kmg]?wh?|m?ah|[kmg]?hz|[kmgt]b|m?v|k?bar|db|mph|kn|knots?|ft|px|"
    "m?s|secs?|mins?|hrs?|bn|st|nd|rd|th|times|points?|met(?:er|re)s?|miles?|percent|per"
)
_BEFORE_TIMES = "|".join(rf"(?<=\b{word} )" for word in "at from until till by before after between to and".split())
# With a dot it is a time where a word before it says so: £2.50 and 1.25 million are none.
_TIME = re.compile(
    r"\b(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?:\s*(?P<half>[ap])\.?m\b)?(?![.,]?\d)"
    r"|\b(?P<h2>\d{1,2})(?:\.(?P<m2>[0-5]\d))?\s*(?P<half2>[ap])\.?m\b"
    rf"|(?:{_BEFORE_TIMES})\b(?P<h3>[01]?\d|2[0-3])\.(?P<m3>[0-5]\d)\b(?!\.?\d|\s?[%\u00b0]|\s(?:\w*illion|thousand|{_UNIT})\b)",
    re.I,
)
_TOKEN = re.compile(r"(?<![\w.,])(?:[A-Za-z\d])[\w./-]*(?<![.,/-])")
_RANGE = re.compile(r"([1-9]\d{0,3})-([1-9]\d{0,3})")
_MEASURE = re.compile(rf"\d+(?:\.\d+)?(?:{_UNIT})", re.I)
_DIGITS_MADE_A_CODE = re.compile(r"\d+(?:\.\d+){2,}|\d+[A-Za-z]{2,}\w*|\d+(?:-\d+)+")
_NUMBER = re.compile(
    r"(?P<sign>(?<![^\s(:=])[-\u2212](?=\d))?(?<![.])(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
    r"(?P<digits>\d+(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<more>(?:\s?bn\b|\s(?:hundred|thousand|million|billion)\b)?)",
    re.I,
)
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[- ](?P<unit>one|{'|'.join(_UNITS)}))?|(?P<alone>{'|'.join(_UNITS)})"
    rf"|(?P<ordinal>{'|'.join(_ORDINALS)}))\b(?P<more>(?:[- ](?:hundred|thousand|million|billion))*)",
    re.I,
)
_MORE = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000, "bn": 1_000_000_000}
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
        ("code", _TOKEN, _code),
        ("number", _NUMBER, _figure),
        ("number", _SPELLED, _spelled),
    ):
        for match in pattern.finditer(left):
            if value := read(match):
                yield Fact(kind, value, match[0], match.start())
                # What was read is not read again as something else.
                left = left[: match.start()] + " " * len(match[0]) + left[match.end() :]
    for match in _NAME.finditer(left):
        if match[0][0].isupper():
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
    hour, half = int(match["h"] or match["h2"] or match["h3"]), (match["half"] or match["half2"] or "").lower()
    hour += 12 if half == "p" and hour < 12 else -12 if half == "a" and hour == 12 else 0
    return f"{hour}:{match['m'] or match['m2'] or match['m3'] or '00'}"


def _code(match: re.Match[str]) -> str:
    """A code is one thing, whatever digits are in it: TF-C-0142, 4.6.4, q40. Empty for what is none: 10-12, 30kg."""
    token = match[0]
    if token[0].isalpha():
        return token.lower() if any(map(str.isdigit, token)) else ""
    if _MEASURE.fullmatch(token):
        return ""
    ends = _RANGE.fullmatch(token)
    if ends and int(ends[1]) < int(ends[2]) and len(ends[2]) - len(ends[1]) <= 1:
        return ""
    return token.lower() if _DIGITS_MADE_A_CODE.match(token) else ""


def _figure(match: re.Match[str]) -> str:
    value = _plain(_raised(float(re.sub(r"[,\u00a0\u202f]", "", match["digits"])), match["more"]))
    return f"-{value}" if match["sign"] else value


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
