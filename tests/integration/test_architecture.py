"""The rules of the house that no single room can test: what importing does, which way imports go, how long a file is."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rag

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app.py"
FILES = sorted((ROOT / "rag").rglob("*.py"))
ROOMS = [
    *(f"{room}_room" for room in ("map", "quality", "index")),
    "after_answer",
    "gradio_side",
    "reader",
    "sessions",
    "typed",
]
DRAWN_WITH_GRADIO = ("rag.web.page", "rag.web.theme", *(f"rag.web.{room}" for room in ROOMS))
HEAVY = (
    "torch onnx onnxruntime transformers sentence_transformers tokenizers chromadb faiss bm25s sklearn plotly gradio openai xllamacpp "
    "langchain langchain_classic langchain_chroma langchain_openai"
).split()

# Imports the modules given as arguments, one after the other, and prints for each what it loaded and what it did. What a
# library does when it is imported is its own affair, so the nearest frame that is not of the standard library counts, and
# only when it is one of ours and no import lies in between.
WATCH = """
import importlib, json, os, sys, sysconfig
rag_folder, stdlib, did = sys.argv[1], sysconfig.get_path("stdlib"), []

def ours():
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(rag_folder):
            return True
        if "importlib" in file or not (file.startswith(("<frozen", stdlib)) or file == "<string>") or "site-packages" in file:
            return False
        frame = frame.f_back
    return False

class Watched(type(os.environ)):
    def __getitem__(self, key):
        if ours():
            did.append(f"reads ${key}")
        return super().__getitem__(key)
    def __setitem__(self, key, value):
        if ours():
            did.append(f"sets ${key}")
        super().__setitem__(key, value)
    def __iter__(self):
        if ours():
            did.append("reads the environment")
        return super().__iter__()

os.environ.__class__ = Watched
EVENTS = ("open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "glob.", "urllib.", "sqlite3.", "_thread.start")
sys.addaudithook(lambda event, args: event.startswith(EVENTS) and ours() and did.append(f"{event} {args[:1]}"))

seen = {}
for name in sys.argv[2:]:
    before = set(sys.modules)
    did.clear()
    importlib.import_module(name)
    seen[name] = {"loaded": sorted({module.split(".")[0] for module in set(sys.modules) - before}), "did": list(did)}
print(json.dumps(seen))
"""


def watch(folder: Path, modules: list[str]) -> dict[str, dict[str, list[str]]]:
    """What importing each module of the package in `folder` loads and does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(folder), *modules],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_importing_a_module_loads_nothing_heavy_and_does_nothing() -> None:
    """But for the package itself, which tells libraries to send nothing home before any of them is there to read it."""
    every = [module.name for module in pkgutil.walk_packages(rag.__path__, "rag.")]
    seen = watch(ROOT / "rag", sorted(set(every) - set(DRAWN_WITH_GRADIO)))
    assert len(seen) > 30
    assert {name: found for name, what in seen.items() if (found := sorted(set(what["loaded"]) & set(HEAVY)))} == {}
    first, *others = seen
    assert [
        what for what in seen[first]["did"] if not what.startswith(("sets $", "reads $", "os.putenv", "os.unsetenv"))
    ] == []
    assert {name: seen[name]["did"] for name in others if seen[name]["did"]} == {}


def test_ingest_and_search_need_no_language_model_library() -> None:
    seen = watch(ROOT / "rag", ["rag.ingest", "rag.search"])
    loaded = {name for what in seen.values() for name in what["loaded"]}
    assert not {name for name in loaded if name.startswith("langchain") or name == "httpx"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os; key = os.environ.get('HOME')", "reads $HOME"),
        ("import os; key = os.getenv('HOME')", "reads $HOME"),
        ("import os; os.environ['SEEN'] = '1'", "sets $SEEN"),
        ("import os; copy = dict(os.environ)", "reads the environment"),
        ("from pathlib import Path; text = Path(__file__).read_text()", "open"),
        ("from pathlib import Path; names = list(Path(__file__).parent.iterdir())", "os.listdir"),
        ("import socket; s = socket.socket()", "socket."),
        ("import subprocess; subprocess.run(['true'])", "subprocess."),
    ],
)
def test_the_watch_sees(tmp_path: Path, code: str, expected: str) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "room.py").write_text(code)
    did = watch(folder, ["house.room"])["house.room"]["did"]
    assert any(what.startswith(expected) for what in did), did


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_longer_than_250_lines() -> None:
    lengths = {file.relative_to(ROOT).as_posix(): len(file.read_text("utf-8").splitlines()) for file in FILES}
    assert {name: length for name, length in lengths.items() if length > 250} == {}


def test_every_module_and_room_says_what_it_is_for() -> None:
    without = [file.relative_to(ROOT).as_posix() for file in FILES if not ast.get_docstring(_tree(file))]
    assert without == []


def test_nothing_is_pickled() -> None:
    """A pickle runs code when it is read, and an index may come from elsewhere."""
    for file in FILES:
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "joblib", "dill", "shelve", "marshal"} & set(names), file
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", file


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def test_the_app_is_small_and_help_is_quick() -> None:
    assert len(APP.read_text(encoding="utf-8").splitlines()) <= 40
    heavy = ("gradio", "torch", "chromadb", "langchain_classic")
    code = f"import app, sys\ntry: app.main()\nexcept SystemExit: print(sorted({{*{heavy}}} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=APP.parent, capture_output=True, text=True, timeout=60
    )
    assert "--share" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]", "help needs none of these"


def test_only_the_page_its_rooms_and_its_theme_need_gradio() -> None:
    web = APP.parent / "rag" / "web"
    names = sorted(path.stem for path in web.glob("*.py") if path.stem not in ("page", "theme", "__init__", *ROOMS))
    code = f"import sys, {', '.join(f'rag.web.{name}' for name in names)}\nprint('gradio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, timeout=60)
    assert len(names) > 8
    assert done.stdout.strip() == "False", done.stderr
