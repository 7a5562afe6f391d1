"""What of a conversation fits into a prompt, and how much is left there for sources. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.evidence import without_markers
from rag.answering.llm import Llm
from rag.answering.prompts import SYSTEM
from rag.answering.small_talk import reply_to
from rag.schema import Turn

_CHARACTERS_PER_TOKEN = 3.5
_HISTORY_SHARE = 0.25


def latest_turns(history: Sequence[Turn], most: int, llm: Llm) -> list[Turn]:
    """The latest turns that fit, `most` of them at most, without the numbers of sources that are not in this prompt.

    "Thanks!" and the like are left out: what is asked next leans on what was said before that.
    """
    room = int(llm.context_tokens * _CHARACTERS_PER_TOKEN * _HISTORY_SHARE)
    kept: list[Turn] = []
    for turn in [turn for turn in history if not reply_to(turn.question)][::-1][:most]:
        room -= len(turn.question) + len(turn.answer)
        if room < 0:
            break
        kept.insert(0, Turn(turn.question, without_markers(turn.answer)))
    return kept


def room_for_sources(most_answered: int, llm: Llm, history: Sequence[Turn], question: str) -> float:
    """Characters left for sources beside everything else that the model must read and write, an answer of so many tokens."""
    said = len(SYSTEM) + len(question) + sum(len(turn.question) + len(turn.answer) for turn in history)
    return (llm.context_tokens - most_answered - 64) * _CHARACTERS_PER_TOKEN - said
