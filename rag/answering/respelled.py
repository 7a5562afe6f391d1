"""Which words of a question were searched for in another spelling, told to who asked. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher

from rag.schema import Trace

_MOST = 3  # words named; who mistypes more sees what the sentence is about


def respelled(trace: Trace) -> str:
    """A sentence that says so; empty where every word was searched as it was typed."""
    typed, searched = trace.alone.split(), trace.query.split()
    if not typed or not searched:
        return ""
    changes = SequenceMatcher(None, typed, searched, autojunk=False).get_opcodes()
    taken = [
        pair
        for kind, a, b, c, d in changes
        if kind == "replace"
        for pair in (
            zip(typed[a:b], searched[c:d], strict=True) if b - a == d - c else [_joined(typed[a:b], searched[c:d])]
        )
    ]
    told = [f"\u201c{_bare(was)}\u201d as \u201c{_bare(now)}\u201d" for was, now in taken[:_MOST]]
    return f"I read {_listed(told)}." if told else ""


def _joined(typed: list[str], searched: list[str]) -> tuple[str, str]:
    return " ".join(typed), " ".join(searched)


def _bare(words: str) -> str:
    return words.strip(".,:;!?()\"'\u201c\u201d")


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
