"""Gradio, imported in less than half of its time.

Left alone, Gradio parses its own source files at each import and writes a type stub (.pyi) beside every one, which takes half
of the time; and it imports pandas, 30 MB, for components that this page does not have. Here no stub is written, and pandas is
imported when something asks it for anything, which nothing does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_STUBS, _WRITES_STUB = "gradio.component_meta", "create_or_modify_pyi"
_LATER = "pandas"
_NEVER = "matplotlib"


def import_gradio() -> None:
    """Import Gradio, unless that has happened. A version without that function is imported as it is."""
    # Gradio tries to import this before and after each update of a page: that it is not there takes a tenth of the update.
    sys.modules.setdefault(_NEVER, None)  # type: ignore[arg-type]
    finder, stand_in = _Finder(), _StandIn(_LATER)
    sys.meta_path.insert(0, finder)
    sys.modules.setdefault(_LATER, stand_in)
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
        # Other libraries look whether pandas was imported, and ask it for something if so.
        if sys.modules.get(_LATER) is stand_in:
            del sys.modules[_LATER]


class _StandIn(ModuleType):
    """What Gradio's modules hold as pandas."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system looks at a module; that is no use of it
            raise AttributeError(name)
        if sys.modules.get(_LATER) is self:
            del sys.modules[_LATER]
        return getattr(importlib.import_module(_LATER), name)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == _STUBS else None
        if spec is not None and spec.loader is not None:
            spec.loader = _WithoutStubs(spec.loader)
        return spec


class _WithoutStubs(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if hasattr(module, _WRITES_STUB):
            setattr(module, _WRITES_STUB, lambda *written: None)
