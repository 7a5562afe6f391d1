"""What both tests of `rag.evaluate` ask, and how they run it in this process, which has loaded the model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag import command, evaluate
from rag.index.embed import Embedder
from tests.integration.conftest import DOCUMENTS

Evaluates = Callable[..., Any]


def reference(source: str, quote: str) -> dict[str, object]:
    start = DOCUMENTS[source].index(quote)
    return {"source": source, "start": start, "end": start + len(quote), "quote": quote}


QUESTIONS: list[dict[str, object]] = [
    {
        "id": "fact",
        "split": "dev",
        "category": "contracts",
        "question": "When does the Port of Invergair agreement end?",
        "keywords": ["30 September 2028"],
        "references": [reference("contracts/invergair.md", "The agreement ends on 30 September 2028.")],
    },
    {
        "id": "source",
        "split": "held_out",
        "question": "Who has a desk in Kirkwall?",
        "sources": ["employees/callum-drever.md"],
    },
    {
        "id": "span",
        "split": "dev",
        "category": "policies",
        "question": "How long is parental leave?",
        "references": [reference("policies/parental-leave.md", "Parental leave lasts twenty-six weeks.")],
    },
    {
        "id": "follow-up",
        "split": "held_out",
        "category": "follow_up",
        "question": "And what does it weigh?",
        "turns": [{"question": "What does the Otter probe measure?", "answer": "Dissolved oxygen."}],
        "keywords": ["3.2 kg"],
        "standalone": "What does the Otter probe weigh?",
    },
    {"id": "none", "category": "unanswerable", "question": "Which xylophone do hippopotamuses play at jubilees?"},
    {"id": "bare", "question": "How tall is the lighthouse?"},
]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asked") / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    return path


@pytest.fixture
def evaluates(
    questions: Path, minilm: Embedder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Evaluates:
    """Runs the command in this process, which has loaded the model, and gives what it printed, as JSON where it is."""
    monkeypatch.setattr(evaluate, "open_embedder", lambda settings: minilm)
    monkeypatch.setattr("rag.ingest.open_embedder", lambda settings: minilm)

    def run(*arguments: str | Path, file: Path = questions) -> Any:
        monkeypatch.setattr(sys, "argv", ["evaluate", str(file), *map(str, arguments)])
        command.run(evaluate.main)
        out = capsys.readouterr().out
        return json.loads(out) if "--json" in arguments else out

    return run
