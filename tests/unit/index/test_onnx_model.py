"""The graph of a small random BERT against the same sums in numpy, and the cache it is kept in."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index import onnx_model
from rag.index.onnx_model import OnnxModel

DIM, HEADS, LAYERS, WIDE, WORDS, PLACES, EPSILON = 16, 2, 2, 32, 200, 40, 1e-12

Tensors = dict[str, np.ndarray]


def tensors() -> Tensors:
    draw = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": some(WORDS, DIM),
        "embeddings.position_embeddings.weight": some(PLACES, DIM),
        "embeddings.token_type_embeddings.weight": some(2, DIM),
    }
    norms = ["embeddings.LayerNorm"]
    for n in range(LAYERS):
        at = f"encoder.layer.{n}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            made |= {f"{at}{name}.weight": some(DIM, DIM), f"{at}{name}.bias": some(DIM)}
        made |= {f"{at}intermediate.dense.weight": some(WIDE, DIM), f"{at}intermediate.dense.bias": some(WIDE)}
        made |= {f"{at}output.dense.weight": some(DIM, WIDE), f"{at}output.dense.bias": some(DIM)}
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name in norms:
        made |= {f"{name}.weight": 1 + some(DIM), f"{name}.bias": some(DIM)}
    return made


def by_hand(w: Tensors, ids: list[int]) -> np.ndarray:
    """The published equations of BERT, one after the other."""
    from math import erf

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        spread = np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)
        return (x - x.mean(axis=1, keepdims=True)) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]

    gelu = np.vectorize(lambda v: v * (1 + erf(v / 2**0.5)) / 2)
    places = w["embeddings.position_embeddings.weight"][: len(ids)] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(w["embeddings.word_embeddings.weight"][ids] + places, "embeddings.LayerNorm")
    for n in range(LAYERS):
        at = f"encoder.layer.{n}."
        q, k, v = (linear(x, f"{at}attention.self.{name}") for name in ("query", "key", "value"))
        context = np.empty_like(x)
        for head in range(HEADS):
            part = slice(head * DIM // HEADS, (head + 1) * DIM // HEADS)
            weights = np.exp(q[:, part] @ k[:, part].T / np.sqrt(DIM / HEADS))
            context[:, part] = weights / weights.sum(axis=1, keepdims=True) @ v[:, part]
        x = norm(x + linear(context, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        wide = gelu(linear(x, f"{at}intermediate.dense"))
        x = norm(x + linear(wide, f"{at}output.dense"), f"{at}output.LayerNorm")
    return x


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.numpy import save_file

    made = tmp_path_factory.mktemp("model")
    config = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "layer_norm_eps": EPSILON}
    (made / "config.json").write_text(json.dumps(config))
    save_file(tensors(), made / "model.safetensors")
    return made


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    return OnnxModel(folder, "small@1", tmp_path_factory.mktemp("cache"))


IDS = st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=PLACES)


@pytest.fixture(autouse=True)
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_model, "_TRIAL_PIECES", PLACES)


@given(ids=IDS)
def test_float32_is_what_the_equations_say(model: OnnxModel, ids: list[int]) -> None:
    assert np.allclose(model.states(ids), by_hand(tensors(), ids), atol=1e-4)


@given(ids=IDS)
def test_int8_points_the_same_way(model: OnnxModel, ids: list[int]) -> None:
    exact, rounded = model.states(ids), model.states(ids, "int8")
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    assert ((exact * rounded).sum(axis=1) / lengths).mean() > 0.99


def test_what_was_written_is_read_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [3, 1, 4, 1, 5]
    first = {p: OnnxModel(folder, "small@1", tmp_path).states(ids, p) for p in ("float32", "int8")}  # type: ignore[arg-type]
    monkeypatch.setattr(onnx_model.onnx_graph, "graph", None)  # writing once more would fail
    for precision, states in first.items():
        assert np.array_equal(OnnxModel(folder, "small@1", tmp_path).states(ids, precision), states)  # type: ignore[arg-type]


def test_other_weights_are_not_read_from_the_old_cache(folder: Path, tmp_path: Path) -> None:
    OnnxModel(folder, "small@1", tmp_path).prepare("float32")
    OnnxModel(folder, "small@2", tmp_path).prepare("float32")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"[]", b"something else"])
@pytest.mark.parametrize("name", ["encoder.onnx", "weights.bin", "sums.json"])
def test_a_damaged_cache_is_written_anew(folder: Path, tmp_path: Path, name: str, damage: bytes) -> None:
    right = OnnxModel(folder, "small@1", tmp_path).states([1, 2, 3])
    (file,) = tmp_path.rglob(name)
    whole = file.read_bytes()
    file.write_bytes(damage)
    assert np.array_equal(OnnxModel(folder, "small@1", tmp_path).states([1, 2, 3]), right)
    assert file.read_bytes() == whole
    assert sorted(path.name for path in file.parents[1].iterdir()) == ["float32"]


def test_a_cache_that_cannot_be_written_costs_time_only(folder: Path, tmp_path: Path, model: OnnxModel) -> None:
    (tmp_path / "file").write_text("no folder")
    assert np.array_equal(OnnxModel(folder, "small@1", tmp_path / "file").states([1, 2, 3]), model.states([1, 2, 3]))


def test_a_processor_that_is_not_exact_enough_gets_float32(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(onnx_model, "_ALIKE", 1.1)
    model = OnnxModel(folder, "small@1", tmp_path)
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(model.states([1, 2, 3], "int8"), model.states([1, 2, 3]))
    assert "not exact enough" in caplog.text
    assert not list(tmp_path.glob("*/int8"))
