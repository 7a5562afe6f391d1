"""docs/: the code on the pages runs, and what the pages name is there."""

from __future__ import annotations

import dataclasses
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.answering.endpoints import USUAL
from rag.answering.llm import LLMS, Llm
from rag.documents.load import LOADERS
from rag.index.embed import EMBEDDERS, Embedder
from rag.index.store import STORES, Store, StoreKind

ROOT = Path(__file__).resolve().parents[2]
EXTENDING = ROOT / "docs" / "extending.md"
TABLES: tuple[dict[str, Any], ...] = (LOADERS, STORES, EMBEDDERS, LLMS, USUAL)

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`((?:rag|tests|docs|notebooks|benchmarks)/[\w./-]+)`")


@pytest.fixture
def tables() -> Iterator[None]:
    """The tables as they were, whatever a page puts into them."""
    before = [dict(table) for table in TABLES]
    yield
    for table, rows in zip(TABLES, before, strict=True):
        table.clear()
        table.update(rows)


def test_the_code_on_the_page_runs_from_top_to_bottom(
    tables: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = EXTENDING.read_text("utf-8")
    names: dict[str, Any] = {"__name__": "extending"}
    blocks = list(_BLOCK.finditer(text))
    assert len(blocks) >= 6
    for block in blocks:
        # Empty lines in front, so that a fault names its line on the page.
        code = "\n" * text.count("\n", 0, block.start(1)) + block[1]
        exec(compile(code, str(EXTENDING), "exec"), names)
    assert names["said"].citations
    for table, row in ((LOADERS, ".html"), (STORES, "numpy"), (EMBEDDERS, "hashing"), (LLMS, "aloud")):
        assert row in table


def test_the_page_names_everything_that_a_row_must_have() -> None:
    text = EXTENDING.read_text("utf-8")
    members = [name for kind in (Embedder, Store) for name in (*vars(kind), *kind.__annotations__) if name[0] != "_"]
    fields = [*StoreKind._fields, *(field.name for field in dataclasses.fields(Llm))]
    assert [name for name in (*members, *fields) if f"`{name}" not in text and f"({name}" not in text] == []


def test_the_tables_stand_where_the_page_says() -> None:
    rows = re.findall(r"`([A-Z]+)` in `(rag/[\w/]+)\.py`", EXTENDING.read_text("utf-8"))
    assert {name for name, _ in rows} == {"LOADERS", "STORES", "EMBEDDERS", "LLMS", "USUAL"}
    for name, module in rows:
        assert isinstance(getattr(sys.modules[module.replace("/", ".")], name), dict)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    named = _PATH.findall(page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
