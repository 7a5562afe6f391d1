"""Whether a question leans on the talk before it, and what of that talk a search reads with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.answering.endings import refusing
from rag.answering.mentions import content, names
from rag.retrieval.conversation import Said, Talk
from rag.schema import Turn

PERSON = re.compile(r"\b(?:he|him|his|she|hers?|her)\b", re.I)
POINTS = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|that one|this one|the (?:other|same|former|latter|first|second|last)"
    r"(?: (?:one|two))?|those|these|there|then|that|this|both|either|neither|ones?|else|instead|as well)\b",
    re.I,
)
_OPENS = re.compile(
    r"^\s*(?:and|or|but|so|also|then|what about|how about|what of|why(?: not)?\s*\??$|how so|since when|by whom|until when|"
    r"same|which one|who else|what else|anything else|tell me more|more about|go on|really|ok|okay|right|hm+|ah|oh|thanks)\b",
    re.I,
)
_MARKS = re.compile(r" *\[\d+\]|\*+|^[-#>] *", re.M)

BIAS = 2.81
WEIGHTS = (-1.04, -2.03, 2.41, 1.68, 2.89)
"""Of words, named, person, points and opens; BIAS and WEIGHTS as `python -m benchmarks.follow_ups --fit` prints them."""

_MOST_WORDS = 8
_LAST, _EARLIER = 0.25, 0.135  # shares of the last turn and of those before it
_SURELY_ALONE, _WORTH_REWRITING = -4.0, 1.0
_MOST_COUNTED = 10  # words
_LONGEST_ANSWER = 400  # characters


class Signs(NamedTuple):
    """How far a question says itself what it is about."""

    words: int
    """Words that are about something, eight at most."""
    named: bool
    """Whether it holds a name or a code."""
    person: bool
    """Whether "she" or "his" stands in it before any name, so that somebody is meant who was named earlier."""
    points: bool
    """Whether "it", "there", "the other one" or the like does."""
    opens: bool
    """Whether it begins as what goes on: "and", "what about", "ok so"."""


def signs(question: str) -> Signs:
    first = min((start for start, _ in names(question)), default=len(question))
    person, points = PERSON.search(question), POINTS.search(question)
    return Signs(
        min(_MOST_WORDS, len(content(question))),
        first < len(question),
        person is not None and person.start() <= first,
        points is not None and points.start() <= first,
        bool(_OPENS.match(question)),
    )


def odds(question: str) -> float:
    """The logarithm of the odds that the question cannot be understood without the talk before it, by its words alone."""
    return BIAS + sum(weight * sign for weight, sign in zip(WEIGHTS, signs(question), strict=True))


def stands_alone(question: str) -> bool:
    """Whether a question is not worth rewriting: it can be searched as it is, or within its talk where that fits better."""
    return odds(question) < _WORTH_REWRITING


def talk(question: str, history: Sequence[Turn]) -> Talk | None:
    """What a search reads the question within; None where it surely stands alone."""
    likely, told = odds(question), signs(question)
    # "And Calder Bridge?" asks the same of another subject: the one before is not meant.
    anew = told.named and not told.person and not told.points
    return Talk(said(history, anew=anew), likely) if history and likely > _SURELY_ALONE else None


def said(history: Sequence[Turn], *, anew: bool = False) -> list[Said]:
    """The turns' questions and how their answers begin, with shares as measured in benchmarks/RESULTS.md; `anew` without names.

    However long a text, it counts as no more than a few words would: three quoted sentences must not drown the question.
    """
    parts = [
        (text, (_LAST if turn is history[-1] else _EARLIER) * min(1.0, _MOST_COUNTED / max(1, len(text.split()))))
        for turn in history
        for text in (turn.question, "" if refusing(turn.answer) else _opening(turn.answer))
    ]
    return [(text, share) for whole, share in parts for text in (_nameless(whole) if anew else [whole]) if text.strip()]


def _nameless(text: str) -> list[str]:
    """What stands between the names of a text."""
    ends = [0, *(end for _, end in names(text))]
    starts = [*(start for start, _ in names(text)), len(text)]
    return [text[start:end].strip() for start, end in zip(ends, starts, strict=True)]


def _opening(answer: str) -> str:
    """How an answer begins, without its marks."""
    text = " ".join(_MARKS.sub("", answer).split())
    return text if len(text) <= _LONGEST_ANSWER else text[:_LONGEST_ANSWER].rpartition(" ")[0]
