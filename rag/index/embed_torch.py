"""Any model that sentence-transformers can load, on a GPU where there is one; the reference for the shipped way."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.index.embed import Pieces, Vectors, unit
from rag.index.model_folder import ModelFolder
from rag.index.word_pieces import visible

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_FEW = 2  # so many short texts gain nothing from a second thread, and lose much where visitors share the processors


class SentenceTransformersEmbedder(ModelFolder):
    """A model in sentence-transformers' folder layout, loaded at the first `embed`."""

    precision = "float32"
    _lock = threading.Lock()

    @cached_property
    def _model(self) -> SentenceTransformer:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would draw into the page's log and the commands' output
        _ = self.identity  # refuses weights that are not the published ones, before anything reads them
        # Of safetensors only: the older format is a pickle, which runs what it holds.
        model = SentenceTransformer(
            str(self._folder), local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
        )
        model.max_seq_length = self.window
        return model

    @cached_property
    def _threads(self) -> int:
        """As many as torch takes by itself, which OMP_NUM_THREADS and the processor's cores decide."""
        import torch

        return torch.get_num_threads()

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.embed_pieces(texts)[0]

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        return self.embed_pieces(texts)

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        if not texts:
            return np.empty((0, self.dim), np.float32), []
        shown = [visible(text) for text in texts]
        with self._lock:
            model = self._model
            many = self._threads  # before anything here has changed it
        _use_threads(1 if len(texts) <= _FEW else many)
        outputs: Any = model.encode(shown, output_value=None, batch_size=32, show_progress_bar=False)
        vectors = np.stack([output["sentence_embedding"].float().cpu().numpy() for output in outputs])
        return unit(vectors), [_pieces(output) for output in outputs]


def _use_threads(number: int) -> None:
    import torch

    if torch.get_num_threads() != number:
        torch.set_num_threads(number)


def _pieces(output: dict[str, Any]) -> Pieces:
    ids = output["input_ids"][output["attention_mask"].bool()][1:-1]  # without [CLS] and [SEP]
    vectors = output["token_embeddings"][output["attention_mask"].bool()][1:-1]
    return Pieces(ids.tolist(), unit(vectors.float().cpu().numpy()))
