"""Follow-ups made to stand alone, without a language model. Pure.

A question that names its subject is left as it is. One that leans on the conversation ("and when does it end?") gets the
subject it leans on written behind it, taken from the last question that had one, or, for "she" and "he", from the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.schema import Turn

_PERSON = re.compile(r"\b(?:he|him|his|she|hers?|her)\b", re.I)
_LEANS = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|that one|this one|the (?:other|same|former|latter|first|second|last)"
    r"(?: (?:one|two))?|those|these|there|then|that|this|both|either|neither|ones?|else|instead|as well)\b",
    re.I,
)
_OPENS = re.compile(
    r"^\s*(?:and|or|but|so|also|then|what about|how about|what of|why(?: not)?\s*\??$|how so|since when|by whom|until when|"
    r"same for|which one|who else|what else|anything else|tell me more|more about|go on|really)\b",
    re.I,
)
_WHO = re.compile(
    r"^\s*(?:(?:and|so|but) )?(?:who|whom|whose|which (?:person|people|colleague|engineer|manager))\b", re.I
)
_NAME = re.compile(r"\b(?:[A-Z][\w'\u2019]*-?)(?:[\w-]*)(?:[ -](?:[A-Z0-9][\w'\u2019-]*|of(?= [A-Z]))+)*")
_CODE = re.compile(r"\b(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w][\w.-]*\w\b")
_PERSON_NAME = re.compile(r"[A-Z][^\W\d_]+(?:[-'\u2019][A-Z]?[^\W\d_]+)*(?: [A-Z][^\W\d_-]+(?:-[A-Z]\w+)*){1,2}")
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019.][^\W_]+)*")
# Words that open a question with a capital, or fill one, and are the subject of none.
_FILLING = frozenset(
    "a about after all also am an and any are as at be been before but by can could did do does else ever for from give had "
    "has have he her hers him his how i in instead into is it its itself just know last like list long many may me mean "
    "more much my name of off on one ones only or other our out please really same she should show since so some still "
    "tell than that the their theirs them then there these they this those to too two under until up us use was we well "
    "were what when where which while who whom whose why will with would yes no you your both either neither former latter "
    "first second ok okay thanks thank explain say said says".split()
)


_LONGEST_QUERY = 400
_LABEL = re.compile(r"^(?:standalone|rewritten) question:\s*", re.I)
_LINK = re.compile(r"^\W*(?:and|or|but|so|also|then)\b", re.I)
_ASKING = frozenset(
    "who whom whose what which when where why how is are was were do does did can could will would should has have had tell "
    "list give show name explain describe compare summarize summarise define find state outline".split()
)

_WRITTEN = re.compile(r"(?<=\S) \([^()]+\)$")


def stands_alone(question: str) -> bool:
    """Whether a question can be searched as it is: it names its subject, or leans on nothing before it."""
    names = list(_names(question))
    if _OPENS.match(question):
        return False
    leaning = _PERSON.search(question) or _LEANS.search(question)
    if leaning:
        # "What does Maeve say about her gauge?": the name comes first, the pronoun means it.
        return any(start < leaning.start() for start, _ in names) and not _leans_on_more(question)
    return bool(names) or len(_content(question)) >= 2


def condense(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leans on written out; the question itself where it stands alone."""
    topic, answer = "", ""
    for turn in history:
        topic, answer = _resolve(turn.question, topic, answer), turn.answer
    return _resolve(question, topic, answer)


def as_asked(condensed: str) -> str:
    """A question without the subject that `condense` wrote behind it."""
    return _WRITTEN.sub("", condensed)


def usable(reply: str, question: str, ours: str) -> str:
    """A model's rewriting, or `ours` where a small model answered, rambled or said nothing instead."""
    lines = [line.strip(" \"'\u201c\u201d*") for line in reply.strip().splitlines() if line.strip()]
    first = _LABEL.sub("", lines[0]) if lines else ""
    asks = first.endswith("?") or (not question.rstrip().endswith("?") and _asks(first, question))
    return first if asks and len(lines) == 1 and len(first) <= _LONGEST_QUERY else ours


def _asks(reply: str, question: str) -> bool:
    """Whether a reply without a question mark asks all the same, as the question did: it opens as questions do, or as that one."""
    opens = [_WORD.search(_LINK.sub("", text)) for text in (reply, question)]
    words = [match[0].lower() if match else "" for match in opens]
    return bool(words[0]) and (words[0] in _ASKING or (words[0] == words[1] and words[0] not in _FILLING))


