"""The features of a network are found among its outputs and before its last layer."""

from collections.abc import Sequence

import numpy as np
import pytest
from onnx import NodeProto, helper
from tests.unit.features.backbones.float_networks import CLASSIFIER, POOLED, SIZE, TRUNK, WIDTH, make_network

from discern.bundle.graph_safety import tensor_shapes
from discern.bundle.onnx_graph import serialise
from discern.features.backbones.feature_outputs import Features, NoFeatures, find_features, keep_needed

node = helper.make_node
CUT = "It returns scores of 1,000 classes; the 6 features before its last layer are used instead."
FEW = node("Gemm", ["flat", "few"], ["output"], transB=1)


def find(nodes: Sequence[NodeProto], outputs: Sequence[str], **weights: np.ndarray) -> Features:
    model = make_network(nodes, outputs, shape=("N", 3, SIZE, SIZE), weights=weights)
    return find_features(model, tensor_shapes(serialise(model)))


def chosen(nodes: Sequence[NodeProto], outputs: Sequence[str], **weights: np.ndarray) -> tuple[str | None, str | None]:
    found = find(nodes, outputs, **weights)
    assert found.width == WIDTH
    return found.embedding, found.map


@pytest.mark.parametrize(
    ("nodes", "outputs", "expected"),
    [
        (POOLED, ["flat"], ("flat", "features")),
        (POOLED, ["pooled"], ("pooled", "features")),
        (POOLED, ["features", "flat"], ("flat", "features")),
        (TRUNK, ["features"], (None, "features")),
        (TRUNK, ["conv", "features"], (None, "conv")),
        ((*TRUNK, node("MaxPool", ["features"], ["coarse"], kernel_shape=[2, 2], strides=[2, 2])),
         ["features", "coarse"], (None, "coarse")),
        ((*TRUNK, node("AveragePool", ["features"], ["all"], kernel_shape=[4, 4])), ["all"], ("all", "features")),
        ((*TRUNK, node("AveragePool", ["features"], ["some"], kernel_shape=[2, 2])), ["some"], (None, "some")),
        ((*TRUNK, node("GlobalMaxPool", ["features"], ["highest"])), ["highest"], ("highest", None)),
        ((*TRUNK, node("ReduceMean", ["features", "axes"], ["mean"], keepdims=0)), ["mean"], ("mean", "features")),
        ((*POOLED, node("Relu", ["flat"], ["after"])), ["after"], ("after", None)),
    ],
)  # fmt: skip
def test_the_vector_and_the_map_of_which_it_is_the_mean(nodes: list, outputs: list, expected: tuple) -> None:
    assert chosen(nodes, outputs, axes=np.array([-1, -2])) == expected


def test_maps_may_have_their_channels_last() -> None:
    moved = node("Transpose", ["features"], ["last"], perm=[0, 2, 3, 1])
    mean = node("ReduceMean", ["last", "axes"], ["mean"], keepdims=0)
    found = find((*TRUNK, moved, mean), ["mean"], axes=np.array([1, 2]))
    assert (found.map, found.channels_last, found.width) == ("last", True, WIDTH)
    found = find((*TRUNK, moved), ["last"])
    assert (found.map, found.channels_last, found.width) == ("last", True, WIDTH)


@pytest.mark.parametrize(
    "nodes",
    [
        CLASSIFIER,
        (
            *CLASSIFIER[:-1],
            node("Gemm", ["flat", "head", "bias"], ["raw"], transB=1),
            node("Softmax", ["raw"], ["output"]),
        ),
        (*POOLED, node("MatMul", ["flat", "turned"], ["raw"]), node("Add", ["bias", "raw"], ["output"])),
        (*POOLED, node("Dropout", ["flat"], ["kept"]), node("Gemm", ["kept", "head"], ["output"], transB=1)),
    ],
)
def test_the_last_layer_of_a_classifier_is_left_out(nodes: list) -> None:
    found = find(nodes, ["output"], turned=np.zeros((WIDTH, 1000), np.float32))
    assert (found.embedding, found.map, found.note) == ("pooled", "features", CUT)


@pytest.mark.parametrize("outputs", [["output", "flat"], ["flat", "output"], ["output", "odds"], ["pooled", "output"]])
def test_features_are_chosen_beside_scores(outputs: list) -> None:
    nodes = (*CLASSIFIER, node("Softmax", ["output"], ["odds"]))
    assert chosen(nodes, outputs) in {("flat", "features"), ("pooled", "features")}


def test_a_short_last_layer_is_kept_with_a_note() -> None:
    found = find((*POOLED, FEW), ["output"])
    assert (found.embedding, found.width) == ("output", 4)
    assert found.note.startswith("Its last layer makes 4 numbers of 6.")
    for name in ("logits", "class_scores", "probabilities"):
        cut = find((*POOLED, node("Gemm", ["flat", "few"], [name], transB=1)), [name])
        assert (cut.embedding, cut.note[:30]) == ("pooled", "It returns scores of 4 classes")


def test_an_embedding_is_never_cut() -> None:
    layer = node("Gemm", ["flat", "head", "bias"], ["embedding"], transB=1)
    assert find((*POOLED, layer), ["embedding"]).embedding == "embedding"
    assert find((*CLASSIFIER, node("Identity", ["flat"], ["embedding"])), ["output", "embedding"]).width == WIDTH


def test_scores_without_a_last_layer_are_used_with_a_note() -> None:
    scores = node("Conv", ["features", "wide"], ["scores"])
    pooled = node("GlobalAveragePool", ["scores"], ["pooled"])
    found = find((*TRUNK, scores, pooled), ["pooled"], wide=np.zeros((1000, WIDTH, 1, 1), np.float32))
    assert (found.embedding, found.map) == ("pooled", "scores")
    assert found.note.startswith("It returns scores of 1,000 classes; features before the last layer")
    assert "num_classes=0" in found.note


@pytest.mark.parametrize(
    ("nodes", "outputs", "why"),
    [
        ((*POOLED, node("Relu", ["flat"], ["a"]), node("Neg", ["flat"], ["b"])), ["a", "b"],
         r"several vectors, a \[N, 6\], b \[N, 6\], none of which is called `embedding`"),
        ((*TRUNK, node("Reshape", ["features", "tokens"], ["output"])), ["output"], r"output \[N, 6, 16\]: nothing"),
    ],
)  # fmt: skip
def test_outputs_that_are_not_features_are_named(nodes: list, outputs: list, why: str) -> None:
    with pytest.raises(NoFeatures, match=why):
        find(nodes, outputs, tokens=np.array([0, WIDTH, -1]))


def test_only_needed_parts_are_kept() -> None:
    model = make_network(CLASSIFIER, ["flat"])
    keep_needed(model.graph)
    assert [each.op_type for each in model.graph.node] == ["Conv", "Relu", "GlobalAveragePool", "Flatten"]
    assert [each.name for each in model.graph.initializer] == ["kernel"]
