"""What a question tells, for the LetterEmbedder: words in a count, words in z are only how it is put."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.retrieval import telling
from tests.doubles.embedder import LetterEmbedder


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, embedder: LetterEmbedder) -> Iterator[None]:
    """Within the test, as if this had been learned for `embedder`."""
    direction = np.zeros(embedder.dim, np.float32)
    direction[0], direction[25] = 1, -1  # word pieces are letters, and each has a dimension of its own
    np.save(tmp_path / "learned.npy", direction)
    monkeypatch.setattr(telling, "LEARNED", {embedder.identity: str(tmp_path / "learned.npy")})
    telling._learned.cache_clear()
    yield
    telling._learned.cache_clear()
