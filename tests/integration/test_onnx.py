"""The shipped embedder against sentence-transformers, with the real weights."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from rag.config import Settings
from rag.index.embed import Embedder, open_embedder
from tests.integration.conftest import environment

TEXTS = [
    "",
    "a",
    "When does the Port of Invergair agreement end?",
    "| Tier | Fee |\n| --- | --- |\n| Priority | £2,650 |",
    "日本語 🙂 naïve TF-C-0142",
    "The river rose by two metres in the night, and the ferry stayed in the harbour. " * 30,
]


@pytest.fixture(scope="module")
def reference() -> Embedder:
    return open_embedder(Settings(embedder="sentence-transformers"))


def test_unrounded_it_embeds_as_sentence_transformers_does(minilm: Embedder, reference: Embedder) -> None:
    exact = open_embedder(Settings(precision="float32"))
    ours, our_pieces = exact.embed_pieces(TEXTS)
    theirs, their_pieces = reference.embed_pieces(TEXTS)
    assert np.allclose(ours, theirs, atol=1e-5)
    assert np.array_equal(exact.embed_many(TEXTS)[0], ours)
    for one, other in zip(our_pieces, their_pieces, strict=True):
        assert one.ids == other.ids
        assert np.allclose(one.vectors, other.vectors, atol=1e-4)
    assert exact.identity == minilm.identity == reference.identity  # so that an index of one can be asked by the other


def test_it_may_round(minilm: Embedder, reference: Embedder) -> None:
    theirs, their_pieces = reference.embed_pieces(TEXTS)
    for ours, our_pieces in (minilm.embed_pieces(TEXTS), minilm.embed_many(TEXTS)):
        assert (ours * theirs).sum(axis=1).mean() > 0.99
        alike = [(one.vectors * other.vectors).sum(axis=1) for one, other in zip(our_pieces, their_pieces, strict=True)]
        assert np.concatenate(alike).mean() > 0.99
    assert minilm.precision == "int8"


def test_torch_is_not_needed() -> None:
    code = (
        "import sys; from rag.config import Settings; from rag.index.embed import open_embedder\n"
        "embedder = open_embedder(Settings()); embedder.embed(['a']); embedder.embed_many(['a', 'b'])\n"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    assert done.stdout.strip() == "[]", done.stderr
