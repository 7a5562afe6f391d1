"""Indexes of two generations that are damaged in one way after the other, and what they may then answer."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rag.index.generation import generations, published
from rag.index.open import IndexReader, OpenIndex
from rag.retrieval.hybrid import retrieve
from rag.schema import VectorIndexError
from tests.doubles.embedder import LetterEmbedder
from tests.unit.index.building import ingest

QUESTIONS = ("What does the otter eat?", "Who keeps the badger's burrow?", "marker zebra costs")
MENDS = r"; run: python -m rag\.ingest( --rebuild)?\.$"
NOTICE = re.compile(r"^[^\n]+, so answers come from the index of \d+ \w+ \d{4}, \d\d:\d\d UTC" + MENDS)
SENTENCE = re.compile(r"^[^\n]+" + MENDS)
_ANIMALS = ("otter", "badger", "zebra", "heron", "lynx", "mole", "newt", "owl", "puffin", "quail", "rook", "seal")

Results = list[tuple[str, str, float]]


def documents(generation: int) -> dict[str, str]:
    """Each document names its generation."""
    return {
        f"{'land' if n % 2 else 'water'}/{animal}.md": f"# The {animal}\n\n"
        + "\n\n".join(f"Marker{generation}: the {animal} eats {n + part} costs in burrow {part}." for part in range(4))
        for n, animal in enumerate(_ANIMALS[: 9 + generation])
    }


def results(index: OpenIndex) -> Results:
    """All that a few questions find, with its scores."""
    embedder = LetterEmbedder()
    found = [retrieve(question, index, embedder, 30) for question in QUESTIONS]
    found.append(retrieve(QUESTIONS[0], index, embedder, 30, doc_type="land"))
    return [(item.chunk.source, item.chunk.text, item.score) for items in found for item in items]


class Damaged(NamedTuple):
    """An index that is to be damaged. `whole` maps each generation's name to what it finds while it is whole."""

    index: Path
    store: str
    whole: dict[str, Results]

    @property
    def folder(self) -> Path:
        """The published generation; CURRENT may be damaged."""
        return generations(self.index)[0]

    def files(self) -> list[str]:
        """Every file, as a path below the index: those of the published generation, and CURRENT."""
        inside = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return ["CURRENT", *(path.relative_to(self.index).as_posix() for path in inside)]

    def reader(self) -> IndexReader:
        return IndexReader(self.index, LetterEmbedder())


def make(index: Path, store: str, count: int) -> Damaged:
    """An index of `count` generations."""
    for generation in range(1, count + 1):
        ingest(index, documents(generation), store=store)
    folders = generations(index)
    assert len(folders) == count
    assert published(index) == folders[0]
    return Damaged(index, store, {folder.name: results(OpenIndex(folder)) for folder in folders})


def judge(damaged: Damaged, what: str) -> str:
    """Which generation answered, or "" where it was told that none can. Fails on anything that was not promised."""
    newest, reader = max(damaged.whole), damaged.reader()
    fault = ""
    try:
        index = reader.current()
    except VectorIndexError as error:
        fault = str(error)
    if fault:
        assert SENTENCE.match(fault), (what, fault)
        assert not what.startswith("CURRENT"), (what, fault)  # the generations themselves are whole
        assert len(damaged.whole) == 1, (what, fault)
        return ""
    chosen = reader.chosen()
    assert chosen.folder.name == index.name
    assert results(index) == damaged.whole[index.name], what
    assert index.name == newest or chosen.notice, what
    if chosen.notice:
        assert NOTICE.match(chosen.notice), (what, chosen.notice)
    return index.name


@contextmanager
def put_back(path: Path) -> Iterator[None]:
    """Whatever is done to a file, afterwards it is as before."""
    whole = path.read_bytes()
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(whole)


def flip(path: Path, rng: random.Random) -> str:
    """Turn over one bit; says which."""
    data = bytearray(path.read_bytes())
    bit = rng.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    return f"{path.name} bit {bit}"


def truncated(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut
