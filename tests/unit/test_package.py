"""What an installed package holds beside its modules: a file that is left out is missed at the first question, not before."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_of_the_package_is_packed() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["rag"]
    packed = {path for pattern in told for path in (ROOT / "rag").glob(pattern)}
    beside = {
        path
        for path in (ROOT / "rag").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".pyi") and "__pycache__" not in path.parts
    }
    assert beside == packed
    assert {path.suffix for path in packed} >= {".npy", ".css", ".js"}
