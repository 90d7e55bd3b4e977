"""The hidden layer of a head, as arrays and as a part of the graph."""

import numpy as np
import onnx
import pytest

from discern.bundle import open_runtime
from discern.bundle.heads.hidden_layer import HiddenLayer
from discern.bundle.onnx_graph import serialise
from discern.bundle.onnx_graph.hidden_layer_graph import attach_hidden_layer
from discern.errors import BundleError
from discern.features.testing import colour_backbone

SPANS = ((0, 3), (3, 9))


def layer(*, spans: tuple[tuple[int, int], ...] = SPANS, hidden: int = 7) -> HiddenLayer:
    random = np.random.default_rng(3)
    numbers = [random.normal(size=size).astype(np.float32) for size in ((spans[-1][1], hidden), *3 * (hidden,))]
    return HiddenLayer(spans=spans, **dict(zip(("weight", "bias", "scale", "shift"), numbers, strict=True)))


def pictures(count: int = 5, size: int = 16) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    noise[0] = 255
    return noise


def test_the_graph_computes_what_the_arrays_do() -> None:
    backbone, hidden = colour_backbone(), layer()
    features = open_runtime(backbone.graph, threads=1).run({"pixels": pictures()})
    found = open_runtime(attach_hidden_layer(backbone.graph, hidden), threads=1).run({"pixels": pictures()})
    assert found["embedding"].shape == (5, 7)
    np.testing.assert_allclose(found["embedding"], hidden.embed(features["embedding"]), atol=1e-5)


def test_the_map_is_what_the_places_add_to_the_active_values() -> None:
    backbone, hidden = colour_backbone(), layer()
    features = open_runtime(backbone.graph, threads=1).run({"pixels": pictures()})
    found = open_runtime(attach_hidden_layer(backbone.graph, hidden), threads=1).run({"pixels": pictures()})
    assert found["map"].shape == (5, 2, 2, 7)
    head = features["embedding"][:, :3]
    rows = head / np.linalg.norm(head, axis=1, keepdims=True)
    active = (found["embedding"] - hidden.shift) / hidden.scale > 1e-6
    expected = np.where(active, rows @ hidden.weight[:3] * hidden.scale, 0)
    np.testing.assert_allclose(found["map"].mean(axis=(1, 2)), expected, atol=1e-5)


def test_a_backbone_without_a_map_stays_without() -> None:
    model = onnx.load_from_string(colour_backbone().graph)
    del model.graph.output[1]
    found = open_runtime(attach_hidden_layer(serialise(model), layer()), threads=1).run({"pixels": pictures()})
    assert found.keys() == {"embedding"}


def test_equal_arguments_give_equal_bytes() -> None:
    graph = colour_backbone().graph
    assert attach_hidden_layer(graph, layer()) == attach_hidden_layer(graph, layer())


def test_a_layer_for_other_features_is_refused() -> None:
    with pytest.raises(BundleError, match="reads 8 features; the backbone has 9"):
        attach_hidden_layer(colour_backbone().graph, layer(spans=((0, 3), (3, 8))))


@pytest.mark.parametrize("name", ["bias", "scale", "shift"])
def test_arrays_that_do_not_fit_are_refused(name: str) -> None:
    arrays = {each: getattr(layer(), each) for each in ("weight", "bias", "scale", "shift")}
    for wrong in (np.zeros(6, np.float32), np.full(7, np.nan, np.float32), np.zeros(7)):
        with pytest.raises(BundleError, match=name):
            HiddenLayer(spans=SPANS, **{**arrays, name: wrong})
