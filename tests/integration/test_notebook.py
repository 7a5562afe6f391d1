"""notebooks/embeddings.ipynb: committed clean, and every cell runs over a small knowledge base with the real parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "embeddings.ipynb"

pytestmark = pytest.mark.integration

SUBJECTS = {
    "recipes": ("bread", "soup", "plum cake", "porridge"),
    "boats": ("canoe", "barge", "tug", "ferry"),
    "birds": ("heron", "tern", "otter that thinks it is a bird", "skylark"),
}


@pytest.fixture
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


@pytest.fixture
def knowledge_base(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    for doc_type, subjects in SUBJECTS.items():
        (folder / doc_type).mkdir(parents=True)
        for n, subject in enumerate(subjects):
            text = f"# The {subject}\n\n## What it is\n\nAmong {doc_type}, the {subject} is number {n}.\n\n## What it costs\n\n"
            (folder / doc_type / f"{n}.md").write_text(
                f"{text}The {subject} costs £{n + 2} and is worth it.\n", "utf-8"
            )
    return folder


def test_the_committed_notebook_is_valid_and_has_no_output(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@pytest.mark.parametrize("start", [".", "notebooks", "rag/index"])
def test_it_finds_the_repository_wherever_it_is_started(start: str, notebook: Any) -> None:
    notebook.cells = [cell for cell in notebook.cells if cell.id in ("path", "imports")]
    notebook.cells.append(nbformat.v4.new_code_cell("print(Path.cwd())", id="where"))
    _execute(notebook, ROOT / start)
    assert _printed(notebook, "where").strip() == str(ROOT)


def test_every_cell_runs_over_a_small_knowledge_base(notebook: Any, knowledge_base: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    _execute(
        notebook,
        ROOT / "notebooks",
        RAG_KNOWLEDGE_BASE=str(knowledge_base),
        RAG_INDEX=str(index),
        RAG_STORE="faiss",
        RAG_EMBEDDER="minilm",
    )
    assert (index / "CURRENT").is_file(), "the index is built where there is none"
    assert [error for cell in notebook.cells for error in cell.get("outputs", []) if error.output_type == "error"] == []
    assert "12 documents" in _printed(notebook, "open")
    assert "of 384 dimensions" in _printed(notebook, "dimensions")
    assert set(SUBJECTS) <= set(_printed(notebook, "agreement").split())
    stores = _printed(notebook, "stores")
    assert "chroma" in stores
    assert "faiss" in stores
    assert stores.count("100.0% of the true neighbours found") == 2
    flat, space = _figures(notebook, "flat"), _figures(notebook, "space")
    assert [trace["type"] for trace in flat[0]["data"]] == ["scatter"] * 3
    assert [trace["type"] for trace in space[0]["data"]] == ["scatter3d"] * 3
    assert [trace["name"] for trace in flat[0]["data"]] == sorted(SUBJECTS)
    through_chroma, through_faiss = _figures(notebook, "stores-maps")
    assert through_chroma["data"] == through_faiss["data"] == flat[0]["data"]


def _execute(notebook: Any, folder: Path, **environment: str) -> None:
    # Settings of whoever runs the tests must not reach the notebook; folders of this checkout must.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_"))}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=clean | environment)


def _outputs(notebook: Any, cell_id: str) -> list[Any]:
    return next(list(cell.outputs) for cell in notebook.cells if cell.id == cell_id)


def _printed(notebook: Any, cell_id: str) -> str:
    return "".join(output.text for output in _outputs(notebook, cell_id) if output.output_type == "stream")


def _figures(notebook: Any, cell_id: str) -> list[Any]:
    kind = "application/vnd.plotly.v1+json"
    return [output.data[kind] for output in _outputs(notebook, cell_id) if kind in output.get("data", {})]
