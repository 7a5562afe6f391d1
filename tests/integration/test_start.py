"""What the running app imports, and what it must not: seconds and memory before the first question."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT, environment

# Opens the index and asks, as the page does, with an embedder that needs no library.
ASK = """
import json, sys
from pathlib import Path
from rag.answering.assistant import Assistant
from rag.config import Settings
from rag.keeping.keeper import Keeper
from rag.index import embed
from rag.index.open import IndexReader
from tests.doubles.embedder import LetterEmbedder
from rag.web.gradio_import import import_gradio

import_gradio()
from rag.web.page import build

folder = Path(sys.argv[1])
embed.EMBEDDERS["letters"] = lambda settings: LetterEmbedder()
settings = Settings(index=folder / "index", knowledge_base=folder / "base", embedder="letters", llm="extractive")
from rag.ingest import ingest
ingest(settings)
before = set(sys.modules)
assistant = Assistant.open(settings)
build(assistant, Keeper(settings))
assistant.warm_up()
warm = set(sys.modules)
answers = [assistant.ask(question).text for question in ("When does the agreement end?", "Wat dose the prob cost?")]
asked = set(sys.modules)
print(json.dumps({"answers": answers, "loaded": sorted(asked), "late": sorted(asked - warm)}))
"""


@pytest.fixture(scope="module")
def asked(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("start")
    (folder / "base").symlink_to(small_base)
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(folder)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_an_answer_that_quotes_loads_no_library_of_models_or_tables(asked: dict[str, list[str]]) -> None:
    assert all(asked["answers"])
    heavy = {
        "torch",
        "transformers",
        "sentence_transformers",
        "sklearn",
        "pandas",
        "plotly",
        "openai",
        "langchain_openai",
    }
    assert heavy & {name.split(".")[0] for name in asked["loaded"]} == set()


def test_nothing_is_left_to_import_for_the_first_question(asked: dict[str, list[str]]) -> None:
    assert asked["late"] == []


def test_gradio_writes_no_stubs_and_brings_pandas_only_when_it_is_used() -> None:
    code = """
import sys
from rag.web.gradio_import import import_gradio
def write(event, args):
    if event == "open" and str(args[0]).endswith(".pyi"):
        raise SystemExit(f"opens {args[0]}")
sys.addaudithook(write)
import_gradio()
import gradio, gradio.caching
assert "pandas" not in sys.modules
frame = gradio.caching.pd.DataFrame({"n": [1, 2]})
assert sys.modules["pandas"].DataFrame is type(frame)
assert gradio.Dataframe(frame).value["data"] == [[1], [2]]
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
