"""Pictures and models for tests of inference."""

import hashlib
import io
import threading
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from PIL import Image

from discern.bundle import Model, write_bundle
from discern.inference.exchange import Exchange, Feedback
from tests.process_table import program
from tests.unit.bundle.factories import colour_graph, make_manifest, plain
from tests.waiting import wait_until


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


def altered(operation: str, by: float, output: str) -> bytes:
    """Build the small model's graph with one output combined with a constant."""
    model = onnx.load_from_string(colour_graph())
    for node in model.graph.node:
        node.output[:] = ["old" if name == output else name for name in node.output]
    model.graph.node.append(helper.make_node(operation, ["old", "by"], [output]))
    model.graph.initializer.append(numpy_helper.from_array(np.float32(by), "by"))
    return bytes(model.SerializeToString())


def slow_graph(products: int = 2, side: int = 1024) -> bytes:
    """Build the small model's graph with products of square matrices for each picture, none of which is constant."""
    model = onnx.load_from_string(colour_graph())
    for node in model.graph.node:
        node.output[:] = ["score" if name == "unknown_score" else name for name in node.output]
    constants = {"axes": [1, 2], "side": [side, side], "none": np.float32(0)}
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items())
    names = [f"matrix{number}" for number in range(products + 1)]
    model.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["side"], ["zeros"]),
            helper.make_node("Unsqueeze", ["score", "axes"], ["scores"]),
            helper.make_node("Add", ["scores", "zeros"], names[:1]),
            *(helper.make_node("MatMul", [last, last], [name]) for last, name in pairwise(names)),
            helper.make_node("ReduceMax", [names[-1], "axes"], ["most"], keepdims=0),
            helper.make_node("Min", ["most", "none"], ["nothing"]),
            helper.make_node("Add", ["score", "nothing"], ["unknown_score"]),
        ]
    )
    return bytes(model.SerializeToString())


def wait_for_child(process: int) -> int:
    """Wait until a process has one child process that runs its own program, and return its id.

    Between its fork and its program, a child holds a thread of its parent.
    """
    found: list[int] = []
    own = program(process)

    def has_child() -> bool:
        found.clear()
        with suppress(OSError):  # a thread ends meanwhile
            for task in Path(f"/proc/{process}/task").iterdir():
                found.extend(map(int, (task / "children").read_text().split()))
        return len(found) == 1 and program(found[0]) not in (b"", own)

    wait_until(has_child, 60)
    return found[0]


def make_exchange(number: int = 0, **changes: object) -> Exchange:
    """Build an exchange with its own identifier, with some fields changed."""
    facts: dict[str, object] = {
        "id": f"{number:032x}",
        "time": 1_800_000_000.0 + number,
        "model": "colours",
        "bundle": "ab" * 32,
        "door": "rest",
        "client": "line-1",
        "content": hashlib.sha256(RED).hexdigest(),
        "picture": RED,
        "media_type": "image/png",
        "width": 40,
        "height": 40,
        "brightness": 0.25,
        "sharpness": 0.5,
        "embedding": np.array([number, 0.1, -2], np.float32),
        "prediction": {"label": "red", "decision": "accept", "confidence": 0.97, "unknown_score": 0.1},
        "seconds": 0.02,
    }
    return Exchange(**(facts | changes))  # type: ignore[arg-type]


def make_feedback(number: int = 0, **changes: object) -> Feedback:
    """Build feedback on the exchange with that number, with some fields changed."""
    facts: dict[str, object] = {"exchange": f"{number:032x}", "label": "dark", "time": 1.9e9, "source": "api"}
    return Feedback(**(facts | changes))  # type: ignore[arg-type]


def same_exchange(one: Exchange, other: Exchange) -> bool:
    """Return True if two exchanges are equal, embeddings included."""
    plainly = replace(one, embedding=None).__dict__ == replace(other, embedding=None).__dict__
    if one.embedding is None or other.embedding is None:
        return plainly and one.embedding is other.embedding
    return plainly and one.embedding.dtype == other.embedding.dtype and np.array_equal(one.embedding, other.embedding)
