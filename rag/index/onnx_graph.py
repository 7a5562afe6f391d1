"""A BERT encoder's weights -> an ONNX graph, so that ONNX Runtime can run the model and torch need not be imported.

Two precisions. `float32` computes what sentence-transformers computes. `int8` multiplies bytes, which a processor does four
times as fast: weights with one scale a column, activations with one scale a matrix. What makes that exact enough is that
outliers are dealt with first: a channel that is always large is scaled down and its weights up (SmoothQuant, Xiao et al.
2022), and where single word pieces are large, as [CLS] is, each is scaled to the same height and back again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Precision = Literal["float32", "int8"]
Weights = Mapping[str, npt.NDArray[np.float32]]
Ranges = Mapping[str, npt.NDArray[np.float32]]
"""Name of a value in the graph -> the largest magnitude each of its channels was seen to reach."""

INPUT, OUTPUT = "embeddings", "states"
_OPSET = 20
_MICROSOFT = "com.microsoft"
_STEPS = 127  # an int8 either side of zero


@dataclass(frozen=True)
class Shape:
    """What the weights alone do not tell."""

    layers: int
    heads: int
    epsilon: float


def tapped(shape: Shape) -> Iterator[str]:
    """The values whose ranges `int8` needs: what enters the matrices behind a layer norm."""
    for n in range(shape.layers):
        yield _entering(n)
        yield f"{n}.attended"


def graph(
    weights: Weights, shape: Shape, precision: Precision, ranges: Ranges | None = None, taps: bool = False
) -> Any:
    """The encoder as an onnx ModelProto: INPUT (1, pieces, dim) -> OUTPUT of the same shape.

    `int8` needs the `ranges` of the values that `tapped` names; with `taps` those values are outputs as well.
    """
    return _Writer(weights, shape, precision, ranges or {}).model(list(tapped(shape)) if taps else [])


def _entering(layer: int) -> str:
    return f"{layer - 1}.{OUTPUT}" if layer else "normed"


@dataclass
class _Writer:
    weights: Weights
    shape: Shape
    precision: Precision
    ranges: Ranges
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def model(self, outputs: list[str]) -> Any:
        from onnx import TensorProto, helper

        self._norm(INPUT, "embeddings.LayerNorm", "normed")
        for n in range(self.shape.layers):
            self._layer(n, f"encoder.layer.{n}.")
        self._node("Identity", [_entering(self.shape.layers)], [OUTPUT])
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (INPUT, OUTPUT, *outputs)]
        made = helper.make_graph(self.nodes, "encoder", values[:1], values[1:], self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(made, opset_imports=opsets, ir_version=10)

    def _layer(self, n: int, at: str) -> None:
        entering, attended = _entering(n), f"{n}.attended"
        three = [f"{at}attention.self.{name}" for name in ("query", "key", "value")]
        self._matrix(entering, three, f"{n}.three")
        heads = [f"{n}.query", f"{n}.key", f"{n}.value"]
        self._node("Split", [f"{n}.three"], heads, axis=2, num_outputs=3)
        self._node("MultiHeadAttention", heads, [f"{n}.context"], _MICROSOFT, num_heads=self.shape.heads)
        self._matrix(f"{n}.context", [f"{at}attention.output.dense"], f"{n}.attention")
        self._add_norm(entering, f"{n}.attention", f"{at}attention.output.LayerNorm", attended)
        self._matrix(attended, [f"{at}intermediate.dense"], f"{n}.wide")
        self._node("Gelu", [f"{n}.wide"], [f"{n}.gelu"])
        self._matrix(f"{n}.gelu", [f"{at}output.dense"], f"{n}.narrow", level=True)
        self._add_norm(attended, f"{n}.narrow", f"{at}output.LayerNorm", _entering(n + 1))

    def _matrix(self, x: str, names: list[str], out: str, level: bool = False) -> None:
        """`out` = `x` times the named weights side by side, plus their biases; `level`: bring each row to one height first."""
        matrix = np.concatenate([self.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = self._constant(f"{out}.bias", np.concatenate([self.weights[f"{name}.bias"] for name in names]))
        if self.precision == "float32":
            self._node("MatMul", [x, self._constant(f"{out}.weight", matrix)], [f"{out}.product"])
            self._node("Add", [f"{out}.product", bias], [out])
            return
        if x in self.ranges:
            scale = _smoothing(self.ranges[x], matrix)
            matrix = matrix * scale[:, None]
            self._node("Mul", [x, self._constant(f"{out}.smoothing", 1 / scale)], [f"{out}.smooth"])
            x = f"{out}.smooth"
        steps = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / _STEPS
        rounded = [
            self._constant(f"{out}.weight", np.round(matrix / steps).astype(np.int8)),
            self._constant(f"{out}.steps", steps.astype(np.float32)),
            self._constant(f"{out}.zero", np.zeros(len(steps), np.int8)),
        ]
        if not level:
            self._node("DynamicQuantizeMatMul", [x, *rounded, bias], [out], _MICROSOFT)
            return
        axis = self._constant(f"{out}.axis", np.array([-1]))
        self._node("ReduceMax", [x, axis], [f"{out}.highest"], keepdims=1)
        least = self._constant(f"{out}.least", np.array(1e-6, np.float32))  # a gelu may leave nothing above zero
        self._node("Max", [f"{out}.highest", least], [f"{out}.height"])
        self._node("Div", [x, f"{out}.height"], [f"{out}.levelled"])
        self._node("DynamicQuantizeMatMul", [f"{out}.levelled", *rounded], [f"{out}.product"], _MICROSOFT)
        self._node("Mul", [f"{out}.product", f"{out}.height"], [f"{out}.raised"])
        self._node("Add", [f"{out}.raised", bias], [out])

    def _add_norm(self, x: str, y: str, name: str, out: str) -> None:
        self._node("Add", [x, y], [f"{out}.sum"])
        self._norm(f"{out}.sum", name, out)

    def _norm(self, x: str, name: str, out: str) -> None:
        weight, bias = (self._constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        self._node("LayerNormalization", [x, weight, bias], [out], epsilon=self.shape.epsilon)

    def _node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **settings: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **settings))

    def _constant(self, name: str, values: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _smoothing(reached: npt.NDArray[np.float32], matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Halfway between what makes every channel equally large and what makes its weights so."""
    ratio = np.maximum(reached, 1e-5) / np.maximum(np.abs(matrix).max(axis=1), 1e-5)
    scale = np.sqrt(ratio)
    return np.asarray(scale / np.exp(np.log(scale).mean()), np.float32)
