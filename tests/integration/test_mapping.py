"""The map of an index, drawn in a process of its own: at once by main directions, then by t-SNE, then kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.index.open import OpenIndex
from rag.index.store import STORES
from rag.mapping import kept, maps
from rag.mapping.maps import ChunkMap, Maps
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest

TEXTS = {f"kind-{n % 3}/{n}.md": f"# Text {n}\n\n{'abc'[n % 3] * (5 + n)} {'xyz'[n % 3] * 9} again." for n in range(40)}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenIndex:
    monkeypatch.setitem(STORES, "exact", EXACT)
    return OpenIndex(ingest(tmp_path / "index", TEXTS).folder)


def settle(ask: Callable[[], ChunkMap], seconds: float = 240) -> list[ChunkMap]:
    """Ask until the map stays as it is; all different ones that were seen."""
    end = time.monotonic() + seconds
    seen = [ask()]
    while seen[-1].settled < 2 and not seen[-1].fault:
        assert time.monotonic() < end, "the map was not drawn"
        time.sleep(0.02)
        if (now := ask()) is not seen[-1]:
            seen.append(now)
    return seen


def test_a_map_is_there_at_once_then_drawn_then_kept(opened: OpenIndex, tmp_path: Path) -> None:
    room = Maps(tmp_path / "index")
    seen = settle(lambda: room.of(opened))
    assert seen[0].settled == 0
    assert np.isfinite(seen[0].flat).all()
    progress = [each.progress for each in seen]
    assert progress == sorted(progress)
    assert len(set(progress)) > 5, "the share that is done is told while it grows"
    last = seen[-1]
    assert (last.flat.shape, last.deep.shape) == ((len(opened.chunks), 2), (len(opened.chunks), 3))
    assert not np.allclose(last.flat, seen[0].flat)
    again = Maps(tmp_path / "index").of(opened)
    assert again.settled == 2
    assert (again.flat == last.flat).all()
    assert [path.name for path in (tmp_path / "index" / kept.MAPS).iterdir()] == [f"{opened.name}.npz"]


def test_a_drawing_that_fails_leaves_the_first_map_and_says_so(
    opened: OpenIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "VECTORS", "missing.npy")
    room = Maps(tmp_path / "index")
    last = settle(lambda: room.of(opened))[-1]
    assert last.settled == 0
    assert "terminal" in last.fault
    assert len(last.flat) == len(opened.chunks)


def test_the_map_follows_the_index(opened: OpenIndex, tmp_path: Path) -> None:
    room = Maps(tmp_path / "index")
    room.of(opened)
    newer = OpenIndex(ingest(tmp_path / "index", {**TEXTS, "kind-0/new.md": "# New\n\nA new one."}).folder)
    seen = settle(lambda: room.of(newer))
    assert {each.generation for each in seen} == {newer.name}
    assert len(seen[-1].rows) == len(newer.chunks)
    assert seen[-1].fault == ""
