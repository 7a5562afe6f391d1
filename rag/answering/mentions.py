"""What a question or an answer names: people, proper names, codes, and the words that are about something. Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"\b(?:[A-Z][\w'\u2019]*-?)(?:[\w-]*)(?:[ -](?:[A-Z0-9][\w'\u2019-]*|of(?= [A-Z]))+)*")
_TOKEN = re.compile(r"\w[\w.-]*\w\b")
_PERSON_NAME = re.compile(
    r"(?:[A-Z]['\u2019])?[A-Z][^\W\d_]+(?:[-'\u2019][A-Z]?[^\W\d_]+)*(?: (?:[A-Z]['\u2019])?[A-Z][^\W\d_-]+(?:-[A-Z]\w+)*){1,2}"
)
_CONTRACTED = re.compile(r"(?:n['\u2019]t|['\u2019](?:s|m|re|ve|ll|d))$")
WORD = re.compile(r"[^\W_]+(?:[-'\u2019.][^\W_]+)*")
# Words that open a question with a capital, or fill one, and are the subject of none.
FILLING = frozenset(
    "a about after all also am an and any are as at be been before but by can could did do does else ever for from give had "
    "has have he her hers him his how i in instead into is it its itself just know last like list long many may me mean "
    "more much my name of off on one ones only or other our out please really same she should show since so some still "
    "tell than that the their theirs them then there these they this those to too two under until up us use was we well "
    "were what when where which while who whom whose why will with would yes no you your both either neither former latter "
    "first second ca wo ok okay thanks thank explain say said says".split()
)


def names(text: str) -> list[tuple[int, int]]:
    """Spans of proper names and codes, a capital that only opens the sentence not counted."""
    spans: list[tuple[int, int]] = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        while True:  # "Does Maeve", "What Otter": the question word is no part of the name
            first = WORD.match(text, start, end)
            if first is None or first[0].lower().replace("\u2019", "'").removesuffix("'s") not in FILLING:
                break
            start = first.end()
            while start < end and not text[start].isalnum():
                start += 1
        opens = not text[:start].strip(" \"'\u201c(")
        if start < end and not (opens and _ordinary(text[start:end])):
            spans.append((start, end))
    named = frozenset(at for start, end in spans for at in range(start, end))
    spans += [match.span() for match in _TOKEN.finditer(text) if _is_code(match[0]) and match.start() not in named]
    return sorted(spans)


def people(text: str) -> list[str]:
    """Names of two or three capitalised words, as people's are, in the order they stand."""
    text = re.sub(r"\[\d+\]|\*+", "", text)
    return [text[start:end] for start, end in names(text) if _PERSON_NAME.fullmatch(text[start:end])]


def content(question: str) -> list[str]:
    """The words that are about something."""
    return [word for word in WORD.findall(question) if _CONTRACTED.sub("", word.lower()) not in FILLING]


def _is_code(token: str) -> bool:
    return any(map(str.isdigit, token)) and any("a" <= letter <= "z" for letter in token.lower())


def _ordinary(word: str) -> bool:
    """A single capitalised word at the start of a sentence is as likely no name."""
    return " " not in word and word[1:].islower() and not any(character.isdigit() for character in word)