def leaning(question: str, history: Sequence[Turn]) -> list[tuple[str, float]]:
    """What to search for beside a question that doesn't stand alone, with weights; nothing where it does.

    Half as heavy as the question are the talk it leans on, and the question with its subject written out. Either alone finds
    less: see benchmarks/RESULTS.md.
    """
    if not history or stands_alone(question):
        return []
    return [(_talk(history), 0.5), (condense(question, history), 0.5)]


def _talk(history: Sequence[Turn]) -> str:
    """The last question that stood alone, those since, and the last answer."""
    begin = next((n for n in reversed(range(len(history))) if stands_alone(history[n].question)), 0)
    return " ".join([*(turn.question for turn in history[begin:]), history[-1].answer])


def _resolve(question: str, topic: str, answer: str) -> str:
    """`question` made to stand alone, given the resolved question before it and that one's answer."""
    if not topic or stands_alone(question):
        return question
    said = {word.lower() for word in _WORD.findall(question)}
    whole = f" {' '.join(_WORD.findall(question))} ".lower()
    subjects: list[str] = []
    if _PERSON.search(question):
        # Asked who, the answer names the person; a name in the question is then what they have to do with.
        people = [_people(answer), _people(topic)] if _WHO.match(topic) else [_people(topic), _people(answer)]
        subjects += [*people[0], *people[1]][:1]
    names = _names(question)
    asks_anew = bool(names) and not _LEANS.search(question) and not _PERSON.search(question)
    if asks_anew:
        # "And Calder Bridge?": the old question, asked of another subject.
        subjects += [word for word in _content(topic) if not _inside(word, _names(topic), topic)]
    elif not subjects or not _people(topic):
        subjects += [topic[start:end] for start, end in _names(topic)]
        if not subjects or len(_content(question)) < 2:
            subjects += _content(topic)
    subjects = [s for s in dict.fromkeys(subjects) if s.lower() not in said and f" {s} ".lower() not in whole]
    kept = [s for s in subjects if not any(s != other and s.lower() in other.lower() for other in subjects)]
    return f"{question.strip()} ({', '.join(kept)})" if kept else question


def _names(text: str) -> list[tuple[int, int]]:
    """Spans of proper names and codes, a capital that only opens the sentence not counted."""
    spans: list[tuple[int, int]] = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        while True:  # "Does Maeve", "What Otter": the question word is no part of the name
            first = _WORD.match(text, start, end)
            if first is None or first[0].lower().replace("\u2019", "'").removesuffix("'s") not in _FILLING:
                break
            start = first.end()
            while start < end and not text[start].isalnum():
                start += 1
        opens = not text[:start].strip(" \"'\u201c(")
        if start < end and not (opens and _ordinary(text[start:end])):
            spans.append((start, end))
    for match in _CODE.finditer(text):
        if not any(start <= match.start() < end for start, end in spans):
            spans.append(match.span())
    return sorted(spans)


def _ordinary(word: str) -> bool:
    """A single capitalised word at the start of a sentence is as likely no name."""
    return " " not in word and word[1:].islower() and not any(character.isdigit() for character in word)


def _people(text: str) -> list[str]:
    """Names of two or three capitalised words, as people's are, in the order they stand."""
    text = re.sub(r"\[\d+\]|\*+", "", text)
    spans = (text[start:end] for start, end in _names(text))
    return [
        name
        for name in spans
        if re.fullmatch(
            r"(?:[A-Z][^\W\d_]+(?:[-'\u2019][A-Z]?[^\W\d_]+)*)(?: [A-Z][^\W\d_-]+(?:-[A-Z]\w+)*){1,2}", name
        )
    ]


def _content(question: str) -> list[str]:
    return [word for word in _WORD.findall(question) if word.lower() not in _FILLING]


def _inside(word: str, spans: list[tuple[int, int]], text: str) -> bool:
    at = text.find(word)
    return any(start <= at < end for start, end in spans)


def _leans_on_more(question: str) -> bool:
    return bool(
        re.search(r"\b(?:that one|this one|the (?:other|same|former|latter)(?: one)?|instead|else)\b", question, re.I)
    )
