"""rag.visualize: neighbours that can be checked by hand, maps that keep them, figures that show a chunk as it stands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import visualize
from rag.index.embed import Vectors
from rag.index.store import Scope
from rag.schema import Chunk
from rag.visualize import (
    COLOURS,
    SHAPES,
    agreement,
    figure,
    hover,
    neighbour_agreement,
    neighbours,
    neighbours_in,
    project,
    shared,
)

ROOT = Path(__file__).resolve().parents[2]


def at_degrees(*degrees: float) -> Vectors:
    """Unit vectors in a plane, so that who is nearest to whom can be seen in the numbers."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def chunk(doc_type: str = "notes", *, title: str = "A title", heading: str = "", body: str = "Words.") -> Chunk:
    return Chunk("id", f"{title}\n{body}", f"{doc_type}/file.md", doc_type, title, heading, 0, len(body))


class Listed:
    """A store that answers from a table: row of the vector that asks -> rows it finds."""

    def __init__(self, vectors: Vectors, found: Sequence[Sequence[int]]) -> None:
        self._vectors, self._found = vectors, found

    def search(self, vector: Vectors, k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        asking = int(np.argmax(self._vectors @ vector))
        return [(row, float(self._vectors[row] @ vector)) for row in self._found[asking][:k]]


TWO_GROUPS = at_degrees(0, 1, 3, 7, 80, 81, 83, 87)
TYPES = ["left"] * 4 + ["right"] * 4


# --- neighbours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 1024])
def test_the_nearest_come_first_and_a_chunk_is_not_its_own_neighbour(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visualize, "_BLOCK", block)
    assert neighbours(at_degrees(0, 10, 30, 70), 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_there_are_never_more_neighbours_than_other_chunks() -> None:
    assert neighbours(at_degrees(0, 10, 30), 10).tolist() == [[1, 2], [0, 2], [1, 0]]
    assert neighbours(at_degrees(0), 10).shape == (1, 0)
    assert neighbours(np.empty((0, 2), np.float32), 10).shape == (0, 0)


def test_chunks_that_share_a_label_are_kept_apart() -> None:
    near = neighbours(at_degrees(0, 1, 10, 30), 3, apart=["a", "a", "b", "c"])
    assert near.tolist() == [[2, 3, -1], [2, 3, -1], [1, 0, 3], [2, 1, 0]]


def test_what_points_the_other_way_counts_as_the_farthest_neighbour() -> None:
    assert neighbours(at_degrees(0, 180, 90), 2).tolist() == [[2, 1], [2, 0], [0, 1]]


def test_a_store_is_asked_for_one_more_and_the_chunk_itself_is_left_out_wherever_it_stands() -> None:
    vectors = at_degrees(0, 10, 30)
    assert neighbours_in(Listed(vectors, [[0, 1, 2], [0, 1, 2], [0, 1, 2]]), vectors, 2).tolist() == [
        [1, 2],
        [0, 2],
        [0, 1],
    ]


def test_a_store_that_misses_the_chunk_itself_or_finds_too_few() -> None:
    vectors = at_degrees(0, 10, 30)
    assert neighbours_in(Listed(vectors, [[1, 2, 1], [1], []]), vectors, 2).tolist() == [
        [1, 2],
        [-1, -1],
        [-1, -1],
    ]


def test_shared_neighbours_do_not_depend_on_their_order() -> None:
    near = np.array([[1, 2], [0, 2], [0, -1]])
    assert shared(near, near[:, ::-1]) == 1.0
    assert shared(near, np.array([[1, 3], [3, 4], [3, 4]])) == pytest.approx(1 / 5)


# --- agreement --------------------------------------------------------------------------------------------------------


def test_groups_that_stand_apart_agree_wholly() -> None:
    found = neighbour_agreement(TWO_GROUPS, TYPES, k=3)
    assert found.share == 1.0
    assert found.by_doc_type == {"left": 1.0, "right": 1.0}
    assert found.chance == pytest.approx(3 / 7)


def test_the_share_is_counted_by_chunk_and_by_doc_type() -> None:
    # 0° and 10° are "a"; 12° and 40° are "b": the nearest of 0° is 10°, of 10° is 12°, of 12° is 10°, of 40° is 12°.
    found = neighbour_agreement(at_degrees(0, 10, 12, 40), ["a", "a", "b", "b"], k=1)
    assert found.by_doc_type == {"a": 0.5, "b": 0.5}
    assert found.share == 0.5
    assert found.chance == pytest.approx(1 / 3)


def test_chance_is_what_shuffled_doc_types_reach() -> None:
    generator = np.random.default_rng(3)
    vectors = generator.normal(size=(400, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = neighbour_agreement(vectors, list(generator.choice(["a", "b", "c"], 400, p=[0.6, 0.3, 0.1])))
    assert found.share == pytest.approx(found.chance, abs=0.03)


def test_a_chunk_without_neighbours_is_not_counted() -> None:
    found = agreement(np.array([[1], [0], [-1]]), ["a", "a", "b"])
    assert (found.share, found.by_doc_type) == (1.0, {"a": 1.0})
    assert neighbour_agreement(at_degrees(0), ["a"]).share == 0.0


# --- maps -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def groups() -> Vectors:
    """Three groups of twelve in eight dimensions."""
    generator = np.random.default_rng(5)
    middles = np.repeat(np.eye(8)[:3], 12, axis=0)
    vectors = (middles + generator.normal(scale=0.1, size=middles.shape)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_map_keeps_groups_together_and_is_the_same_every_time(groups: Vectors, dimensions: int) -> None:
    drawn = project(groups, dimensions, seed=4)  # type: ignore[arg-type]
    assert drawn.shape == (36, dimensions)
    assert drawn.dtype == np.float32
    assert np.array_equal(drawn, project(groups, dimensions, seed=4))  # type: ignore[arg-type]
    distances = np.linalg.norm(drawn[:, None] - drawn[None], axis=2) + np.diag(np.full(36, np.inf))
    nearest = np.argsort(distances, axis=1)[:, :5]
    assert (nearest // 12 == np.arange(36)[:, None] // 12).mean() > 0.9


def test_a_map_drawn_from_a_store_is_the_same_exactly_when_the_store_finds_the_true_neighbours(groups: Vectors) -> None:
    everyone = np.argsort(-(groups @ groups.T), axis=1, kind="stable")
    other_order = np.hstack([everyone[:, :1], everyone[:, :0:-1]])
    near = neighbours_in(Listed(groups, other_order.tolist()), groups, visualize.NEIGHBOURS)
    assert np.array_equal(project(groups, near=near), project(groups))
    wrong = (np.arange(36)[:, None] + np.arange(1, 11)) % 36
    assert not np.allclose(project(groups, near=wrong), project(groups), atol=0.5)


@pytest.mark.parametrize("count", range(8))
def test_a_handful_of_chunks_has_a_map_too(count: int) -> None:
    drawn = project(at_degrees(*range(0, 10 * count, 10)), 3)
    assert drawn.shape == (count, 3)
    assert np.isfinite(drawn).all()


def test_chunks_that_are_all_alike_have_a_map_too() -> None:
    assert np.isfinite(project(at_degrees(*[20] * 12))).all()


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dimensions", "kind"), [(2, "scatter"), (3, "scatter3d")])
def test_each_doc_type_has_its_points_its_colour_and_its_place_in_the_legend(dimensions: int, kind: str) -> None:
    chunks = [chunk("b", title="First"), chunk("a", title="Second"), chunk("b", title="Third")]
    coordinates = np.arange(3 * dimensions, dtype=np.float32).reshape(3, dimensions)
    drawn = figure(coordinates, chunks, title="Chunks")
    assert [(trace.type, trace.name) for trace in drawn.data] == [(kind, "a"), (kind, "b")]
    assert list(drawn.data[1].x) == [coordinates[0, 0], coordinates[2, 0]]
    assert ["First" in drawn.data[1].text[0], "Third" in drawn.data[1].text[1]] == [True, True]
    assert drawn.data[0].marker.color != drawn.data[1].marker.color
    assert drawn.layout.title.text == "Chunks"
    assert drawn.to_json()


def test_colour_and_shape_together_tell_many_doc_types_apart() -> None:
    chunks = [chunk(f"type {i:02}") for i in range(len(COLOURS) * len(SHAPES))]
    drawn = figure(np.zeros((len(chunks), 2), np.float32), chunks)
    assert len({(trace.marker.color, trace.marker.symbol) for trace in drawn.data}) == len(chunks)


def test_a_figure_refuses_coordinates_of_other_chunks() -> None:
    with pytest.raises(ValueError, match="zip"):
        figure(np.zeros((2, 2), np.float32), [chunk()])


def test_hover_shows_title_heading_text_and_source() -> None:
    shown = hover(chunk(title="Tern", heading="Prices > 2026", body="One\n\ntwo."))
    assert shown == "<b>Tern</b><br><i>Prices &gt; 2026</i><br><br>One<br>two.<br><br>notes/file.md"


def test_hover_shows_marks_as_they_stand() -> None:
    shown = hover(chunk(title="<b>R&D</b>", body="<script>alert(1)</script> from $12 to $40 &amp; up"))
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in shown
    assert "&lt;script&gt;" in shown
    assert "$" not in shown  # MathJax would set what stands between two of them as a formula
    assert "&amp;amp; up" in shown


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text(), st.text(max_size=5000))
def test_hover_is_short_and_has_no_tags_but_its_own(title: str, heading: str, body: str) -> None:
    shown = hover(chunk(title=title[:200], heading=heading[:200], body=body))
    for own in ("<b>", "</b>", "<i>", "</i>", "<br>"):
        shown = shown.replace(own, "")
    assert "<" not in shown
    assert len(shown) < 8000
    assert hover(chunk(body=body)).count("<br>") <= 15


def test_importing_the_module_loads_no_drawing_and_no_learning_library() -> None:
    heavy = "{'sklearn', 'scipy', 'plotly', 'torch', 'chromadb', 'faiss'}"
    check = f"import sys, rag.visualize; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True, timeout=60)
