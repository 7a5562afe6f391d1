"""[Retrieved] -> what a language model is given: the best that fit, chunks that follow each other joined. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.schema import Chunk, Retrieved

FENCE = 60
"""Characters that a source's fences and number take in a prompt."""

_GAP = 2  # characters of white space between neighbours: a blank line, or less


@dataclass(frozen=True, slots=True)
class Section:
    """Chunks of one document, one after the other, given under one number."""

    chunks: tuple[Retrieved, ...]

    @property
    def text(self) -> str:
        """The first chunk with its context line, then of each what the one before it does not hold yet."""
        first = self.chunks[0].chunk
        text, end = first.text, first.end
        for item in self.chunks[1:]:
            chunk = item.chunk
            text += "\n" * min(_GAP, chunk.start - end) + chunk.body[max(0, end - chunk.start) :]
            end = chunk.end
        return text

    @property
    def source(self) -> str:
        return self.chunks[0].chunk.source

    @property
    def score(self) -> float:
        return max(item.score for item in self.chunks)


def pack(found: Sequence[Retrieved], room: float, *, join: bool = True) -> list[Section]:
    """The chunks, best first, that fit into `room` characters, at least one; neighbours joined where the better one ranks.

    Without `join` each chunk stays a section of its own, for a reader that compares it with what the index holds of it.
    A text that is there already is not given twice. What does not fit is passed over for a shorter one behind it.
    """
    kept: list[Retrieved] = []
    bodies: set[str] = set()
    for item in found:
        body = " ".join(item.chunk.body.split())
        joins = join and any(_follows(item.chunk, other.chunk) or _follows(other.chunk, item.chunk) for other in kept)
        cost = len(item.chunk.body) + _GAP if joins else len(item.chunk.text) + FENCE
        if body in bodies or (kept and cost > room):
            continue
        bodies.add(body)
        room -= cost
        kept.append(item)
    return _joined(kept) if join else [Section((item,)) for item in kept]


def _joined(kept: Sequence[Retrieved]) -> list[Section]:
    rank = {id(item): n for n, item in enumerate(kept)}
    runs: list[list[Retrieved]] = []
    for item in sorted(kept, key=lambda item: (item.chunk.source, item.chunk.start)):
        if runs and _follows(item.chunk, runs[-1][-1].chunk):
            runs[-1].append(item)
        else:
            runs.append([item])
    runs.sort(key=lambda run: min(rank[id(item)] for item in run))
    return [Section(tuple(run)) for run in runs]


def _follows(chunk: Chunk, other: Chunk) -> bool:
    """Whether `chunk` begins where `other` ends, white space between them aside."""
    return chunk.source == other.source and other.start < chunk.start <= other.end + _GAP
