"""How saved questions fare on an index: told after an ingest, whatever the file is like."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rag import ingest as command
from rag.config import Settings
from rag.evaluation.saved_questions import Fared, fared, sentence
from rag.index import embed
from rag.schema import LodestarError
from tests.doubles.embedder import LetterEmbedder
from tests.unit.index.building import ingest
from tests.unit.index.conftest import _exact_store, index

__all__ = ["_exact_store", "index"]

SAVED = [
    {"question": "Which ant carries leaves?", "sources": ["animals/ant.md"], "category": "feedback"},
    {"question": "Which bee makes honey?", "sources": ["nowhere.md"], "category": "feedback"},
    {"question": "What is the weather?", "category": "unanswerable"},
]


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embed.EMBEDDERS, "letters", lambda settings: LetterEmbedder())


def settings(index: Path, file: Path) -> Settings:
    return Settings.load({}, None, index=index, embedder="letters", feedback=file)


def test_questions_that_find_their_document_are_counted(index: Path, tmp_path: Path) -> None:
    ingest(index)
    file = tmp_path / "feedback.jsonl"
    assert fared(settings(index, file)) is None
    file.write_text("\n".join(map(json.dumps, SAVED)))
    assert fared(settings(index, file)) == Fared(2, 1)
    file.write_text(json.dumps(SAVED[2]))
    assert fared(settings(index, file)) is None
    file.write_text("no json")
    with pytest.raises(LodestarError, match="line 1"):
        fared(settings(index, file))


def test_it_is_said_in_a_sentence() -> None:
    assert sentence(Fared(5, 4), "look") == (
        "Of your 5 saved questions 4 find their document among the first three; look."
    )
    assert "1 finds its document" in sentence(Fared(5, 1), "look")
    assert sentence(Fared(1, 0), "look").startswith("Your saved question does not find its document")


@pytest.mark.parametrize(
    ("text", "said"),
    [(json.dumps(SAVED[0]), "Your saved question finds its document"), ("broken", ""), ("\udc80", "")],
)
def test_an_ingest_says_it_and_never_fails_by_it(
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    said: str,
) -> None:
    base, file = tmp_path / "base", tmp_path / "feedback.jsonl"
    (base / "animals").mkdir(parents=True)
    (base / "animals/ant.md").write_text("# Ant\n\nAn ant carries leaves.")
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    for name, value in (("EMBEDDER", "letters"), ("STORE", "exact"), ("FEEDBACK", str(file))):
        monkeypatch.setenv(f"RAG_{name}", value)
    monkeypatch.setattr(sys, "argv", ["ingest", "--knowledge-base", str(base), "--index", str(index)])
    command.main()
    out, err = capsys.readouterr()
    assert "1 documents" in out
    assert said in out
    assert ("could not be asked" in err) is not bool(said)
    command.main()  # nothing has changed, so nothing is asked
    assert "saved question" not in capsys.readouterr().out
