"""What the map is told: only what makes sense, every letter of a document harmless."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.config import Settings
from rag.index.open import OpenIndex
from rag.index.store import STORES
from rag.mapping.maps import ChunkMap
from rag.schema import Answer, Citation, Retrieved, VectorIndexError
from rag.web import map_data, record
from rag.web.map_data import MapData, beginning, spread
from rag.web.trail import trail
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest

TEXTS = {
    "b/bee.md": "# Bee\n\nA **bee** makes <b onclick=x>honey</b>.",
    "a/ant.md": "# Ant\n\nAn ant carries leaves.",
    "a/aphid.md": "# Aphid\n\nAn aphid drinks.",
}


class _Assistant:
    def __init__(self, opened: OpenIndex, folder: Path) -> None:
        self.opened: OpenIndex | None = opened
        self.settings = Settings(index=folder)

    def index(self) -> OpenIndex:
        if self.opened is None:
            raise VectorIndexError("There is no index yet.")
        return self.opened


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenIndex:
    monkeypatch.setitem(STORES, "exact", EXACT)
    return OpenIndex(ingest(tmp_path / "index", TEXTS).folder)


@pytest.fixture
def drawn(opened: OpenIndex) -> ChunkMap:
    count = len(opened.chunks)
    deep = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    return ChunkMap(opened.name, np.arange(count), deep[:, :2], deep, settled=1, progress=0.5)


@pytest.fixture
def data(opened: OpenIndex, drawn: ChunkMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MapData:
    asked: Any = MapData(_Assistant(opened, tmp_path / "index"))  # type: ignore[arg-type]
    monkeypatch.setattr(asked._maps, "of", lambda _: drawn)
    return asked  # type: ignore[no-any-return]


def row(opened: OpenIndex, source: str) -> int:
    return [chunk.source for chunk in opened.chunks].index(source)


def test_places_are_sent_once(data: MapData, opened: OpenIndex) -> None:
    reply = data.places({})
    assert (reply["settled"], reply["progress"], reply["chunks"]) == (1, 0.5, 3)
    assert reply["kinds"] == [{"label": "A", "count": 2}, {"label": "B", "count": 1}]
    kinds = np.frombuffer(base64.b64decode(reply["kind"]), "<u2")
    assert [("A", "B")[kind] for kind in kinds] == [chunk.doc_type.upper() for chunk in opened.chunks]
    assert len(base64.b64decode(reply["deep"])) == 2 * 3 * 3
    again = data.places({"generation": reply["generation"], "settled": 1})
    assert "flat" not in again
    assert "flat" in data.places({"generation": reply["generation"], "settled": 0})


def test_all_axes_have_one_scale() -> None:
    sent = spread(np.array([[0, 0], [10, 5]], np.float32))
    assert sent[:, 0].tolist() == [0, 65535]
    assert sent[1, 1] - sent[0, 1] == pytest.approx(65535 / 2, abs=1)
    assert spread(np.zeros((1, 2), np.float32)).tolist() == [[32768, 32768]]
    assert spread(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_a_passage_is_escaped(data: MapData, opened: OpenIndex) -> None:
    html = data.passage({"generation": opened.name, "row": row(opened, "b/bee.md")})["html"]
    assert "&lt;b onclick=x&gt;" in html
    assert "<strong>bee</strong>" in html
    assert "b/bee.md" in html
    assert "<b onclick" not in html


def test_a_glimpse_is_plain_text(data: MapData, opened: OpenIndex) -> None:
    reply = data.glimpse({"generation": opened.name, "row": row(opened, "b/bee.md")})
    assert reply == {"title": "Bee", "place": "Bee", "text": "A bee makes <b onclick=x>honey</b>."}


def test_the_beginning_of_a_text() -> None:
    assert beginning("## Head\n\n- one\n- *two*\n\n| a | b |\n| - | - |\n| c | d |", 100) == "one two a b c d"
    assert beginning("word " * 100, 30).endswith("word …")
    assert len(beginning("word " * 100, 30)) <= 32


def test_a_list_is_sent_in_parts(data: MapData, opened: OpenIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.listing({"generation": opened.name, "kind": 1, "from": 0}) == {
        "html": f'<li><button type="button" data-row="{row(opened, "b/bee.md")}">Bee</button></li>',
        "next": None,
    }
    monkeypatch.setattr(map_data, "_PAGE", 1)
    first = data.listing({"generation": opened.name, "kind": 0, "from": 0})
    assert ("Ant" in first["html"], "Aphid" in first["html"], first["next"]) == (True, False, 1)
    rest = data.listing({"generation": opened.name, "kind": 0, "from": 1})
    assert ("Ant" in rest["html"], "Aphid" in rest["html"], rest["next"]) == (False, True, None)


@pytest.mark.parametrize("ask", ["glimpse", "passage", "listing"])
@pytest.mark.parametrize("given", [-1, 3, 10**30, "0", True, 0.0, None, [0], {"a": 1}])
def test_what_makes_no_sense_gets_nothing(data: MapData, opened: OpenIndex, ask: str, given: object) -> None:
    assert getattr(data, ask)({"generation": opened.name, "row": given, "kind": given}) == {"gone": True}
    assert getattr(data, ask)({"generation": "../other", "row": 0, "kind": 0}) == {"gone": True}
    assert getattr(data, ask)(given) == {"gone": True}


def test_no_index_is_a_sentence(data: MapData) -> None:
    data._assistant.opened = None  # type: ignore[attr-defined]
    assert data.places(None) == {"fault": "There is no index yet."}
    assert data.passage({}) == {"fault": "There is no index yet."}


def _message(opened: OpenIndex, **changes: Any) -> dict[str, Any]:
    bee, ant = opened.chunks[row(opened, "b/bee.md")], opened.chunks[row(opened, "a/ant.md")]
    said = Answer(
        "Who makes honey?",
        "A **bee** [1].",
        citations=(Citation(1, "bee", bee.start, bee.start + 3, bee, 0.9),),
        retrieved=(Retrieved(bee, 0.9), Retrieved(ant, 0.2)),
        generation=opened.name,
    )
    return {"role": "assistant", "content": "", "metadata": record.metadata(replace(said, **changes))}


def test_a_question_leaves_a_trail(opened: OpenIndex, drawn: ChunkMap) -> None:
    (question,) = trail([{"role": "user", "content": "x"}, _message(opened)], opened, drawn.rows)
    assert (question["turn"], question["question"], question["answer"]) == (1, "Who makes honey?", "A bee [1].")
    assert [(one["row"], one["cited"]) for one in question["chunks"]] == [
        (row(opened, "b/bee.md"), True),
        (row(opened, "a/ant.md"), False),
    ]
    assert all(one["point"] == one["row"] for one in question["chunks"])


def test_chunks_that_are_gone_are_left_out(opened: OpenIndex, drawn: ChunkMap) -> None:
    bee = opened.chunks[row(opened, "b/bee.md")]
    gone = [
        replace(bee, source="b/wasp.md"),
        replace(bee, chunk_id="other"),
        replace(bee, start=10**40),
        replace(bee, start=-1),
        replace(bee, start=bee.start + 7),
    ]
    found = tuple(Retrieved(chunk, 0.5) for chunk in gone)
    assert trail([_message(opened, retrieved=found)], opened, drawn.rows) == []
    (question,) = trail([_message(opened, retrieved=(*found, Retrieved(bee, 7.0)))], opened, drawn.rows)
    assert [(one["row"], one["score"]) for one in question["chunks"]] == [(row(opened, "b/bee.md"), 0.0)]


def test_the_nearest_drawn_chunk_stands_for_one_that_is_not(opened: OpenIndex) -> None:
    (question,) = trail([_message(opened)], opened, np.array([row(opened, "a/ant.md")]))
    assert [one["point"] for one in question["chunks"]] == [0, 0]
    assert question["chunks"][0]["row"] == row(opened, "b/bee.md")
