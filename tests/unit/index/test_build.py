"""Building an index: what is embedded and what is carried over, and that a failure leaves the old one in place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.index import build as build_module
from rag.index.build import build, digest_of, recipe_of
from rag.index.chunks import Chunks
from rag.index.embedded import UNFINISHED
from rag.index.generation import CHUNKS, VECTORS, Manifest, published, writer
from rag.index.open import OpenIndex
from rag.index.store import STORES, StoreKind
from rag.schema import Document, KnowledgeBaseError, Skipped, VectorIndexError
from tests.doubles.embedder import LetterEmbedder
from tests.doubles.store import EXACT, ExactStore
from tests.unit.index.building import TEXTS, ingest, names


def test_what_is_on_disk_is_the_chunks_and_their_vectors_row_by_row(index: Path) -> None:
    embedder = LetterEmbedder()
    folder = ingest(index, embedder=embedder).folder
    chunks = Chunks(folder)
    assert [chunk.source for chunk in chunks] == list(TEXTS)
    assert np.array_equal(np.load(folder / VECTORS), LetterEmbedder().embed([chunk.text for chunk in chunks]))
    assert sorted(embedder.embedded) == sorted(chunk.text for chunk in chunks)


def test_the_manifest_says_what_went_in(index: Path) -> None:
    skipped = Skipped("animals/cat.md", "it is empty")
    built = ingest(index, skipped=(skipped,))
    manifest = Manifest.read(built.folder)
    assert manifest == built.manifest
    assert (manifest.documents, manifest.chunks, built.embedded, built.reused) == (3, 3, 3, 0)
    assert manifest.doc_types == {"animals": 2, "plants": 1}
    assert manifest.skipped == (("animals/cat.md", "it is empty"),)
    assert manifest.recipe.embedder == "letters@1"
    on_disk = {path.relative_to(built.folder).as_posix() for path in built.folder.rglob("*") if path.is_file()}
    assert set(manifest.files) == on_disk - {"manifest.json"}


def test_without_a_change_nothing_is_embedded_and_nothing_written(index: Path) -> None:
    first = ingest(index)
    before = names(index)
    embedder = LetterEmbedder()
    embedder.fail_after = 0
    again = ingest(index, embedder=embedder)
    assert again.unchanged
    assert (again.embedded, again.reused) == (0, 3)
    assert again.manifest == first.manifest
    assert names(index) == before


def test_a_changed_document_alone_is_embedded_again(index: Path) -> None:
    first = ingest(index)
    embedder = LetterEmbedder()
    changed = {**TEXTS, "animals/bee.md": "# Bee\n\nA bee stings."}
    built = ingest(index, changed, embedder)
    assert embedder.embedded == ["# Bee\n\nA bee stings."]
    assert (built.embedded, built.reused, built.unchanged) == (1, 2, False)
    assert published(index) == built.folder != first.folder
    expected = LetterEmbedder().embed(list(changed.values()))
    assert np.array_equal(np.load(built.folder / VECTORS), expected)


def test_what_was_carried_over_is_found_like_what_is_new(index: Path, tmp_path: Path) -> None:
    ingest(index)
    changed = {**TEXTS, "animals/bee.md": "# Bee\n\nA bee stings."}
    carried, fresh = OpenIndex(ingest(index, changed).folder), OpenIndex(ingest(tmp_path / "fresh", changed).folder)
    assert list(carried.chunks) == list(fresh.chunks)
    assert np.array_equal(carried.vectors.mapped, fresh.vectors.mapped)
    assert np.array_equal(carried.lexical.scores("what does a bee do"), fresh.lexical.scores("what does a bee do"))


@pytest.mark.parametrize(
    "texts",
    [
        {source: text for source, text in TEXTS.items() if "bee" not in source},
        {**TEXTS, "plants/moss.md": "# Moss\n\nMoss is soft."},
        {source.replace("ant", "emmet"): text for source, text in TEXTS.items()},
    ],
)
def test_documents_that_come_go_or_move_make_a_new_generation(index: Path, texts: dict[str, str]) -> None:
    ingest(index)
    built = ingest(index, texts)
    assert not built.unchanged
    assert [chunk.source for chunk in Chunks(built.folder)] == list(texts)


def test_rebuild_embeds_everything_again(index: Path) -> None:
    ingest(index)
    built = ingest(index, rebuild=True)
    assert (built.embedded, built.reused, built.unchanged) == (3, 0, False)


def test_another_model_reuses_nothing(index: Path) -> None:
    ingest(index)
    assert ingest(index, embedder=LetterEmbedder("other letters")).reused == 0


def test_another_chunk_size_or_store_is_a_new_generation_of_the_same_vectors(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(index)
    monkeypatch.setitem(STORES, "second", EXACT)
    for built in (ingest(index, chunk_size=60), ingest(index, chunk_size=60, store="second")):
        assert (built.embedded, built.reused, built.unchanged) == (0, 3, False)


def test_a_file_newly_skipped_is_recorded_without_embedding(index: Path) -> None:
    ingest(index)
    built = ingest(index, skipped=(Skipped("a/b.md", "it is empty"),))
    assert (built.embedded, built.unchanged) == (0, False)
    assert built.manifest.skipped == (("a/b.md", "it is empty"),)


@pytest.mark.parametrize("name", [CHUNKS, VECTORS, "exact/vectors.npy"])
def test_a_damaged_index_is_built_anew(index: Path, name: str) -> None:
    damaged = ingest(index).folder
    (damaged / name).write_bytes(b"damaged")
    built = ingest(index)
    assert (built.embedded, built.unchanged) == (3, False)
    OpenIndex(built.folder)


@pytest.mark.parametrize("name", ["vectors.npy", "tokens/tokens.npy"])
def test_nothing_is_carried_over_from_a_damaged_index(index: Path, tmp_path: Path, name: str) -> None:
    """One flipped bit in what was embedded, which loads like any other."""
    damaged = ingest(index).folder / name
    data = damaged.read_bytes()
    damaged.write_bytes(data[:-3] + bytes([data[-3] ^ 1 << 6]) + data[-2:])
    texts = {**TEXTS, "plants/moss.md": "# Moss\n\nMoss wants rain."}
    built = ingest(index, texts)
    assert (built.embedded, built.reused) == (4, 0)
    fresh = ingest(tmp_path / "fresh", texts)
    assert (built.folder / name).read_bytes() == (fresh.folder / name).read_bytes()


@pytest.mark.parametrize("left", ["CURRENT", "manifest.json"])
def test_an_index_that_cannot_be_read_at_all_is_built_anew(index: Path, left: str) -> None:
    folder = ingest(index).folder
    (index / left if left == "CURRENT" else folder / left).write_text("nonsense")
    assert ingest(index).embedded == 3


def test_a_generation_that_lost_its_folder_is_built_anew(index: Path) -> None:
    shutil.rmtree(ingest(index).folder)
    assert ingest(index).embedded == 3


def test_a_failing_embedder_leaves_the_old_index_and_no_leftovers(index: Path) -> None:
    first = ingest(index)
    before = names(index)
    embedder = LetterEmbedder()
    embedder.fail_after = 0
    with pytest.raises(RuntimeError, match="told to fail"):
        ingest(index, {**TEXTS, "plants/moss.md": "# Moss"}, embedder)
    assert published(index) == first.folder
    assert names(index) == before


@pytest.mark.parametrize(
    "step", ["_write_chunks", "build_columns", "build_texts", "check_store", "publish", "file_hashes"]
)
def test_a_failure_at_any_step_leaves_the_old_index_and_no_leftovers(
    index: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = ingest(index)
    before = names(index)

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(build_module, step, fail)
        with pytest.raises(KeyboardInterrupt):
            ingest(index, rebuild=True)
    assert published(index) == first.folder
    assert set(names(index)) - {UNFINISHED} == set(before)
    OpenIndex(first.folder)
    ingest(index, rebuild=True)
    assert not set(names(index)) & set(before) - {"CURRENT", first.folder.name}


def test_an_index_that_does_not_find_its_own_chunks_is_not_published(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(ExactStore):
        def search(self, vector: object, k: int, scope: object = None) -> list[tuple[int, float]]:
            return []

    first = ingest(index)
    monkeypatch.setitem(STORES, "exact", StoreKind(EXACT.build, Lost))
    with pytest.raises(VectorIndexError, match="did not find its own chunks and was not published"):
        ingest(index, rebuild=True)
    assert published(index) == first.folder


@pytest.mark.parametrize("text", ["# Same\n\nSame text.", "# Same\n\nA text the model cannot tell from the others: {}"])
def test_twins_may_stand_in_for_each_other(index: Path, text: str) -> None:
    assert ingest(index, {f"a/{n}.md": text.format("m" * (n + 1)) for n in range(12)}).manifest.chunks == 12


def test_a_chunk_is_never_longer_than_the_model_reads(index: Path) -> None:
    long = "# Ant\n\n" + "Ants go on and on. " * 50
    built = ingest(index, {"a/ant.md": long}, chunk_size=500)
    assert built.manifest.recipe.chunk_size == 64
    assert built.invisible == 0


def test_the_digest_tells_apart_what_only_looks_alike() -> None:
    several = [
        [Document("a/b.md", "a", "text")],
        [Document("a/b.md", "a", "text ")],
        [Document("a/b.mda", "t", "ext")],
        [Document("a/c.md", "a", "text")],
        [Document("a/b.md", "b", "text")],
        [Document("a/b.md", "a", "text"), Document("a/c.md", "a", "")],
        [],
    ]
    assert len({digest_of(documents) for documents in several}) == len(several)


def test_chunks_survive_the_way_through_json(index: Path) -> None:
    text = '# Ä\u2028 "quoted" \\ 🙂\n\nline\u0085two'
    folder = ingest(index, {"a/ä.md": text}).folder
    (chunk,) = Chunks(folder)
    assert chunk.body == text[chunk.start : chunk.end]
    assert len((folder / CHUNKS).read_text("utf-8").split("\n")) == 2
    assert json.loads((folder / CHUNKS).read_text("utf-8"))["source"] == "a/ä.md"


def test_documents_that_go_away_while_they_are_read_are_told_in_one_sentence(index: Path) -> None:
    class GoingAway:
        times = 0

        def __iter__(self) -> Iterator[Document]:
            self.times += 1
            return iter([Document("a/b.md", "a", "Text.")] if self.times == 1 else [])

    embedder = LetterEmbedder()
    with writer(index), pytest.raises(KnowledgeBaseError, match="went away while they were read"):
        build(index, GoingAway(), (), embedder, recipe_of(embedder, 64, 0, "exact"))
    assert not list(index.glob("gen-*"))
