"""Follow-ups made to stand alone, without a language model. Pure.

A question that names its subject is left as it is. One that leans on the conversation ("and when does it end?") gets the
subject it leans on written behind it, taken from the last question that had one, or, for "she" and "he", from the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.leaning import PERSON, POINTS, stands_alone
from rag.answering.mentions import FILLING, WORD, content, names, people
from rag.schema import Turn

_WHO = re.compile(
    r"^\s*(?:(?:and|so|but) )?(?:who|whom|whose|which (?:person|people|colleague|engineer|manager))\b", re.I
)
_LONGEST_QUERY = 400
_LABEL = re.compile(r"^(?:standalone|rewritten) question:\s*", re.I)
_LINK = re.compile(r"^\W*(?:and|or|but|so|also|then)\b", re.I)
_ASKING = frozenset(
    "who whom whose what which when where why how is are was were do does did can could will would should has have had tell "
    "list give show name explain describe compare summarize summarise define find state outline".split()
)


def condense(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leans on written out; the question itself where it stands alone."""
    topic, answer = "", ""
    for turn in history:
        topic, answer = _resolve(turn.question, topic, answer), turn.answer
    return _resolve(question, topic, answer)


def usable(reply: str, question: str, ours: str) -> str:
    """A model's rewriting, or `ours` where a small model answered, rambled or said nothing instead."""
    lines = [line.strip(" \"'\u201c\u201d*") for line in reply.strip().splitlines() if line.strip()]
    first = _LABEL.sub("", lines[0]) if lines else ""
    asks = first.endswith("?") or (not question.rstrip().endswith("?") and _asks(first, question))
    return first if asks and len(lines) == 1 and len(first) <= _LONGEST_QUERY else ours


def _asks(reply: str, question: str) -> bool:
    """Whether a reply without a question mark asks all the same, as the question did: it opens as questions do, or as that one."""
    opens = [WORD.search(_LINK.sub("", text)) for text in (reply, question)]
    words = [match[0].lower() if match else "" for match in opens]
    return bool(words[0]) and (words[0] in _ASKING or (words[0] == words[1] and words[0] not in FILLING))


def _resolve(question: str, topic: str, answer: str) -> str:
    """`question` made to stand alone, given the resolved question before it and that one's answer."""
    if not topic or stands_alone(question):
        return question
    said = {word.lower() for word in WORD.findall(question)}
    whole = f" {' '.join(WORD.findall(question))} ".lower()
    subjects: list[str] = []
    if PERSON.search(question):
        # Asked who, the answer names the person; a name in the question is then what they have to do with.
        first, then = (answer, topic) if _WHO.match(topic) else (topic, answer)
        subjects += [*people(first), *people(then)][:1]
    named = names(question)
    asks_anew = bool(named) and not POINTS.search(question) and not PERSON.search(question)
    if asks_anew:
        # "And Calder Bridge?": the old question, asked of another subject.
        subjects += [word for word in content(topic) if not _inside(word, names(topic), topic)]
    elif not subjects or not people(topic):
        subjects += [topic[start:end] for start, end in names(topic)]
        if not subjects or len(content(question)) < 2:
            subjects += content(topic)
    subjects = [s for s in dict.fromkeys(subjects) if s.lower() not in said and f" {s} ".lower() not in whole]
    kept = [s for s in subjects if not any(s != other and s.lower() in other.lower() for other in subjects)]
    return f"{question.strip()} ({', '.join(kept)})" if kept else question


def _inside(word: str, spans: list[tuple[int, int]], text: str) -> bool:
    at = text.find(word)
    return any(start <= at < end for start, end in spans)
