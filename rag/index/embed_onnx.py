"""The shipped way to embed: ONNX Runtime, on every core, without torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from rag.index.embed import Pieces, Vectors, unit
from rag.index.model_folder import ModelFolder
from rag.index.onnx_graph import Precision
from rag.index.onnx_model import OnnxModel


class OnnxEmbedder(ModelFolder):
    """A BERT model with mean pooling, in the precision that is asked for."""

    def __init__(self, name: str, folder: Path, sha256: str = "", precision: Precision = "int8") -> None:
        super().__init__(name, folder, sha256)
        self.precision: Precision = precision
        self._lock = threading.Lock()
        self._opened: OnnxModel | None = None

    @property
    def _model(self) -> OnnxModel:
        with self._lock:  # one for all threads; cached_property makes one for each that comes at the same time
            if self._opened is None:
                self._opened = OnnxModel(self._folder, self.identity)
            return self._opened

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_cores(), thread_name_prefix="embedding")

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.embed_pieces(texts)[0]

    def embed_pieces(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        return self._together(list(map(self._one, texts)))

    def embed_many(self, texts: Sequence[str]) -> tuple[Vectors, list[Pieces]]:
        if not texts:
            return self._together([])
        self._model.prepare(self.precision)  # once, and not in each thread of the pool
        return self._together(list(self._threads.map(self._one, texts)))

    def _one(self, text: str) -> tuple[Vectors, Pieces]:
        ids = self._pieces.framed(self.piece_ids(text), self.window)
        states = self._model.states(ids, self.precision)
        return states.mean(axis=0), Pieces(ids[1:-1], unit(states[1:-1]))

    def _together(self, made: list[tuple[Vectors, Pieces]]) -> tuple[Vectors, list[Pieces]]:
        means = np.stack([mean for mean, _ in made]) if made else np.empty((0, self.dim), np.float32)
        return unit(means), [pieces for _, pieces in made]


def _cores() -> int:
    """How many processors this process may use; OMP_NUM_THREADS, which such libraries know, may say fewer."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
