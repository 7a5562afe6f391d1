from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rag.index.open import OpenIndex
from rag.index.store import STORES
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest


@pytest.fixture
def open_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: LetterEmbedder
) -> Callable[[Mapping[str, str]], OpenIndex]:
    """An opened index of these texts, source -> text."""
    monkeypatch.setitem(STORES, "exact", EXACT)
    return lambda texts: OpenIndex(ingest(tmp_path / "index", texts, embedder).folder)
