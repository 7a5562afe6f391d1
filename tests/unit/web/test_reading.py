"""A document to read: opened at its place, nothing of it active, nonsense answered with a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rag.index.open import OpenIndex
from rag.index.store import STORES
from rag.schema import Chunk, VectorIndexError
from rag.web.reading import CHUNKS, Reading, document, document_html, more, place_of
from tests.doubles.store import EXACT
from tests.unit.index.building import ingest

EVIL = "<img src=x onerror=alert(1)>"
LONG = "# Long\n\n" + "\n\n".join(f"## Part {n}\n\nNumber {n} stands here, alone among others." for n in range(400))
TEXTS = {
    "animals/ant.md": f"# Ant {EVIL}\n\nAn ant carries leaves. {EVIL}\n\n## Queens\n\nOne queen lays eggs.",
    "animals/bee.md": "# Bee\n\nA bee makes honey.",
    "plants/long.md": LONG,
}


def build(folder: Path, texts: dict[str, str]) -> OpenIndex:
    return OpenIndex(ingest(folder, texts, chunk_size=48, rebuild=True).folder)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STORES, "exact", EXACT)


@pytest.fixture
def opened(tmp_path: Path) -> OpenIndex:
    return build(tmp_path / "index", TEXTS)


def chunk_with(opened: OpenIndex, words: str) -> Chunk:
    return next(chunk for chunk in opened.chunks if words in chunk.body)


def asked(chunk: Chunk, words: str = "") -> dict[str, Any]:
    start = chunk.body.index(words)
    found: dict[str, Any] = json.loads(place_of(chunk, [(start, start + len(words))] if words else []))
    return found


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def test_a_document_opens_whole_with_the_words_marked(opened: OpenIndex) -> None:
    reply = document(opened, asked(chunk_with(opened, "honey"), "makes honey"))
    assert reply["title"] == "Bee"
    assert reply["kind"] == "Animals"
    assert reply["path"] == "animals/bee.md"
    assert reply["notice"] == ""
    assert (reply["first"], reply["next"]) == (0, reply["count"])
    assert "<h3>Bee</h3>" in reply["html"]
    assert "<mark>makes honey</mark>" in reply["html"]


def test_the_cited_chunk_stands_among_its_neighbours(opened: OpenIndex) -> None:
    reply = document(opened, asked(chunk_with(opened, "Number 200 "), "Number 200"))
    assert reply["count"] > 2 * CHUNKS
    assert reply["next"] - reply["first"] == CHUNKS
    html = reply["html"]
    cited = html[html.index('class="cited"') : html.index("</section>")]
    assert "<mark>Number 200</mark>" in cited
    numbers = [int(n) for n in re.findall(r"Number (\d+)", text_of(html))]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] < 200 < numbers[-1]


def test_more_of_it_joins_above_and_below_without_a_gap(opened: OpenIndex) -> None:
    reply = document(opened, asked(chunk_with(opened, "Number 200 ")))
    base = {"source": "plants/long.md", "generation": reply["generation"]}
    html, first, last = reply["html"], reply["first"], reply["next"]
    while first:
        above = more(opened, {**base, "before": first})
        assert above["next"] == first
        html, first = above["html"] + html, above["first"]
    while last < reply["count"]:
        below = more(opened, {**base, "from": last})
        assert below["first"] == last
        html, last = html + below["html"], below["next"]
    assert [int(n) for n in re.findall(r"Number (\d+)", text_of(html))] == list(range(400))


def test_what_two_chunks_share_is_shown_once() -> None:
    def piece(start: int, body: str) -> Chunk:
        return Chunk(str(start), body, "a/b.md", "a", "B", "", start, start + len(body))

    text = "One two three four five six."
    chunks = [piece(0, text[:13]), piece(8, text[8:23]), piece(19, text[19:])]
    for at in range(3):
        shown = " ".join(text_of(document_html(chunks, at)).split())
        assert shown.count("one".title()) == 1
        words = shown.split()
        assert {"One", "two", "three", "four", "five", "six."} <= set(words)
    assert text_of(document_html(chunks, 0)).split() == text.split()


def test_nothing_of_a_document_is_active(opened: OpenIndex) -> None:
    reply = document(opened, asked(chunk_with(opened, "carries")))
    assert "<img" not in reply["html"]
    assert "&lt;img src=x" in reply["html"]


def test_a_text_that_has_changed_says_so_and_marks_nothing(opened: OpenIndex, tmp_path: Path) -> None:
    place = asked(chunk_with(opened, "honey"), "makes honey")
    later = build(tmp_path / "other", {**TEXTS, "animals/bee.md": "# Bee\n\nA bee makes much honey."})
    reply = document(later, place)
    assert "has changed" in reply["notice"]
    assert "much honey" in reply["html"]
    assert "<mark>" not in reply["html"]
    assert "cited" not in reply["html"]


def test_a_passage_that_has_moved_is_found(opened: OpenIndex, tmp_path: Path) -> None:
    place = asked(chunk_with(opened, "Number 200 "), "Number 200")
    later = build(tmp_path / "other", {**TEXTS, "plants/long.md": LONG.replace("Number 3 ", "Number 3 (of so many) ")})
    reply = document(later, place)
    assert reply["notice"] == ""
    assert "<mark>Number 200</mark>" in reply["html"]


def test_a_document_that_is_gone_says_so(opened: OpenIndex, tmp_path: Path) -> None:
    place = asked(chunk_with(opened, "honey"))
    later = build(tmp_path / "other", {"plants/fern.md": "# Fern\n\nA fern."})
    assert "not in the index any more" in document(later, place)["fault"]
    base = {"source": "plants/long.md", "generation": opened.name}
    assert "not in the index any more" in more(later, {**base, "from": 50})["fault"]
    changed = build(tmp_path / "third", TEXTS)
    assert "ingested anew" in more(changed, {**base, "from": 50})["fault"]


STRANGE: list[Any] = [None, True, -1, 2**70, 1.5, "1", "\ud800", "../../etc/passwd", [], {}, [[0, 1]], float("nan")]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_whatever_a_stranger_says(opened: OpenIndex, strange: Any) -> None:
    class Assistant:
        def index(self) -> OpenIndex:
            return opened

    reading = Reading(Assistant())  # type: ignore[arg-type]
    assert reading.document(strange)["fault"]
    assert reading.more(strange)["fault"]
    place = asked(chunk_with(opened, "honey"), "makes honey")
    for key in ("source", "start"):
        assert reading.document({**place, key: strange})["fault"]
    assert reading.document({**place, "body": strange})["notice"]
    for marks in (strange, [strange], [[strange, 4]], [[0, strange]], [[0, 1, 2]], [[4, 0]]):
        assert "<mark>" not in reading.document({**place, "marks": marks})["html"] or marks == [[0, 1]]
    base = {"source": "plants/long.md", "generation": opened.name, "from": 50}
    for key in ("source", "generation", "from"):
        assert reading.more({**base, key: strange})["fault"]
    assert reading.more({**base, "before": strange})["first"] == 50


def test_an_index_that_cannot_be_read_says_why() -> None:
    class Assistant:
        def index(self) -> OpenIndex:
            raise VectorIndexError("There is no index yet.")

    reading = Reading(Assistant())  # type: ignore[arg-type]
    assert reading.document({}) == reading.more({}) == {"fault": "There is no index yet."}
