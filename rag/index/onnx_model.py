"""A BERT model's folder -> its states for a text, by ONNX Runtime.

The graph is written once from the published weights and kept in the user's cache folder; a cache that cannot be written, or
that holds something else than was put there, costs a second at the next start and nothing more.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag.index import onnx_graph
from rag.index.onnx_graph import INPUT, OUTPUT, Precision, Shape

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

States = npt.NDArray[np.float32]

_WRITTEN = 2  # raise it when the graph is written otherwise
_GRAPH, _TENSORS, _SUMS = "encoder.onnx", "weights.bin", "sums.json"
# Fusing these again costs more than it saves: the fused kernels are not vectorised.
_NOT_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]
_TRIALS, _TRIAL_PIECES = 8, 128
_ALIKE = 0.995  # least mean cosine of int8's word pieces to float32's; 0.998 is usual

_log = logging.getLogger(__name__)


class OnnxModel:
    """A BERT encoder of post-layer-norm layers. Sessions are opened at their first use and are safe to share."""

    def __init__(self, folder: Path, identity: str, cache: Path | None = None) -> None:
        """`identity` must change when the weights do. Raises OSError when the folder is not that of a model."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        self._weights = folder / "model.safetensors"
        self._shape = Shape(config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"])
        key = f"{identity} {_WRITTEN} {version('onnxruntime')} {version('onnx')}"
        self._cache = (cache or _cache_folder()) / hashlib.sha256(key.encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        self._sessions: dict[Precision, InferenceSession] = {}

    def states(self, ids: Sequence[int], precision: Precision = "float32") -> States:
        """The last layer's state for each word piece, special tokens counted in; shape (len(ids), dim)."""
        (states,) = self._session(precision).run([OUTPUT], {INPUT: self._embeddings(ids)})
        return np.asarray(states[0], np.float32)

    def prepare(self, precision: Precision) -> None:
        """Do now what the first call of `states` would do."""
        self._session(precision)

    def _session(self, precision: Precision) -> InferenceSession:
        with self._lock:
            if precision not in self._sessions:
                self._sessions[precision] = self._opened(precision)
            return self._sessions[precision]

    def _opened(self, precision: Precision) -> InferenceSession:
        folder = self._cache / precision
        if not _whole(folder):
            if precision == "int8":
                return self._written_int8(folder)
            return _kept(onnx_graph.graph(self._tensors, self._shape, precision), folder)
        return _session(str(folder / _GRAPH))

    def _written_int8(self, folder: Path) -> InferenceSession:
        """Ranges are read off the float32 model, and then its word pieces held against those of the new one."""
        taps = list(onnx_graph.tapped(self._shape))
        exact = _session(onnx_graph.graph(self._tensors, self._shape, "float32", taps=True).SerializeToString())
        ranges: dict[str, States] = {}
        # Any text will do to see how far the channels reach, even words drawn at random.
        draw = np.random.default_rng(0)
        trials = [draw.integers(len(self._words) // 30, len(self._words), _TRIAL_PIECES) for _ in range(_TRIALS)]
        wanted = []
        for ids in trials:
            states, *reached = exact.run([OUTPUT, *taps], {INPUT: self._embeddings(ids)})
            wanted.append(states[0])
            for name, values in zip(taps, reached, strict=True):
                ranges[name] = np.maximum(ranges.get(name, 0), np.abs(values).max(axis=(0, 1)))
        written = onnx_graph.graph(self._tensors, self._shape, "int8", ranges)
        session = _session(written.SerializeToString())
        found = [session.run([OUTPUT], {INPUT: self._embeddings(ids)})[0][0] for ids in trials]
        alike = _cosines(np.concatenate(found), np.concatenate(wanted)).mean()
        if alike < _ALIKE:  # some processors let the sums of bytes overflow
            _log.warning("This processor is not exact enough with int8 (%.3f); float32 is used instead.", alike)
            return self._opened("float32")
        return _kept(written, folder)

    def _embeddings(self, ids: Sequence[int] | npt.NDArray[np.int64]) -> States:
        """What enters the first layer: read from the weights' file page by page, for a text needs few of its rows."""
        return np.asarray(self._words[np.asarray(ids)] + self._places[: len(ids)], np.float32)[None]

    @cached_property
    def _words(self) -> States:
        return _mapped(self._weights, "embeddings.word_embeddings.weight")

    @cached_property
    def _places(self) -> States:
        kinds = _mapped(self._weights, "embeddings.token_type_embeddings.weight")
        return np.asarray(_mapped(self._weights, "embeddings.position_embeddings.weight") + kinds[0])

    @property
    def _tensors(self) -> onnx_graph.Weights:
        from safetensors.numpy import load_file

        weights: onnx_graph.Weights = load_file(self._weights)
        return weights


def _session(model: str | bytes) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events

    disable_telemetry_events()  # Microsoft's builds for Windows have some
    options = SessionOptions()
    # One thread a text: several texts are run beside each other, and a question's few word pieces gain nothing from two.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return InferenceSession(model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_NOT_FUSED)


def _kept(model: Any, folder: Path) -> InferenceSession:
    """Put the model into the cache and open it there: from a file it takes half the memory. Without a cache, open it so."""
    import onnx

    try:
        _make_ours(folder.parent)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}."))
        try:
            onnx.save(model, beside / _GRAPH, save_as_external_data=True, location=_TENSORS)
            sums = {path.name: _sha256(path) for path in beside.iterdir()}
            (beside / _SUMS).write_text(json.dumps(sums), "utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # another process was first
                beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return _session(str(folder / _GRAPH))
    except OSError as error:
        _log.info("The model's cache %s cannot be written (%s).", folder, error)
        return _session(model.SerializeToString())


def _whole(folder: Path) -> bool:
    try:
        # Sums beside the files show an accident. Against a person helps that nobody else can write there.
        if not _is_ours(folder) or not _is_ours(folder.parent):
            return False
        sums = json.loads((folder / _SUMS).read_text("utf-8"))
        there = {path.name for path in folder.iterdir()}
        return (
            _GRAPH in sums
            and there == {_SUMS, *sums}
            and all(_sha256(folder / name) == told for name, told in sums.items())
        )
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def _make_ours(folder: Path) -> None:
    """Make the folder, its parents too, such that only this user may enter. Raises OSError where it is another's."""
    for missing in [*(parent for parent in reversed(folder.parents) if not parent.exists()), folder]:
        missing.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "geteuid") and folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)


def _is_ours(folder: Path) -> bool:
    """Whether nobody but this user can have written there."""
    status = folder.stat()
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mapped(path: Path, name: str) -> States:
    """One float32 tensor of a safetensors file, memory-mapped: eight bytes of length, a JSON header, then the numbers."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
    return np.memmap(path, np.float32, "r", 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))


def _cosines(one: States, other: States) -> States:
    return np.asarray((one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1))


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("lodestar", appauthor=False) / f"models-{platform.machine()}"
