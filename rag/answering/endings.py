"""How an answer ended: with a refusal, cut off, empty, or by a model that had not read all it was sent. Pure."""

from __future__ import annotations

import re

from rag.answering import faults
from rag.answering.prompts import REFUSAL

_SOURCES = r"(?:provided |given |available )?(?:sources?|documents?|information|context)\b"
_SAY = r"(?:\w+ly )?(?:say|state|mention|hold|contain|give|provide|tell|name|specify|include|answer|cover|list|show|have)s?\b"
_REFUSES = re.compile(
    r"^\W*(?:unfortunately,? )?(?:(?:i'm |i am )?sorry[,.]? (?:but )?)?(?:"
    r"i (?:do not|don['\u2019]t) know|i (?:cannot|can['\u2019]t|could not|couldn['\u2019]t) (?:find|answer)|"
    rf"(?:the|these|my) {_SOURCES}[^.]{{0,40}}\b(?:(?:do(?:es)? not|do(?:es)?n['\u2019]t) {_SAY}|{_SAY} (?:no|nothing)\b)|"
    rf"(?:none of the|no) {_SOURCES} (?:{_SAY}|(?:is|was) (?:given|provided|available)|provided|about|on)|"
    r"(?:there is|it has) no information)",
    re.I,
)
_WORD = re.compile(r"[^\W_]+")


def refusing(text: str) -> bool:
    """Whether an answer says that the sources do not hold one."""
    return text == REFUSAL or bool(_REFUSES.match(text))


def flaw(label: str, text: str, finish: str, prompt: str, read: int) -> str:
    """What is wrong with an answer that ended in order; empty where nothing is. `read`: tokens the server says it has read."""
    if not text.strip() and finish != "content_filter":
        return faults.empty(label, finish)
    in_part = 0 < read < _fewest_tokens(prompt)
    return faults.ended(label, finish) or (faults.read_in_part(label) if in_part else "")


def _fewest_tokens(prompt: str) -> int:
    """No tokenizer makes fewer tokens of a text than this: none has one for two words, or for a word of any length.

    It is two thirds of what English takes. A server that has read less has not read all.
    """
    return sum(1 + len(word) // 16 for word in _WORD.findall(prompt))
