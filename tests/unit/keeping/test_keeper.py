"""Going back and forward, what an ingest changed, and who may do what."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.index import embed
from rag.index.changes import Changes, between, changes, last_changes
from rag.index.generation import published
from rag.keeping.allowed import NotAllowed, refusal
from rag.keeping.ingesting import Ingests, outcome
from rag.keeping.keeper import Keeper, Upload
from rag.keeping.pending import pending
from rag.schema import LodestarError
from tests.doubles.embedder import LetterEmbedder
from tests.unit.index.building import TEXTS, ingest
from tests.unit.index.conftest import _exact_store, index

__all__ = ["_exact_store", "index"]

HERE = "127.0.0.1:7860"
LATER = {**TEXTS, "animals/bee.md": "# Bee\n\nA bee sleeps at night.", "plants/moss.md": "# Moss\n\nMoss is soft."}
del LATER["animals/ant.md"]


def keeper(index: Path, base: Path, **given: Any) -> Keeper:
    return Keeper(Settings.load({}, None, index=index, knowledge_base=base, embedder="letters", **given))


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embed.EMBEDDERS, "letters", lambda settings: LetterEmbedder())


def test_two_generations_compared() -> None:
    found = changes({"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"})
    assert found == Changes(added=("d",), changed=("b",), removed=("a",))
    assert changes({"b": "1"}, {"b": "2"}, recut=True) == Changes(recut=True)


def test_what_the_last_ingest_changed(index: Path) -> None:
    first = ingest(index).folder
    assert last_changes(index) is None
    second = ingest(index, LATER).folder
    last = last_changes(index)
    assert last is not None
    assert last[0].name == first.name
    assert last[1] == Changes(("plants/moss.md",), ("animals/bee.md",), ("animals/ant.md",))
    assert between(second, second) == Changes()


def test_documents_cut_in_another_way_are_not_called_changed(index: Path) -> None:
    ingest(index)
    ingest(index, {**TEXTS, "new.md": "# New\n\nNew."}, chunk_size=32)
    last = last_changes(index)
    assert last is not None
    assert last[1] == Changes(added=("new.md",), recut=True)


def test_back_and_forward(index: Path, tmp_path: Path) -> None:
    first, second = ingest(index).folder, ingest(index, LATER).folder
    kept = keeper(index, tmp_path)
    assert [(one.manifest.name, one.published) for one in kept.kept()] == [(second.name, True), (first.name, False)]
    kept.go_to(HERE, first.name)
    assert published(index) == first
    assert [one.source for one in kept.documents()] == sorted(TEXTS)
    kept.go_to(HERE, second.name)
    assert published(index) == second
    assert [one.source for one in kept.documents()] == sorted(LATER)


def test_what_cannot_answer_is_not_gone_back_to(index: Path, tmp_path: Path) -> None:
    first, second = ingest(index).folder, ingest(index, LATER).folder
    kept = keeper(index, tmp_path)
    for name in ("", "..", "gen-", "gen-../x", "CURRENT", f"{first.name}/..", "ingest.lock"):
        with pytest.raises(LodestarError, match="not kept any more"):
            kept.go_to(HERE, name)
    (first / "vectors.npy").write_bytes(b"broken")
    with pytest.raises(LodestarError, match="damaged"):
        kept.go_to(HERE, first.name)
    assert published(index) == second


def test_a_document_is_told_with_its_chunks(index: Path, tmp_path: Path) -> None:
    ingest(index, {"a/long.md": "# Long\n\n" + "\n\n".join(f"Part {n} says {'so ' * 30}." for n in range(9))})
    kept = keeper(index, tmp_path)
    (listed,) = kept.documents()
    assert (listed.title, listed.doc_type) == ("Long", "a")
    assert listed.chunks > 3
    _, chunks = kept.document("a/long.md", 1, 2)
    every = kept.document("a/long.md", 0, 1000)[1]
    assert chunks == every[1:3]
    assert len(every) == listed.chunks
    assert every[-1].end == listed.characters
    with pytest.raises(LodestarError):
        kept.document("no.md", 0, 1)


@pytest.mark.parametrize(
    ("given", "host", "may"),
    [
        ({}, HERE, True),
        ({}, "localhost", True),
        ({}, "[::1]:7860", True),
        ({}, "", False),
        ({}, "lodestar.example", False),
        ({}, "127.0.0.1.example:7860", False),
        ({}, "127.0.0.1@evil.example", False),
        ({}, "[::1", False),
        ({"share": True}, HERE, False),
        ({"host": "0.0.0.0"}, HERE, False),
        ({"manage": "off"}, HERE, False),
        ({"manage": "on", "share": True}, "lodestar.example", True),
    ],
)
def test_who_may_change_something(index: Path, tmp_path: Path, given: Any, host: str, may: bool) -> None:
    ingest(index)
    (tmp_path / "up").write_text("# Up")
    kept = keeper(index, tmp_path / "base", **given)
    (tmp_path / "base").mkdir()
    assert (refusal(kept.settings, host) == "") is may
    if may:
        assert kept.add(host, "a", [Upload("up.md", tmp_path / "up")]).written == ["a/up.md"]
        return
    for forbidden in (
        lambda: kept.add(host, "a", [Upload("up.md", tmp_path / "up")]),
        lambda: kept.remove(host, "animals/ant.md"),
        lambda: kept.go_to(host, "gen-"),
        lambda: kept.ingest(host),
    ):
        with pytest.raises(NotAllowed):
            forbidden()
    assert list((tmp_path / "base").iterdir()) == []
    assert not kept.ingesting.running


def test_uploads_are_written_refused_or_asked_about(index: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "a").mkdir(parents=True)
    (base / "a/old.md").write_text("old")
    (tmp_path / "up").write_text("# Up")
    uploads = [Upload(name, tmp_path / "up") for name in ("new.md", "old.md", "../x.md")]
    kept = keeper(index, base)
    added = kept.add(HERE, "a", uploads)
    assert added.written == ["a/new.md"]
    assert added.existing == [uploads[1]]
    assert [name for name, _ in added.refused] == ["../x.md"]
    assert kept.add(HERE, "a", added.existing, replace=True).written == ["a/old.md"]
    with pytest.raises(LodestarError, match="up to 20 files"):
        kept.add(HERE, "a", uploads * 7)
    with pytest.raises(LodestarError, match="cannot be a doc_type"):
        kept.add(HERE, "../b", uploads)


def test_what_lies_in_wait_for_an_ingest(tmp_path: Path) -> None:
    for name in ("kept.md", "edited.md", "new.md", ".hidden.md", "a.txt"):
        (tmp_path / name).write_text("x")
    built = "2020-01-01T00:00:00+00:00"
    found = pending(tmp_path, ["kept.md", "edited.md", "gone.md"], built)
    assert (found.added, found.edited, found.removed) == (1, 2, 1)
    assert not pending(tmp_path, ["kept.md", "edited.md", "new.md"], "2100-01-01T00:00:00+00:00")


def wait(ingests: Ingests) -> None:
    end = time.monotonic() + 60
    while ingests.now.running and time.monotonic() < end:
        time.sleep(0.02)


def test_one_ingest_at_a_time_and_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    go = tmp_path / "go"
    code = (
        "import os, sys, time, json\n"
        "print('Embedded 3 of 10 chunks, 5 a second, about 2 s left', file=sys.stderr, flush=True)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
        "print(json.dumps({'documents': 4, 'key': os.environ.get('OPENAI_API_KEY'), 'size': os.environ['RAG_CHUNK_SIZE']}))"
    )
    ingests = Ingests(Settings.load({}, None, chunk_size=99), (sys.executable, "-c", code))
    ingests.start()
    with pytest.raises(LodestarError, match="running already"):
        ingests.start()
    end = time.monotonic() + 60
    while not ingests.now.total and time.monotonic() < end:
        time.sleep(0.02)
    assert (ingests.now.done, ingests.now.total, ingests.now.left) == (3, 10, 2)
    go.touch()
    wait(ingests)
    assert ingests.now.report == {"documents": 4, "key": "", "size": "99"}
    ingests.start()  # the next one may
    wait(ingests)


@pytest.mark.parametrize(
    ("code", "said", "sentence"),
    [
        (2, ["lodestar: Another ingest is writing x; wait for it to end."], "Another ingest is writing x; wait for it to end."),
        (130, [], "The ingest was stopped; start it again and it goes on where it was."),
        (-15, ["noise"], "The ingest was stopped; start it again and it goes on where it was."),
        (1, ["Traceback", "ValueError"], "The ingest ended with 1; python -m rag.ingest in a terminal says why."),
        (0, [], "The ingest ended with 0; python -m rag.ingest in a terminal says why."),
    ],
)  # fmt: skip
def test_an_ingest_that_failed_says_so_in_a_sentence(code: int, said: list[str], sentence: str) -> None:
    assert outcome(code, "", said).fault == sentence
    assert outcome(0, json.dumps({"documents": 1}), said).report == {"documents": 1}
