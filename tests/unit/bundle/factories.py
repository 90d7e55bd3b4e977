"""Small bundle whose model classifies the mean colour with fixed weights."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from discern.bundle import Manifest, Thresholds, write_bundle
from discern.picture import choose_recipe

SIZE = 32
LABELS = ("dark", "red")


def colour_graph() -> bytes:
    """Build a graph with the outputs of a bundle: redness decides on the label, brightness is the unknown score."""
    weight = np.array([[-4.0, 4.0], [0.0, 0.0], [0.0, 0.0]], np.float32)
    bias = np.array([2.0, -2.0], np.float32)
    constants = {
        "weight": weight,
        "bias": bias,
        "scale": np.array(255.0, np.float32),
        "places": np.array([1, 2], np.int64),
        "last": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "scale"], ["unit"]),
        helper.make_node("ReduceMean", ["unit", "places"], ["embedding"], keepdims=0),
        helper.make_node("Gemm", ["embedding", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ReduceMean", ["embedding", "last"], ["unknown_score"], keepdims=0),
        helper.make_node("MatMul", ["unit", "weight"], ["evidence"]),
    ]
    shapes = {"probabilities": 2, "unknown_score": 1, "embedding": 2, "evidence": 4}
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *[None] * (rank - 1)])
        for name, rank in shapes.items()
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", SIZE, SIZE, 3])
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "colour", [pixels], outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    return bytes(model.SerializeToString())


def make_manifest(**changes: object) -> Manifest:
    """Build the manifest of the small model, with some fields changed."""
    facts: dict[str, object] = {
        "name": "colours",
        "labels": LABELS,
        "recipe": choose_recipe([(40, 40)], SIZE),
        "temperature": 1.0,
        "thresholds": Thresholds(unknown=0.6, accept=0.9, false_rejection=0.05),
    }
    return Manifest(**(facts | changes))  # type: ignore[arg-type]


def write_small(path: Path, **changes: object) -> Path:
    """Write the small model as a bundle; `changes` apply to its manifest."""
    write_bundle(
        path, graph=colour_graph(), manifest=make_manifest(**changes), seen=["ab" * 32, "01" * 32], card="# Card\n"
    )
    return path


def plain(red: int, green: int, blue: int) -> np.ndarray:
    """Make a picture of one colour, uint8 `[40, 40, 3]`."""
    return np.full((40, 40, 3), (red, green, blue), np.uint8)
