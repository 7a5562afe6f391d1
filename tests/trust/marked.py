"""A knowledge base in which every document names its generation, and what an index answers over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.index.embed import Embedder
from rag.index.open import IndexReader, OpenIndex
from rag.retrieval.hybrid import retrieve

MARKED = [f"{doc_type}/{n}.md" for doc_type in ("policies", "contracts") for n in range(10)]
SAME = [f"contracts/same-{n}.md" for n in range(3)]


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A new folder in memory where there is such a thing: to have thousands of files on a disk takes minutes."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def write(knowledge: Path, n: int) -> None:
    """The documents of generation `n`: twenty name it, three stay as they are, and one is there in no other."""
    for source in (*MARKED, *SAME, f"policies/only-{n}.md"):
        path = knowledge / source
        path.parent.mkdir(parents=True, exist_ok=True)
        said = "nothing new" if source in SAME else f"marker{n} is what this generation"
        path.write_text(f"# Leave {source.removesuffix('.md')}\n\n{said} says about leave.\n", "utf-8")
    for path in (knowledge / "policies").glob("only-*.md"):
        if path.stem != f"only-{n}":
            path.unlink()


def generation_of(index: OpenIndex, embedder: Embedder) -> int:
    """Which generation answers: everything that is found must be of it, and all of it must be found."""
    found = retrieve("What does this generation say about leave?", index, embedder, 100)
    markers = {item.chunk.body.split("marker")[1].split(" ")[0] for item in found if item.chunk.source not in SAME}
    assert len(markers) == 1, markers
    n = int(markers.pop())
    assert sorted(item.chunk.source for item in found) == sorted([*MARKED, *SAME, f"policies/only-{n}.md"])
    for row in index.chunks.rows([item.chunk for item in found[::8]]).tolist():
        vector = index.vectors[row : row + 1][0]
        # Documents that differ in a number only may stand in for each other.
        assert any(vector @ index.vectors[near : near + 1][0] > 0.9999 for near, _ in index.store.search(vector, 5))
    return n


def answered_by(index: Path, embedder: Embedder) -> int:
    """The generation that answers whoever opens the index now."""
    return generation_of(IndexReader(index, embedder).current(), embedder)


def leftovers(index: Path) -> list[str]:
    """What lies there beside the published generation, the one before it and the lock."""
    names = sorted(path.name for path in index.iterdir())
    kept = [name for name in names if name.startswith("gen-") and not name.endswith(".tmp")]
    assert (index / "CURRENT").read_text().strip() in kept
    return [name for name in names if name not in ("CURRENT", "ingest.lock", *kept[-2:])]
