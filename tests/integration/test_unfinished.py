"""What a stopped ingest had embedded is not embedded again, and nothing else of it is believed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.index import build as build_module
from rag.index import embed_chunks
from rag.index.chunks import Chunks
from rag.index.embedded import UNFINISHED
from rag.index.generation import TOKENS, VECTORS, published
from rag.index.store import STORES
from rag.index.tokens import Tokens
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest, names

BATCH = 4
TEXTS = {f"a/{n:02}.md": f"# Title {n}\n\nText number {n}, {'word ' * n}and no more." for n in range(20)}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_chunks, "_BATCH", BATCH)
    monkeypatch.setitem(STORES, "exact", EXACT)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture(params=["failed", "killed"])
def stop(request: pytest.FixtureRequest, index: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Ingest until `after` texts are embedded; killed means that the process had no time to put anything in order."""

    def stopped(after: int, embedder: LetterEmbedder | None = None) -> None:
        embedder = embedder or LetterEmbedder()
        embedder.fail_after = after
        with monkeypatch.context() as patched:
            if request.param == "killed":
                patched.setattr(build_module, "clear_leftovers", lambda index: None)
            with pytest.raises(RuntimeError, match="told to fail"):
                ingest(index, TEXTS, embedder)
        assert published(index) is None

    return stopped


def same(one: Path, other: Path) -> bool:
    rows = range(len(TEXTS))
    packed = [[Tokens(folder / TOKENS).packed(row) for row in rows] for folder in (one, other)]
    return (
        list(Chunks(one)) == list(Chunks(other))
        and np.array_equal(np.load(one / VECTORS), np.load(other / VECTORS))
        and all(np.array_equal(a, b) for pair in zip(*packed, strict=True) for a, b in zip(*pair, strict=True))
    )


@pytest.mark.parametrize("after", [9, 12, 19])
def test_the_next_ingest_embeds_the_rest_only(
    index: Path, tmp_path: Path, stop: Callable[..., None], after: int
) -> None:
    stop(after)
    embedder = LetterEmbedder()
    built = ingest(index, TEXTS, embedder)
    kept = len(TEXTS) - len(embedder.embedded)
    assert built.embedded == len(embedder.embedded)
    assert after - 3 * BATCH <= kept <= after
    assert kept % BATCH == 0
    assert names(index) == ["CURRENT", built.folder.name]
    assert same(built.folder, ingest(tmp_path / "at once", TEXTS).folder)


def test_stopped_twice_keeps_the_better_part(index: Path, stop: Callable[..., None]) -> None:
    stop(17)
    again = LetterEmbedder()
    stop(2, again)
    last = LetterEmbedder()
    ingest(index, TEXTS, last)
    assert len(last.embedded) <= len(TEXTS) - 2 * BATCH


@pytest.mark.parametrize("name", [VECTORS, f"{TOKENS}/tokens.npy", f"{TOKENS}/scales.npy", f"{TOKENS}/offsets.npy"])
@pytest.mark.parametrize("cut", [False, True], ids=["flipped", "cut"])
def test_a_batch_that_is_not_as_it_was_written_is_embedded_again(
    index: Path, tmp_path: Path, stop: Callable[..., None], name: str, cut: bool
) -> None:
    stop(17)
    (left,) = (path for path in index.iterdir() if path.is_dir())
    data = (left / name).read_bytes()
    (left / name).write_bytes(data[:-1] if cut else data[:-1] + bytes([data[-1] ^ 0x55]))
    embedder = LetterEmbedder()
    built = ingest(index, TEXTS, embedder)
    assert BATCH < len(embedder.embedded) < len(TEXTS)
    assert same(built.folder, ingest(tmp_path / "at once", TEXTS).folder)


@pytest.mark.parametrize("name", ["embedded.log", "chunks.jsonl", f"{TOKENS}/projection.npy", VECTORS])
@pytest.mark.parametrize("content", [b"", b"\xff\xff{", None])
def test_what_cannot_be_read_is_embedded_again(
    index: Path, tmp_path: Path, stop: Callable[..., None], name: str, content: bytes | None
) -> None:
    stop(17)
    (left,) = (path for path in index.iterdir() if path.is_dir())
    if content is None:
        (left / name).unlink()
    else:
        (left / name).write_bytes(content)
    assert same(ingest(index, TEXTS).folder, ingest(tmp_path / "at once", TEXTS).folder)
    assert UNFINISHED not in names(index)


def test_another_model_s_vectors_are_not_taken(index: Path, stop: Callable[..., None]) -> None:
    stop(17)
    embedder = LetterEmbedder(name="others")
    ingest(index, TEXTS, embedder)
    assert len(embedder.embedded) == len(TEXTS)


def test_rebuild_takes_nothing(index: Path, stop: Callable[..., None]) -> None:
    stop(17)
    embedder = LetterEmbedder()
    ingest(index, TEXTS, embedder, rebuild=True)
    assert len(embedder.embedded) == len(TEXTS)
    assert UNFINISHED not in names(index)


def test_beside_a_published_index_both_are_drawn_on(index: Path) -> None:
    half = dict(list(TEXTS.items())[:8])
    ingest(index, half)
    embedder = LetterEmbedder()
    embedder.fail_after = 8
    with pytest.raises(RuntimeError, match="told to fail"):
        ingest(index, TEXTS, embedder)
    last = LetterEmbedder()
    built = ingest(index, TEXTS, last)
    assert len(last.embedded) == built.embedded <= 8


def test_a_full_disk_is_not_kept_full(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(build_module, "build_texts", full)
        with pytest.raises(Exception, match="no space left on device"):
            ingest(index, TEXTS)
    assert names(index) == []
