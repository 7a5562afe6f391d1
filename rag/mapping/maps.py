"""The map of the published generation: at once by main directions, then, when it is drawn, by t-SNE."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import rag
from rag.index.embed import Vectors
from rag.index.generation import VECTORS
from rag.index.open import OpenIndex
from rag.index.row_file import Rows
from rag.mapping import kept
from rag.mapping.drawing import drawn_rows
from rag.visualize import Coordinates

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChunkMap:
    """Where the chunks of one generation stand, in two dimensions and in three.

    `rows` are the chunks that are drawn, ascending. `settled` counts the two maps that are t-SNE's; the others show the main
    directions of the vectors in the meantime. `progress` is the share of the drawing that is done.
    """

    generation: str
    rows: Rows
    flat: Coordinates
    deep: Coordinates
    settled: int = 0
    progress: float = 0.0
    fault: str = ""


class Maps:
    """Draws one map at a time, in the background. Safe to share between threads."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._map: ChunkMap | None = None
        self._drawing: subprocess.Popen[str] | None = None

    def of(self, opened: OpenIndex) -> ChunkMap:
        """The map of this generation as far as it is; the first call for a generation begins to draw it."""
        with self._lock:
            if self._map is not None and self._map.generation == opened.name:
                return self._map
            if self._drawing is not None:
                self._drawing.kill()  # the map of a generation that nobody will ask for again
            rows = drawn_rows(len(opened.chunks))
            if before := kept.read(self._index, opened.name, len(rows)):
                self._map = ChunkMap(opened.name, rows, *before, settled=2, progress=1.0)
            else:
                deep = main_directions(np.asarray(opened.vectors[rows], np.float32))
                self._map = ChunkMap(opened.name, rows, deep[:, :2], deep)
                # The thread holds the generation as long as its files are read.
                threading.Thread(target=self._draw, args=(opened,), name="drawing the map", daemon=True).start()
            return self._map

    def _draw(self, opened: OpenIndex) -> None:
        fault = (
            "The passages could not be arranged; they lie by their main directions. The terminal says what happened."
        )
        try:
            with TemporaryDirectory(prefix="lodestar-map-") as folder:
                self._follow(opened, Path(folder))
        except OSError as error:
            _log.warning("The map could not be drawn: %s", error)
        finally:
            now = self._map
            if now is not None and now.generation == opened.name and now.settled < 2:
                self._change(opened, fault=fault)

    def _follow(self, opened: OpenIndex, folder: Path) -> None:
        """Run the drawing to its end and take what it has drawn as it comes."""
        command = [sys.executable, "-m", "rag.mapping.drawing", str(self._index / opened.name / VECTORS), str(folder)]
        # Its threads must not spin while they wait for each other: the processor belongs to whoever asks a question.
        paths = [str(Path(rag.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "OMP_WAIT_POLICY": "passive"}
        with (folder / "errors").open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=env)
        with self._lock:
            self._drawing = process
        flat: Coordinates | None = None
        with process:
            for line in process.stdout or ():
                if flat is None and (folder / "flat.npy").exists():
                    flat = np.load(folder / "flat.npy", allow_pickle=False)
                    self._change(opened, flat=flat, settled=1)
                self._change(opened, progress=float(line))
        if process.returncode == 0 and flat is not None:
            deep = np.load(folder / "deep.npy", allow_pickle=False)
            kept.keep(self._index, opened.name, flat, deep)
            self._change(opened, deep=deep, settled=2, progress=1.0)
        elif self._map is not None and self._map.generation == opened.name:
            _log.warning("The map could not be drawn: %s", (folder / "errors").read_text(errors="replace")[-2000:])

    def _change(self, opened: OpenIndex, **changes: object) -> None:
        with self._lock:
            if self._map is not None and self._map.generation == opened.name:
                self._map = replace(self._map, **changes)  # type: ignore[arg-type]


def main_directions(vectors: Vectors) -> Coordinates:
    """The three directions in which the vectors differ most, the same ones whenever they are asked for."""
    places = np.zeros((len(vectors), 3), np.float32)
    if len(vectors) > 1:
        centred = vectors - vectors.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        found = centred @ directions[:, ::-1][:, :3]
        found *= np.where(found[np.abs(found).argmax(axis=0), range(found.shape[1])] < 0, -1, 1)
        places[:, : found.shape[1]] = found
    return places
