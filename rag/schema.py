"""The nouns of the project: what the stages hand to each other, and the errors they raise.

Everything here is plain data. A module that needs one of these words imports it from here and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class LodestarError(Exception):
    """A fault a person can mend. Its text is one sentence that names the fix; commands print it and exit with 2."""


class SettingsError(LodestarError):
    """A setting is unknown, malformed or contradicts another."""


class KnowledgeBaseError(LodestarError):
    """The knowledge base is missing or holds no document."""


class VectorIndexError(LodestarError):
    """The index is missing, damaged, or was built by something this process cannot reproduce."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the knowledge base. `source` is its path relative to the knowledge base, with forward slashes."""

    source: str
    doc_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out of the index, and why, as a clause that completes 'skipped because …'."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one document.

    `document.text[start:end]` is the piece itself, in `str` offsets. `text` is what is embedded, searched and given to
    the llm: a context line (title and heading path) where the piece does not show them itself, then the piece.
    """

    chunk_id: str
    text: str
    source: str
    doc_type: str
    title: str
    heading: str
    start: int
    end: int

    @property
    def body(self) -> str:
        """The piece without its context line: exactly `document.text[start:end]`."""
        return self.text[len(self.text) - (self.end - self.start) :]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A chunk that was found, with its score in [0, 1], higher is better."""

    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One finished exchange of a conversation."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of a source that proves a part of the answer; `n` is the number the answer's `[n]` shows.

    `start` and `end` are offsets of `quote` in the source file. One `n` may carry several citations (several sentences
    of one chunk).
    """

    n: int
    quote: str
    start: int
    end: int
    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of an answer's text, `text[start:end]`, that its sources do not bear out, or that they disagree about (`disputed`).

    `why` is a sentence for the person who asked.
    """

    start: int
    end: int
    why: str
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about, for the debug view. Times are milliseconds; `prompt` and `tokens` are none where it only quotes.

    `query`: what was searched, its spelling put right. `alone`: the question as it can be asked without the talk before it, in
    the words that were typed unless a model has rewritten it.
    """

    query: str = ""
    prompt: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)
    first_token_ms: float = 0.0
    tokens: int = 0
    tokens_per_second: float = 0.0
    ms: float = 0.0
    alone: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. `refused`: the sources do not hold it. `fault`: the endpoint failed, in one sentence.

    `suggestions`: what the model proposed to ask next, where it was asked for that.
    """

    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    refused: bool = False
    fault: str = ""
    retrieved: tuple[Retrieved, ...] = ()
    llm: str = ""
    generation: str = ""
    suggestions: tuple[str, ...] = ()
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is being waited for, while nothing comes. No part of the answer: what comes next takes its place."""

    text: str


@dataclass(frozen=True, slots=True)
class LlmChoice:
    """A language model that can answer: `name` selects it, `label` is what a person reads."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the index that answers holds, for the page's first sight.

    `notice` is empty, or one sentence that is to be shown: why that is not the published index, of when it is, what to run.
    """

    generation: str
    built: str
    documents: int
    chunks: int
    doc_types: Mapping[str, int]
    examples: tuple[str, ...]
    notice: str = ""


Metadata = dict[str, Any]
