"""Large documents of one kind of character: each is cut, into chunks of a sensible length, and in sensible time."""

from __future__ import annotations

import itertools
import re

import pytest

from rag.config import Settings
from rag.documents import split as split_module
from rag.documents.split import split
from rag.index.embed import open_embedder
from rag.schema import Chunk, Document

pytestmark = pytest.mark.usefixtures("no_hanging")

MANY = 50_000


def words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def cut(text: str, limit: int = 254) -> list[Chunk]:
    return split(Document("notes/large.md", "notes", text), words, chunk_size=limit, salt="words")


@pytest.mark.parametrize(
    "text",
    [
        "```\n" + "\n" * MANY + "x",
        "x\n" + "\u200b\n\n" * MANY + "y",
        "| a | b |\n|---|---|\n" * 2000,
        "|" + "a|" * MANY + "\n|" + "-|" * MANY + "\n|" + "b|" * MANY,
        "# " + "[" * MANY,
        "# " + "[a](" * MANY,
        "---\ntitle: a" + " " * MANY + "b\n---\n# A\n\ntext",
        "---\n" + "a: b\n" * MANY,
        "a.\n" + "\x0c\n" * MANY,
        "".join(f"{'#' * (n % 6 + 1)} Heading {n}\n" for n in range(MANY // 5)),
        "> " * MANY,
        "\n".join(" " * n + "- x" for n in range(300)),
    ],
    ids=lambda text: text[:12],
)
def test_what_took_hours_takes_seconds(text: str) -> None:
    chunks = cut(text)
    assert chunks
    assert all(chunk.body == text[chunk.start : chunk.end] for chunk in chunks)


@pytest.mark.parametrize("character", ["\U0001f642", "\u200d", "\ufffd", "`", "\u0301", "a", "\u6f22"])
def test_characters_that_are_no_word_pieces_make_no_chunk_of_a_megabyte(character: str) -> None:
    minilm = open_embedder(Settings())
    text = f"begin {character * 200_000} end"
    chunks = split(Document("a/b.md", "a", text), minilm.word_pieces, chunk_size=256)
    assert max(len(chunk.text) for chunk in chunks) <= 256 * 400
    assert all(len(minilm.word_pieces(chunk.text)) <= 254 for chunk in chunks)
    assert "".join(chunk.body for chunk in chunks).replace(" ", "") == text.replace(" ", "")


def test_a_text_that_is_counted_in_parts_is_cut_as_one_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n\n".join(f"## Part {n}\n\n" + f"Word {n} of many.\n" * n for n in range(1, 30))
    whole = cut(text, 42)
    monkeypatch.setattr(split_module, "_PART", 64)
    assert cut(text, 42) == whole
    assert all(before.end <= after.start for before, after in itertools.pairwise(whole))
