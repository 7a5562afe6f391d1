"""What every row of STORES must do. Vectors are random and exact answers are computed beside them, so all rows agree."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.index import faiss_store, nearest
from rag.index.embed import Vectors
from rag.index.store import STORES, Scope, Store, store_kind
from rag.schema import Chunk, SettingsError

DIM = 48
ROWS = 400
TYPES = ("contracts", "policies", "rare")

Build = Callable[..., Store]


def random_vectors(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIM))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def doc_type(row: int) -> str:
    return "rare" if row in (7, 333) else TYPES[row % 2]


CHUNKS = [
    Chunk(f"id-{row}", f"Text {row}", f"{doc_type(row)}/{row // 4}.md", doc_type(row), f"Title {row}", "", 0, 6)
    for row in range(ROWS)
]
VECTORS = random_vectors(ROWS, 1)
QUESTIONS = random_vectors(30, 2)


def scope(kind: str | None = None, sources: tuple[str, ...] = ()) -> Scope:
    """The filter as the index room makes it: values, and the rows they leave."""
    rows = [
        row
        for row, chunk in enumerate(CHUNKS)
        if kind in (None, chunk.doc_type) and (not sources or chunk.source in sources)
    ]
    return Scope(kind, sources, np.array(rows, np.int64))


def exact(question: Vectors, k: int, rows: np.ndarray | None = None) -> list[int]:
    rows = np.arange(ROWS) if rows is None else rows
    return [int(row) for row in rows[np.argsort(-(VECTORS[rows] @ question), kind="stable")][:k]]


def rows_of(found: list[tuple[int, float]]) -> list[int]:
    return [row for row, _ in found]


@pytest.fixture(params=list(STORES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(STORES))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for the tests that only ask."""
    folder = tmp_path_factory.mktemp("stores") / request.param
    kind = store_kind(request.param)
    kind.build(folder, CHUNKS, VECTORS)
    return kind.open(folder, VECTORS)


def test_every_vector_finds_itself(store: Store) -> None:
    for row in range(ROWS):
        ((found, score),) = store.search(VECTORS[row], 1)
        assert found == row
        assert score == pytest.approx(1, abs=1e-5)


def test_the_order_is_that_of_the_exact_cosine(store: Store) -> None:
    for question in QUESTIONS:
        assert rows_of(store.search(question, 10)) == exact(question, 10)


def test_scores_are_the_cosine_cut_off_at_0_best_first(store: Store) -> None:
    for question in QUESTIONS:
        found = store.search(question, ROWS)
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert min(scores) == 0
        for row, score in found:
            assert score == pytest.approx(max(0.0, float(VECTORS[row] @ question)), abs=1e-5)


@pytest.mark.parametrize("k", [1, 7, ROWS, ROWS + 1, 10 * ROWS])
def test_k_cuts_and_never_pads(store: Store, k: int) -> None:
    found = rows_of(store.search(QUESTIONS[0], k))
    assert len(found) == len(set(found)) == min(k, ROWS)


def test_the_filter_applies_before_the_cut(store: Store) -> None:
    for question in QUESTIONS:
        assert sorted(rows_of(store.search(question, 2, scope("rare")))) == [7, 333]
        for where in (scope("policies"), scope(None, ("contracts/0.md", "policies/77.md", "rare/1.md"))):
            assert rows_of(store.search(question, 5, where)) == exact(question, 5, where.rows)


def test_filters_hold_together(store: Store) -> None:
    where = scope("rare", ("rare/1.md", "contracts/0.md"))
    assert rows_of(store.search(QUESTIONS[0], 10, where)) == [7]


def test_a_filter_takes_many_sources(store: Store) -> None:
    where = scope(None, tuple(sorted({chunk.source for chunk in CHUNKS})[:150]))
    assert rows_of(store.search(QUESTIONS[0], 20, where)) == exact(QUESTIONS[0], 20, where.rows)


@pytest.mark.parametrize("where", [scope("minerals"), scope(None, ("no.md",)), scope("rare", ("contracts/0.md",))])
def test_a_filter_that_leaves_nothing_finds_nothing(store: Store, where: Scope) -> None:
    assert store.search(QUESTIONS[0], 10, where) == []


def test_a_question_may_be_asked_from_many_threads(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda question: rows_of(store.search(question, 5)), [*QUESTIONS] * 4))
    assert found == [exact(question, 5) for question in QUESTIONS] * 4


def test_it_survives_being_closed_and_its_folder_being_renamed(name: str, tmp_path: Path) -> None:
    kind = store_kind(name)
    kind.build(tmp_path / "gen.tmp", CHUNKS, VECTORS)
    for folder in (tmp_path / "gen.tmp", tmp_path / "gen", tmp_path / "gen"):
        if not folder.exists():
            (tmp_path / "gen.tmp").rename(folder)
        store = kind.open(folder, VECTORS)
        assert rows_of(store.search(QUESTIONS[0], 10)) == exact(QUESTIONS[0], 10)
        del store
        gc.collect()


