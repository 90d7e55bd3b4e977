"""Small networks for float pictures, as torch's exporters write them, and their results by NumPy."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

SIZE, WIDTH, CLASSES = 8, 6, 1000
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_RANDOM = np.random.default_rng(0)
KERNEL = _RANDOM.normal(size=(WIDTH, 3, 2, 2)).astype(np.float32)
WEIGHTS = {
    "kernel": KERNEL,
    "head": _RANDOM.normal(size=(CLASSES, WIDTH)).astype(np.float32),
    "bias": _RANDOM.normal(size=CLASSES).astype(np.float32),
    "few": _RANDOM.normal(size=(4, WIDTH)).astype(np.float32),
}
TRUNK = (
    helper.make_node("Conv", ["input", "kernel"], ["conv"], strides=[2, 2]),
    helper.make_node("Relu", ["conv"], ["features"]),
)
POOLED = (
    *TRUNK,
    helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["flat"]),
)
CLASSIFIER = (*POOLED, helper.make_node("Gemm", ["flat", "head", "bias"], ["output"], transB=1))
PICTURES = _RANDOM.integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)


def make_network(
    nodes: Sequence[NodeProto] = CLASSIFIER,
    outputs: Sequence[str] = ("output",),
    *,
    shape: Sequence[int | str] = ("batch", 3, SIZE, SIZE),
    weights: dict[str, np.ndarray] | None = None,
    metadata: dict[str, str] | None = None,
    kind: int = TensorProto.FLOAT,
    opset: int = 18,
) -> ModelProto:
    """Build a network of which the exporter declares no output size."""
    taken = [helper.make_tensor_value_info("input", kind, shape)]
    stored = WEIGHTS | (weights or {})
    used = {name for node in nodes for name in node.input}
    to = helper.tensor_dtype_to_np_dtype(kind)
    initial = [
        numpy_helper.from_array(values.astype(to) if values.dtype == np.float32 else values, name)
        for name, values in stored.items()
        if name in used
    ]
    returned = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
    graph = helper.make_graph(nodes, "main_graph", taken, returned, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    return model


def write_network(path: Path, model: onnx.ModelProto) -> Path:
    """Write a network to a file."""
    path.write_bytes(model.SerializeToString())
    return path


def feature_map(pixels: np.ndarray, mean: Sequence[float] = MEAN, deviation: Sequence[float] = DEVIATION) -> np.ndarray:
    """Compute the map of `TRUNK` for uint8 `[N, S, S, 3]` by NumPy, float `[N, S / 2, S / 2, WIDTH]`."""
    scaled = (pixels / 255 - np.array(mean)) / np.array(deviation)
    count, side = len(pixels), pixels.shape[1] // 2
    blocks = scaled.reshape(count, side, 2, side, 2, 3)
    return np.maximum(np.einsum("nybxac,kcba->nyxk", blocks, KERNEL), 0)
