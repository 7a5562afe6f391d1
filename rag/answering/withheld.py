"""What a model says that is none of its answer, taken out while it streams.

Somebody who writes into a document can tell the model to recite its instructions, or to show an address that carries what
was said. So three things go: a run of words of our own prompts, the fences of the sources, and an address that stands
neither in the sources nor in the question. What the sources do hold may always be said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from functools import cache

from rag.answering.prompts import BREAK, CONDENSE, SYSTEM

LEFT_OUT = "(address left out: it is in no source)"

_RUN = 8
"""So many words of a prompt, one after the other, are recited, not said by chance."""

_CHANCE = 2
"""So many are said by chance all the time; only what goes on after them is held back."""

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = r"(?:(?:https?|ftps?|wss?|file)://|(?<![^\W_])www\.)[^\s<>\"'`|\\^{}\[\]()\u3000-\u303f\uff00-\uffef]"
_TAKEN = re.compile(rf"<<\s*(?:source|end)\s+\d+[^<>\n]{{0,40}}>>|(?P<address>{_ADDRESS}+)", re.I)
_MAY_GROW = re.compile(
    rf"(?:<<?|<<\s*[sourcend]{{0,6}}|<<\s*(?:source|end)\s+\d*[^<>\n]{{0,40}}>?|{_ADDRESS}*"
    r"|(?:h|ht|htt|https?|f|ft|ftps?|fi|fil|file|wss?|w|ww|(?<![^\W_])www)(?::/?)?)$",
    re.I,
)
_PUNCTUATION = ".,;:!?*_~"


class Withheld:
    """A filter for streamed text. `known`: what may be said in any case, the texts of the sources and the question."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = "\n".join(known).casefold()
        self._held = ""
        self._recital = _Recital(self._known)

    def feed(self, piece: str) -> str:
        """What can be passed on now."""
        text = self._held + piece.replace(BREAK, "")
        grows = _MAY_GROW.search(text)
        cut = grows.start() if grows else len(text)
        self._held = text[cut:]
        return self._recital.feed(self._checked(text[:cut]))

    def close(self) -> str:
        """What was still held back."""
        text, self._held = self._held, ""
        return self._recital.feed(self._checked(text)) + self._recital.close()

    def _checked(self, text: str) -> str:
        return _TAKEN.sub(self._passed, text)

    def _passed(self, match: re.Match[str]) -> str:
        address = match["address"]
        if address is None:
            return ""
        bare = address.rstrip(_PUNCTUATION)
        return address if bare.casefold() in self._known else LEFT_OUT + address[len(bare) :]


class _Recital:
    """Takes out runs of at least _RUN words of the prompts. Holds back only what may be the beginning of one."""

    def __init__(self, known: str) -> None:
        self._known = " ".join(_WORD.findall(known))
        self._text = ""
        self._pieces: list[
            str
        ] = []  # each a word with what follows it up to the next; all may be the beginning of a run
        self._recited: list[bool] = []
        self._begun: dict[int, int] = {}  # place in the prompts' words of the last word -> number of words so far
        self._before: dict[int, int] = {}  # the same before the last word
        self._word = ""  # the last word, passed on though it may go on

    def feed(self, text: str) -> str:
        shown = ""
        if self._word and (goes_on := _WORD.match(text)):
            shown, text = goes_on[0], text[goes_on.end() :]
            self._word += shown
            self._begun = _runs(self._before, self._word)
        self._word = "" if text else self._word
        *before, last = ["", *_split(self._text + text)]
        self._text = ""
        shown += "".join(map(self._next, before))
        if _WORD.fullmatch(last):  # it may go on in the next piece
            if any(self._goes_on(place, last.casefold()) for place, count in self._begun.items() if count >= _CHANCE):
                self._text, last = last, ""
            else:
                self._word = last
        return shown + self._next(last)

    def close(self) -> str:
        shown, self._text = self._next(self._text), ""
        return shown + self._let_go(len(self._pieces))

    def _goes_on(self, place: int, begun: str) -> bool:
        following = _prompt_words()[place + 1 : place + 2]
        return any(word.startswith(begun) for word in following)

    def _next(self, piece: str) -> str:
        word = _WORD.match(piece)
        if word:
            self._before, self._begun = self._begun, _runs(self._begun, word[0])
            self._pieces.append(piece)
            self._recited.append(False)
            for place, count in self._begun.items():
                if count >= _RUN and " ".join(_prompt_words()[place - _RUN + 1 : place + 1]) not in self._known:
                    self._recited[-_RUN:] = [True] * len(self._recited[-_RUN:])
        elif self._pieces:
            self._pieces[-1] += piece
        else:
            return piece
        # The last _RUN words decide about the next one; those before them are decided.
        held = min(max(self._begun.values(), default=0) - _CHANCE, _RUN - 1)
        return self._let_go(len(self._pieces) - max(held, 0))

    def _let_go(self, count: int) -> str:
        shown = "".join(
            piece for piece, recited in zip(self._pieces[:count], self._recited[:count], strict=True) if not recited
        )
        del self._pieces[:count], self._recited[:count]
        return shown


def _runs(before: Mapping[int, int], word: str) -> dict[int, int]:
    return {place: before.get(place - 1, 0) + 1 for place in _places().get(word.casefold(), ())}


@cache
def _prompt_words() -> list[str]:
    return [word.casefold() for prompt in (SYSTEM, CONDENSE) for word in ["", *_WORD.findall(prompt)]]


@cache
def _places() -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(_prompt_words()):
        places.setdefault(word, []).append(place)
    return places


def _split(text: str) -> list[str]:
    """Words, each with what follows it; what comes before the first stands alone."""
    starts = [word.start() for word in _WORD.finditer(text)]
    edges = [0, *starts, len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges) if a < b]
