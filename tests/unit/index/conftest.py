from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.store import STORES
from tests.doubles.store import EXACT


@pytest.fixture(autouse=True)
def _exact_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STORES, "exact", EXACT)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"
