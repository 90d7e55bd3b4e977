"""Pictures and models for tests of inference."""

import io
import threading
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from PIL import Image

from discern.bundle import Model, write_bundle
from tests.unit.bundle.factories import colour_graph, make_manifest, plain


def png(pixels: np.ndarray) -> bytes:
    """Encode pixels, uint8 `[H, W, 3]`."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


BLACK, RED = png(plain(0, 0, 0)), png(plain(250, 0, 0))


class GatedModel:
    """A model whose graph waits until it is opened."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.open = threading.Event()
        self.entered = threading.Event()
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Record the size of the batch, and run it."""
        self.entered.set()
        assert self.open.wait(20)
        self.sizes.append(len(inputs))
        return self._model.run(inputs)


def write_nan_bundle(path: Path) -> Path:
    """Write a bundle whose outputs are NaN for a black picture, for which it divides zero by zero."""
    graph = onnx.load_from_string(colour_graph())
    for node in graph.graph.node:
        if node.output[0] == "unit":
            node.output[0] = "scaled"
    divide = [
        helper.make_node("ReduceMax", ["scaled", "axes"], ["brightest"], keepdims=1),
        helper.make_node("Div", ["brightest", "brightest"], ["one"]),
        helper.make_node("Mul", ["scaled", "one"], ["unit"]),
    ]
    graph.graph.initializer.append(numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"))
    place = next(number for number, node in enumerate(graph.graph.node) if "scaled" in node.output) + 1
    for number, node in enumerate(divide):
        graph.graph.node.insert(place + number, node)
    write_bundle(path, graph=graph.SerializeToString(), manifest=make_manifest(), seen=["ab" * 32], card="# Card\n")
    return path
