"""What kind of thing a question asks for, and whether a sentence holds one that the question has not named itself."""

from __future__ import annotations

import re

from rag.index.lexical import words

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_SHORT_MONTHS = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|"
    "thousand|half|quarter|third|none|twice|once|double"
)
_DATE = (
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? (?:{_MONTHS}|{_SHORT_MONTHS})|(?:{_MONTHS}|{_SHORT_MONTHS})\.? \d{{1,4}}|"
    rf"(?:19|20)\d\d(?:-\d\d-\d\d)?|\d{{1,2}}:\d\d|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}|{_DAYS}|{_MONTHS.replace('may|', '')})\b"
)

# What a question asks for -> how such a thing looks.
_KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(
            r"\b(?:how much|price[ds]?|costs?|worth|budget|fees?|rent|pay|paid|charged?|salary|salaries|spend|spent|bill|"
            r"revenue|profit|sales|discount|allowance|come to|owe|earn(?:s|ed|ings)?|wages?|income|bonus|premium|deposit)\b",
            re.I,
        ),
        re.compile(r"[£$€¥]\s?\d|\d\s?(?:p|%)(?!\w)|\b(?-i:[A-Z]{3}) \d|\d[\d,.]* (?:pounds|dollars|euros)\b", re.I),
    ),
    (
        re.compile(
            r"\b(?:when|(?:what|which) (?:date|day|year|month|time)|dates?|deadline|expires?|until|by what|how late|how soon|"
            r"latest)\b",
            re.I,
        ),
        re.compile(_DATE, re.I),
    ),
    (
        re.compile(
            r"\b(?:how (?:many|long|often|far|high|deep|big|fast|old|late|soon|quick(?:ly)?|heavy|large|wide|tall|much|accurate)|"
            r"percentage|per cent|share|number|range|limit|rate|altogether|in total)\b",
            re.I,
        ),
        re.compile(rf"\d|\b(?:{_NUMBERS})\b", re.I),
    ),
    (
        re.compile(
            r"\b(?:who|whom|whose|which (?:person|manager|engineer|director|customer|company|supplier))\b", re.I
        ),
        re.compile(r"\b[A-Z][\w'’-]+ (?:[A-Z]\. |(?:de|van|von|al|bin) )?[A-Z][\w'’-]+"),
    ),
)


class Asked:
    """The kinds of thing that a question asks for."""

    def __init__(self, question: str) -> None:
        self._shapes = [holds for asks, holds in _KINDS if asks.search(question)]
        self._named = set(words(question))

    def held(self, text: str) -> float:
        """Share of the kinds of which `text` holds a thing that is new; 0 where the question asks for none of them."""
        if not self._shapes:
            return 0.0
        return sum(any(self._new(match[0]) for match in shape.finditer(text)) for shape in self._shapes) / len(
            self._shapes
        )

    def _new(self, thing: str) -> bool:
        named = words(thing)
        return not named or not set(named) <= self._named
