"""The map through which a network computes its vector is found, and its mean becomes the first block."""

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, helper
from tests.unit.features.backbones.float_networks import (
    PICTURES,
    SIZE,
    TRUNK,
    WIDTH,
    feature_map,
    make_network,
    write_network,
)

from discern.bundle import open_runtime
from discern.bundle.graph_safety import tensor_shapes
from discern.bundle.onnx_graph import serialise
from discern.features.backbones import Normalisation, OnnxBackbone
from discern.features.backbones.feature_outputs import Features, find_features
from discern.features.backbones.imported_graph import import_graph
from discern.features.backbones.map_search import find_map
from discern.features.testing import BackboneContract

node = helper.make_node
PLACES = (SIZE // 2) ** 2
LAYER = np.random.default_rng(1).normal(size=(WIDTH, 4)).astype(np.float32)
WEIGHTS = {
    "layer": LAYER,
    "token": np.ones((1, 1, WIDTH), np.float32),
    "listed": np.array([0, WIDTH, PLACES]),
    "sizes": np.array([-1, 1, WIDTH]),
    "flat": np.array([-1, PLACES * WIDTH]),
    "wide": np.ones((PLACES * WIDTH, 4), np.float32),
    "first": np.array(0),
    "rest": np.array([1]),
    "end": np.array([1 << 40]),
    "axes": np.array([2, 3]),
    "one": np.array([1]),
    "zero": np.array([0]),
    "channels": np.array([WIDTH]),
}
# Deep enough that the map is in the second half of the operators.
DEEP = (
    TRUNK[0],
    *(node("Relu", [f"relu{n - 1}" if n else "conv"], [f"relu{n}"]) for n in range(8)),
    node("Relu", ["relu7"], ["features"]),
)
POOLED = (*DEEP, node("GlobalAveragePool", ["features"], ["pooled"]))
AFTER_POOLING = (*POOLED, node("Flatten", ["pooled"], ["mean"]), node("MatMul", ["mean", "layer"], ["embedding"]))
TOKENS = (
    *DEEP,
    node("Reshape", ["features", "listed"], ["unturned"]),
    node("Transpose", ["unturned"], ["patches"], perm=[0, 2, 1]),
)
# The number of pictures is read off the input, past the map.
WITH_CLASS = (
    *TOKENS,
    node("Shape", ["input"], ["shape"]),
    node("Slice", ["shape", "zero", "one"], ["count"]),
    node("Concat", ["count", "one", "channels"], ["grown"], axis=0),
    node("Expand", ["token", "grown"], ["class"]),
    node("Concat", ["class", "patches"], ["joined"], axis=1),
    node("Relu", ["joined"], ["tokens"]),
)


def find(nodes: tuple[NodeProto, ...], vector: str = "embedding") -> Features:
    model = make_network(nodes, [vector], shape=("N", 3, SIZE, SIZE), weights=WEIGHTS)
    shapes = tensor_shapes(serialise(model))
    features = find_features(model, shapes)
    return find_map(model.graph, shapes, features) if features.map is None else features


def gathered(tokens: str) -> NodeProto:
    return node("Gather", [tokens, "first"], ["embedding"], axis=1)


@pytest.mark.parametrize(
    ("nodes", "expected", "block", "widths"),
    [
        (AFTER_POOLING, "features", "pooled", (WIDTH, 4)),
        ((*POOLED, node("Relu", ["pooled"], ["positive"]), node("Flatten", ["positive"], ["embedding"])),
         "features", "pooled", (WIDTH, WIDTH)),
        ((*DEEP, node("Reshape", ["features", "flat"], ["all"]), node("MatMul", ["all", "wide"], ["embedding"])),
         "features", "pooled", (WIDTH, 4)),
        ((*WITH_CLASS, gathered("tokens")), "tokens", "class_token", (WIDTH, WIDTH)),
        ((*TOKENS, node("ReduceMax", ["patches", "one"], ["embedding"], keepdims=0)),
         "patches", "pooled", (WIDTH, WIDTH)),
        # Layers beside one another are passed through their common input.
        ((*DEEP, node("ReduceMax", ["features", "axes"], ["a"], keepdims=0),
          node("GlobalAveragePool", ["features"], ["g"]), node("Flatten", ["g"], ["b"]),
          node("Concat", ["a", "b"], ["embedding"], axis=1)), "features", "pooled", (WIDTH, 2 * WIDTH)),
    ],
)  # fmt: skip
def test_the_last_map_is_found(nodes: tuple, expected: str, block: str, widths: tuple[int, int]) -> None:
    found = find(nodes)
    assert (found.map, found.block, found.embedding) == (expected, block, "embedding")
    assert (found.width, found.vector_width) == widths
    assert list(found.blocks) == ["head", block]


def test_the_mean_of_all_tokens_is_one_block() -> None:
    found = find((*TOKENS, node("ReduceMean", ["patches", "one"], ["embedding"], keepdims=0)))
    assert (found.map, found.embedding, found.block, found.tokens, found.prefix) == ("patches", None, "", PLACES, 0)


def test_a_map_at_the_begin_of_a_network_is_not_taken() -> None:
    nodes = (*TRUNK, node("Reshape", ["features", "flat"], ["all"]))
    nodes += tuple(node("Relu", [f"x{n - 1}" if n else "all"], [f"x{n}"]) for n in range(8))
    found = find((*nodes, node("MatMul", ["x7", "wide"], ["embedding"])))
    assert (found.map, found.block) == (None, "")


def test_tokens_that_are_no_square_are_not_taken() -> None:
    doubled = (*TOKENS, node("Concat", ["patches"] * 2, ["both"], axis=1), *(
        node("Relu", ["both" if not n else f"y{n - 1}"], [f"y{n}"]) for n in range(9)
    ))  # fmt: skip
    assert find((*doubled, node("ReduceMax", ["y8", "one"], ["embedding"], keepdims=0))).map is None


def imported(folder: Path, nodes: tuple[NodeProto, ...]) -> OnnxBackbone:
    path = write_network(folder / "net.onnx", make_network(nodes, ["embedding"], weights=WEIGHTS))
    usual = Normalisation(mean=(0.5,) * 3, deviation=(0.5,) * 3, scale=1.0)
    return import_graph(path.read_bytes(), path, size=None, mirror=False, normalisation=usual, search_map=True)


@pytest.mark.parametrize("nodes", [AFTER_POOLING, (*WITH_CLASS, gathered("tokens"))])
def test_the_mean_of_the_map_is_the_first_block(tmp_path: Path, nodes: tuple) -> None:
    backbone = imported(tmp_path, nodes)
    places = feature_map(PICTURES, (0.5,) * 3, (0.5,) * 3)
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": PICTURES})
    np.testing.assert_allclose(outputs["map"], places, rtol=1e-4, atol=1e-4)
    vector = places.mean(axis=(1, 2)) @ LAYER if nodes is AFTER_POOLING else np.ones((len(PICTURES), WIDTH))
    expected = np.concatenate([places.mean(axis=(1, 2)), vector], axis=1)
    np.testing.assert_allclose(outputs["embedding"], expected, rtol=1e-4, atol=1e-4)


class TestSearchedBackbone(BackboneContract):
    @pytest.fixture(autouse=True)
    def _loaded(self, tmp_path: Path) -> None:
        self.loaded = imported(tmp_path, (*WITH_CLASS, gathered("tokens")))

    def backbone(self) -> OnnxBackbone:
        return self.loaded
