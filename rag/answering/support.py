"""Whether the sources say what an answer says, sentence by sentence, and without a model.

Two looks at each sentence. Its facts (numbers, dates, times, codes, names) must stand in the sources it cites, and where they
stand the source must speak of the same thing: what surrounds the fact there is held against what surrounds it in the sentence,
word piece by word piece, and where another number fits that place much better the sentence has the wrong one. And the sentence
as a whole must be met by what the sources say. The points were chosen on half of the questions of both companies
(`python -m benchmarks.marks` repeats the measurement on the other half).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from rag.answering.facts import Fact, facts, same
from rag.answering.meeting import Meeting
from rag.answering.places import Place, places_of
from rag.documents.code_spans import parts
from rag.documents.sentences import sentences
from rag.index.lexical import STOP_WORDS, words
from rag.retrieval.context import Section

_MET, _FACT_FOUND = 0.76, 0.15
"""How well a sentence must be met, words in common counted by a quarter; less where one of its facts was found."""
_WORDS_SHARE = 0.25
_OTHER_FITS = 0.28
"""By so much another number must fit a fact's place better than its own to show that it is wrong."""
_ELSEWHERE = 0.35
"""How well the surroundings of a fact must fit in a source that is not cited for it to count there."""
_SPEAKS_OF_IT = 0.4
"""Share of a sentence's words that a source which is not cited must hold for a name in it to count."""
_DISPUTED = 0.72
"""How well they must fit in another document that has another number there for the two to disagree."""
_MARKER = re.compile(r"\s*\[(\d+)\](?!\()")
_CLAIMS_NOTHING = re.compile(
    r"^\W*(?:(?:unfortunately|however),? )?(?:i (?:do not|don['\u2019]t|could not|cannot)|i hope|let me know|here (?:is|are)\b|"
    r"the (?:\w+ )?(?:sources?|documents?|context|information)\b[^.]*\b(?:not|no|nothing)\b|there is no (?:mention|information))",
    re.I,
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence, `text[start:end]`, and what was found: `why` is empty where the sources bear it out.

    `also`: numbers of sources that are not cited and hold a fact of it. `disputed`: whether two sources differ.
    """

    start: int
    end: int
    why: str = ""
    disputed: bool = False
    also: tuple[int, ...] = ()


class _Claimed(NamedTuple):
    """A sentence that claims something, and the sources it must be held against; `own`: its numbers stand in itself."""

    start: int
    end: int
    said: str
    claims: list[Fact]
    cited: frozenset[int]
    own: bool


class Evidence:
    """The sources of one answer, read once for all of its sentences."""

    def __init__(self, found: Sequence[Section], question: str, meet: Callable[[Sequence[str]], list[Meeting]]) -> None:
        """Source n is `found[n - 1]`; `meet` says how sentences meet the chunks of all sources, in their order."""
        self._judgements: dict[tuple[str, frozenset[int]], Checked] = {}
        self._chunks = [(n, item.chunk) for n, section in enumerate(found, 1) for item in section.chunks]
        self.found = found
        self._question = set(_WORD.findall(question.lower()))
        self._meet = meet

    @cached_property
    def _words(self) -> list[set[str]]:
        return [set(_WORD.findall(f"{section.text} {section.source}".lower())) for section in self.found]

    def check(self, text: str, sources: Mapping[int, int]) -> Iterator[Checked]:
        """The sentences of `text` that claim something; its `[n]` stands for source `sources[n]`."""
        claimed = list(self._claimed(text, sources))
        self._judge(claimed)
        for one in claimed:
            yield replace(self._judgements[one.said, one.cited], start=one.start, end=one.end)

    def judge(self, text: str, sources: Mapping[int, int]) -> None:
        """Judge already what `check` will be asked about a text that goes on: the sentences that name their own sources."""
        self._judge([one for one in self._claimed(text, sources) if one.own])

    def _claimed(self, text: str, sources: Mapping[int, int]) -> Iterator[_Claimed]:
        cited: set[int] = set()
        spans, code = list(sentences(text)), list(parts(text))
        for at, (start, end) in enumerate(spans):
            # A number at the end of a line speaks for the sentences before it.
            line = text[start:].split("\n", 1)[0]
            following = spans[at + 1][0] if at + 1 < len(spans) else len(text)
            own = _numbered(text[start:following], sources)
            cited = own or _numbered(line, sources) or cited
            said = bare(text[start:end])
            if any(part.fence and part.start < end and start < part.end for part in code):
                continue
            if (claims := _claims(said)) is not None:
                held_against = frozenset(cited or range(1, len(self.found) + 1))
                yield _Claimed(start, end, said, claims, held_against, bool(own))

    def _judge(self, claimed: Iterable[_Claimed]) -> None:
        left = {key: one for one in claimed if (key := (one.said, one.cited)) not in self._judgements}
        if not self._chunks:
            self._judgements |= dict.fromkeys(left, Checked(0, 0, "Nothing was found that says this."))
        elif left:
            meetings = self._meet([said for said, _ in left])
            for (key, one), met in zip(left.items(), meetings, strict=True):
                self._judgements[key] = self._judged(one.said, one.claims, one.cited, met)

    def _judged(self, said: str, claims: list[Fact], cited: frozenset[int], met: Meeting) -> Checked:
        """With no place yet: the same sentence may stand in more than one."""
        here = set().union(*(self._words[n - 1] for n in cited))
        places = places_of(claims, met, self._chunks)
        found = [fact for fact in places if any(same(fact, place.fact) for place in places[fact])]
        also: set[int] = set()
        for fact in claims:
            if fact.kind == "name":
                why, beside = self._name(fact, here, said)
            elif _calculated(fact, found):
                continue
            else:
                why, beside = _figure(fact, places[fact], cited, found)
            if why:
                return Checked(0, 0, why)
            also |= beside
        close = [t for (n, _), t in zip(self._chunks, met.texts, strict=True) if n in cited | also and len(t.cosines)]
        best = np.max([t.cosines.max(axis=0) for t in close], axis=0) @ met.weights if close else 0.0
        wanted = [word for word in words(said) if word not in STOP_WORDS]
        held = set().union(*(_words_of(chunk.text) for n, chunk in self._chunks if n in cited | also))
        share = sum(word in held for word in wanted) / max(1, len(wanted))
        if best + _WORDS_SHARE * share < _MET - (_FACT_FOUND if found else 0.0):
            return Checked(0, 0, "No passage says this.")
        dispute = next((said for fact in found if (said := self._disputed(fact, places[fact], claims))), "")
        return Checked(0, 0, dispute, bool(dispute), tuple(sorted(also)))

    def _name(self, fact: Fact, here: set[str], said: str) -> tuple[str, set[int]]:
        parts = _WORD.findall(fact.value)
        if all(part in here or part in self._question for part in parts):
            return "", set()
        content = {word for word in _WORD.findall(said.lower()) if word not in STOP_WORDS}
        for n, held in enumerate(self._words, 1):
            if held >= set(parts) and len(content & held) >= _SPEAKS_OF_IT * len(content):
                return "", {n}
        return f"{fact.text} is not named in the sources.", set()

    def _disputed(self, fact: Fact, places: Sequence[Place], claims: Sequence[Fact]) -> str:
        """What another document says in the same place, where it names whom and what the sentence names."""
        own = max((place for place in places if same(fact, place.fact)), key=lambda place: place.fit)
        named = {part for claim in claims if claim.kind == "name" for part in _WORD.findall(claim.value)}
        named |= {word for word in self._question & self._words[own.n - 1] if word not in STOP_WORDS}
        sources = {place.n: self.found[place.n - 1].source for place in places}
        agreed = {sources[place.n] for place in places if same(fact, place.fact)}
        for place in sorted(places, key=lambda place: -place.fit):
            if place.fit < max(_DISPUTED, own.fit):
                break
            if sources[place.n] not in agreed and named <= self._words[place.n - 1]:
                return f"Sources disagree: {sources[own.n]} says {own.fact.text}, {sources[place.n]} says {place.fact.text}."
        return ""


@lru_cache(512)
def _words_of(chunk: str) -> frozenset[str]:
    """What is found for one question is found for others."""
    return frozenset(words(chunk))


def _numbered(text: str, sources: Mapping[int, int]) -> set[int]:
    return {sources[int(n)] for n in _MARKER.findall(text) if int(n) in sources}


def _figure(fact: Fact, places: Sequence[Place], cited: frozenset[int], found: Sequence[Fact]) -> tuple[str, set[int]]:
    here = max((place.fit for place in places if place.n in cited and same(fact, place.fact)), default=-1.0)
    other = max(
        (place for place in places if place.n in cited and not same(fact, place.fact)),
        key=lambda place: place.fit,
        default=None,
    )
    if here >= 0 and (other is None or here >= other.fit - _OTHER_FITS):
        return "", set()
    beyond = max((p for p in places if p.n not in cited and same(fact, p.fact)), key=lambda p: p.fit, default=None)
    if beyond and beyond.fit >= max(_ELSEWHERE, other.fit if other else 0.0):
        return "", {beyond.n}
    if other is not None and other.fit >= _ELSEWHERE:
        return f"The sources say {_instead(fact, places, cited, found, other)} there, not {fact.text}.", set()
    return f"{fact.text} is not in the sources.", set()


def _instead(fact: Fact, places: Sequence[Place], cited: frozenset[int], found: Sequence[Fact], best: Place) -> str:
    """What stands in a fact's place: of what fits there nearly as well as the best the one that looks most like it."""
    near = [
        place.fact.text
        for place in places
        if place.n in cited
        and place.fit >= best.fit - _OTHER_FITS
        and not any(same(place.fact, claimed) for claimed in found)
    ]
    return max(near or [best.fact.text], key=lambda text: SequenceMatcher(None, text, fact.text).ratio())


def _claims(said: str) -> list[Fact] | None:
    """The facts a sentence claims; None where it claims nothing that could be looked up: a heading, a question, a "Yes."."""
    if said.endswith(("?", ":")) or _CLAIMS_NOTHING.match(said):
        return None
    # The first word is written large whatever it is.
    claimed = [fact for fact in facts(said) if fact.kind != "name" or fact.start > 0]
    content = [word for word in words(said) if word not in STOP_WORDS]
    return claimed if claimed or len(content) >= 3 else None


def _calculated(fact: Fact, found: Sequence[Fact]) -> bool:
    """Whether a number is the sum, difference or product of two that the sentence names as well."""
    if fact.kind != "number":
        return False
    numbers = [float(other.value) for other in found if other.kind == "number"]
    pairs = [(a, b) for at, a in enumerate(numbers) for b in numbers[at + 1 :]]
    return any(float(fact.value) in (a + b, abs(a - b), a * b) for a, b in pairs)


def bare(text: str) -> str:
    """A sentence without numbers of sources and without Markdown's marks of emphasis and lists."""
    return re.sub(r"^(?:[-*+>#]+|\d+[.)])\s+|\*\*|__|`", "", _MARKER.sub("", text)).strip()
