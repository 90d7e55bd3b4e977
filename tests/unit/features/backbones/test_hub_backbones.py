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
from discern.features.backbones.hub_backbones import GRAPHS, HubBackbones, HubGraph
from discern.features.backbones.hub_backbones import HUB_SIZE as SIZE
from discern.features.testing import BackboneContract

WIDTH, PATCH = 5, 56
SIDE = SIZE // PATCH
_RANDOM = np.random.default_rng(0)
KERNEL = _RANDOM.normal(size=(WIDTH, 3, PATCH, PATCH)).astype(np.float32) / PATCH
POSITIONS = _RANDOM.normal(size=(1, SIDE * SIDE, WIDTH)).astype(np.float32)
CLASS = _RANDOM.normal(size=(WIDTH, WIDTH)).astype(np.float32)
PICTURES = _RANDOM.integers(0, 256, (2, SIZE, SIZE, 3), np.uint8)


def network(*, pooled: bool, positions: bool = True) -> bytes:
    """Build a network with the inputs and outputs of a vision transformer of the hub, with or without positions."""
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
    if not positions:
        added = next(node for node in nodes if node.op_type == "Add")
        nodes[nodes.index(added)] = helper.make_node("Identity", ["unplaced"], ["tokens"])
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


def test_a_second_load_sends_no_request_and_reads_the_wrapped_graph(name: str, hub: Hub, tmp_path: Path) -> None:
    first = source(hub, tmp_path, name).load(name, size=SIZE, mirror=True)
    requests = len(hub.requests)
    assert source(hub, tmp_path, name).load(name, size=None, mirror=True) == first
    (tmp_path / "weights" / GRAPHS[name].file.name).unlink()
    again = source(hub, tmp_path, name).load(name, size=None, mirror=True)
    assert (again.graph, again.blocks, again.pretraining) == (first.graph, first.blocks, first.pretraining)
    assert source(hub, tmp_path, name).load(name, size=None, mirror=False).key != first.key
    assert len(hub.requests) == requests == 2


def test_a_damaged_wrapped_graph_is_made_again(name: str, hub: Hub, tmp_path: Path) -> None:
    first = source(hub, tmp_path, name).load(name, size=None, mirror=False)
    path = next((tmp_path / "networks").glob("*.onnx"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert source(hub, tmp_path, name).load(name, size=None, mirror=False).key == first.key
    assert len(hub.requests) == 2


def test_a_graph_is_used_although_it_cannot_be_kept(name: str, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "networks").write_text("a file")
    backbone = source(hub, tmp_path, name).load(name, size=None, mirror=False)
    assert (backbone.name, len(backbone.notes)) == (name, 1)
    assert f"{name} was not kept, and is prepared again next time." in backbone.notes[0]


def test_options_of_the_input_are_refused_before_a_request(name: str, hub: Hub, tmp_path: Path) -> None:
    graphs = source(hub, tmp_path, name)
    for size, others in ((192, "168 or 224"), (230, "224 or 280"), (PATCH, "112 or 168"), (7, "112 or 168")):
        with pytest.raises(BackboneError, match=f"of {size} px: its patches are {PATCH} px wide") as caught:
            graphs.load(name, size=size, mirror=False)
        assert others in caught.value.hint
    with pytest.raises(BackboneError, match="Omit --mean"):
        graphs.load(name, size=None, mirror=False, normalisation=GRAPHS[name].normalisation)
    assert hub.requests == []


def test_a_size_for_which_there_are_no_positions_is_refused(name: str, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=f"does not take pictures of {2 * SIZE} px") as caught:
        source(hub, tmp_path, name).load(name, size=2 * SIZE, mirror=False)
    assert f"{SIZE}" in caught.value.hint


def test_positions_of_any_number_allow_other_sizes(tmp_path: Path) -> None:
    with serve_hub(network(pooled=True, positions=False)) as hub:
        graphs = source(hub, tmp_path, "siglip2-base")
        sizes = {size: graphs.load("siglip2-base", size=size, mirror=True) for size in (2 * PATCH, SIZE, 6 * PATCH)}
    for size, backbone in sizes.items():
        pictures = _RANDOM.integers(0, 256, (2, size, size, 3), np.uint8)
        outputs = open_runtime(backbone.graph, threads=1).run({"pixels": pictures})
        assert (backbone.size, outputs["map"].shape) == (size, (2, size // PATCH, size // PATCH, WIDTH))
    assert len(hub.requests) == 2


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