def test_two_stores_are_open_side_by_side(name: str, tmp_path: Path) -> None:
    kind = store_kind(name)
    kind.build(tmp_path / "one", CHUNKS[:100], VECTORS[:100])
    kind.build(tmp_path / "two", CHUNKS[100:200], VECTORS[100:200])
    one, two = kind.open(tmp_path / "one", VECTORS[:100]), kind.open(tmp_path / "two", VECTORS[100:200])
    assert rows_of(one.search(VECTORS[42], 1)) == rows_of(two.search(VECTORS[142], 1)) == [42]
    del one
    gc.collect()
    assert rows_of(two.search(VECTORS[199], 1)) == [99]


def test_the_same_store_is_opened_twice_and_one_is_closed(name: str, tmp_path: Path) -> None:
    kind = store_kind(name)
    kind.build(tmp_path / "one", CHUNKS, VECTORS)
    first, second = kind.open(tmp_path / "one", VECTORS), kind.open(tmp_path / "one", VECTORS)
    del first
    gc.collect()
    assert rows_of(second.search(VECTORS[42], 1)) == [42]


def test_paths_may_hold_blanks_and_any_script(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "Straße & Söhne (2026) 契約 %20?#" / "gen 'x'"
    kind = store_kind(name)
    kind.build(folder, CHUNKS, VECTORS)
    assert rows_of(kind.open(folder, VECTORS).search(VECTORS[3], 1)) == [3]


@pytest.mark.parametrize("count", [1, 2, 2500])
def test_an_index_may_be_tiny_or_larger_than_a_batch(name: str, tmp_path: Path, count: int) -> None:
    vectors = random_vectors(count, 3)
    chunks = [Chunk(f"id-{row}", f"Text {row}", f"a/{row}.md", "a", "T", "", 0, 6) for row in range(count)]
    kind = store_kind(name)
    kind.build(tmp_path / "one", chunks, vectors)
    store = kind.open(tmp_path / "one", vectors)
    for row in {0, count // 2, count - 1}:
        best = [int(other) for other in np.argsort(-(vectors @ vectors[row]), kind="stable")[:5]]
        assert rows_of(store.search(vectors[row], 5)) == best


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand chunks count as many."""
    monkeypatch.setattr(faiss_store, "MOST_EXACT", 1000)
    monkeypatch.setattr(faiss_store, "_FEW", 100)
    monkeypatch.setattr(faiss_store, "_SOME", 1000)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("least", [0.97, 2.0])
def test_a_large_store_finds_what_it_says_it_finds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: float
) -> None:
    """Where no width finds enough, as none does that is to find twice what there is, it compares with every vector."""
    monkeypatch.setattr(nearest, "LEAST_RECALL", least)
    count = 2500
    vectors, questions = random_vectors(count, 3), random_vectors(20, 4)
    chunks = [Chunk(f"id-{row}", f"Text {row}", f"a/{row}.md", "a", "T", "", 0, 6) for row in range(count)]
    kind = store_kind(name)
    kind.build(tmp_path / "one", chunks, vectors)
    how = nearest.searching(tmp_path / "one") or nearest.EXACT  # of a store that says nothing, everything is expected
    assert how.exact or least < 1
    assert how.recall >= 0.97
    store = kind.open(tmp_path / "one", vectors)
    every, half, third, few = np.arange(count), np.arange(0, count, 2), np.arange(0, count, 3), np.arange(40, 99)
    for rows in (every, half, third, few):
        where = None if rows is every else Scope("a", (), rows)
        found = [store.search(question, 10, where) for question in questions]
        best = [{int(rows[n]) for n in np.argsort(-(vectors[rows] @ question))[:10]} for question in questions]
        assert all(len(found_rows) == 10 for found_rows in found)
        assert all(set(rows_of(one)) <= set(rows.tolist()) for one in found)
        for one, question in zip(found, questions, strict=True):
            assert [score for _, score in one] == sorted((score for _, score in one), reverse=True)
            assert [score for _, score in one] == pytest.approx(
                [float(vectors[row] @ question) for row in rows_of(one)], abs=1e-5
            )
        shares = [len(near & set(rows_of(one))) / 10 for near, one in zip(best, found, strict=True)]
        assert np.mean(shares) >= (1.0 if how.exact else 0.95)


@pytest.mark.usefixtures("large")
def test_a_large_store_gives_as_many_as_are_asked_for(name: str, tmp_path: Path) -> None:
    """Lists of like vectors may hold fewer than that within a filter."""
    vectors = np.repeat(random_vectors(10, 5), 150, axis=0)
    chunks = [Chunk(f"id-{row}", f"Text {row}", f"a/{row}.md", "a", "T", "", 0, 6) for row in range(len(vectors))]
    kind = store_kind(name)
    kind.build(tmp_path / "one", chunks, vectors)
    store = kind.open(tmp_path / "one", vectors)
    far = np.arange(300, 700, 2)
    assert set(rows_of(store.search(vectors[0], 200, Scope("a", (), far)))) == set(far.tolist())


def test_a_name_that_is_not_in_the_table_is_told() -> None:
    with pytest.raises(SettingsError, match=rf"^The store qdrant is not known; choose one of {', '.join(STORES)}\.$"):
        store_kind("qdrant")
