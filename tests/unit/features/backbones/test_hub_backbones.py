"""Graphs of the hub become backbones with a map of patches and a block for the whole picture."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.unit.features.backbones.hub_server import Hub, serve_hub

from discern.bundle import open_runtime
from discern.errors import BackboneError
from discern.features.backbones import Normalisation
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.hub_backbones import GRAPHS, SIZE, HubBackbones, HubGraph
from discern.features.testing import BackboneContract

WIDTH, PATCH = 5, 56
SIDE = SIZE // PATCH
_RANDOM = np.random.default_rng(0)
KERNEL = _RANDOM.normal(size=(WIDTH, 3, PATCH, PATCH)).astype(np.float32) / PATCH
POSITIONS = _RANDOM.normal(size=(1, SIDE * SIDE, WIDTH)).astype(np.float32)
CLASS = _RANDOM.normal(size=(WIDTH, WIDTH)).astype(np.float32)
PICTURES = _RANDOM.integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)


def network(*, pooled: bool) -> bytes:
    """Build a network with the inputs and outputs of a vision transformer of the hub."""
    shape = ["batch_size", "num_channels", "height", "width"]
    weights = {
        "kernel": KERNEL,
        "class": CLASS,
        "positions": POSITIONS,
        "count": np.array(SIDE * SIDE, np.float32),
        "half": np.array(0.5, np.float32),
        "shape": np.array([0, WIDTH, -1]),
        "listed": np.array([1, -1, WIDTH]),
        "width": np.array([WIDTH]),
        "axis": np.array([1]),
        "front": np.array([0]),
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["patches"], strides=[PATCH, PATCH]),
        helper.make_node("Reshape", ["patches", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["unplaced"], perm=[0, 2, 1]),
        # The side of the trained grid of positions is left to the engine, as exporters do.
        helper.make_node("Pow", ["count", "half"], ["root"]),
        helper.make_node("Cast", ["root"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["whole", "front"], ["side"]),
        helper.make_node("Concat", ["axis", "side", "side", "width"], ["grid"], axis=0),
        helper.make_node("Reshape", ["positions", "grid"], ["square"]),
        helper.make_node("Reshape", ["square", "listed"], ["list"]),
        helper.make_node("Add", ["unplaced", "list"], ["tokens"]),
        helper.make_node("ReduceMax", ["tokens"], ["largest"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["largest", "class"], ["pooler_output"]),
        helper.make_node("Unsqueeze", ["pooler_output", "axis"], ["first"]),
    ]
    names = ["tokens", "pooler_output"] if pooled else ["last_hidden_state"]
    if not pooled:
        nodes.append(helper.make_node("Concat", ["first", "tokens"], ["last_hidden_state"], axis=1))
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=7).SerializeToString()


def expected(normalisation: Normalisation) -> tuple[np.ndarray, np.ndarray]:
    """Compute the map and the embedding by NumPy."""
    scaled = (PICTURES / 255 - np.array(normalisation.mean)) / np.array(normalisation.deviation)
    blocks = scaled.reshape(len(scaled), SIDE, PATCH, SIDE, PATCH, 3)
    places = np.einsum("nybxac,kcba->nyxk", blocks, KERNEL) + POSITIONS.reshape(1, SIDE, SIDE, WIDTH)
    return places, np.concatenate([places.mean(axis=(1, 2)), places.max(axis=(1, 2)) @ CLASS], axis=1)


def source(hub: Hub, cache: Path, name: str) -> HubBackbones:
    graph = GRAPHS[name]
    tokens = "tokens" if graph.layout.summary else graph.layout.tokens
    layout = replace(graph.layout, patch=PATCH, width=WIDTH, tokens=tokens)
    file = hub.file(name=graph.file.name, path=graph.file.path)
    return HubBackbones({name: replace(graph, layout=layout, file=file)}, cache=cache, environment=hub.environment())


@pytest.fixture(params=sorted(GRAPHS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def hub(name: str) -> Iterator[Hub]:
    with serve_hub(network(pooled=bool(GRAPHS[name].layout.summary))) as server:
        yield server


def test_a_graph_becomes_a_backbone_with_a_map(name: str, hub: Hub, tmp_path: Path) -> None:
    graphs = source(hub, tmp_path, name)
    assert graphs.accepts(name)
    assert graphs.choices == name
    backbone = graphs.load(name, size=None, mirror=False)
    assert (backbone.name, backbone.size, backbone.width) == (name, SIZE, 2 * WIDTH)
    assert list(backbone.blocks.values()) == [(0, WIDTH), (WIDTH, 2 * WIDTH)]
    assert (backbone.licence, backbone.pretraining) == (GRAPHS[name].licence, GRAPHS[name].pretraining)
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": PICTURES})
    places, embedding = expected(GRAPHS[name].normalisation)
    np.testing.assert_allclose(outputs["map"], places, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(outputs["embedding"], embedding, rtol=1e-4, atol=1e-3)


def test_a_second_load_sends_no_request(name: str, hub: Hub, tmp_path: Path) -> None:
    first = source(hub, tmp_path, name).load(name, size=SIZE, mirror=True)
    requests = len(hub.requests)
    assert source(hub, tmp_path, name).load(name, size=None, mirror=True).key == first.key
    assert len(hub.requests) == requests == 2


def test_options_of_the_input_are_refused_before_a_request(name: str, hub: Hub, tmp_path: Path) -> None:
    graphs = source(hub, tmp_path, name)
    with pytest.raises(BackboneError, match="Omit --size"):
        graphs.load(name, size=192, mirror=False)
    with pytest.raises(BackboneError, match="Omit --mean"):
        graphs.load(name, size=None, mirror=False, normalisation=GRAPHS[name].normalisation)
    assert hub.requests == []


def test_a_graph_without_the_expected_outputs_is_refused(tmp_path: Path) -> None:
    with serve_hub(network(pooled=True)) as hub, pytest.raises(BackboneError, match="not last_hidden_state"):
        source(hub, tmp_path, "dinov2-small").load("dinov2-small", size=None, mirror=False)


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=list(GRAPHS))
def test_pins_are_whole(graph: HubGraph) -> None:
    assert re.fullmatch("[0-9a-f]{40}", graph.file.commit)
    assert re.fullmatch("[0-9a-f]{64}", graph.file.sha256)
    assert graph.file.size is None or graph.file.size > 1 << 20


class TestHubBackbone(BackboneContract):
    @pytest.fixture(autouse=True)
    def _loaded(self, tmp_path: Path) -> None:
        with serve_hub(network(pooled=False)) as hub:
            self.loaded = source(hub, tmp_path, "dinov2-small").load("dinov2-small", size=None, mirror=True)

    def backbone(self) -> OnnxBackbone:
        return self.loaded
