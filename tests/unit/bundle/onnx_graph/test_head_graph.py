"""The graph of a head computes what numpy computes, whatever backbone it is attached to."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from discern.bundle import open_runtime
from discern.bundle.heads import Head, LinearHead, OrdinalHead, UnknownScorer
from discern.bundle.onnx_graph import attach_head
from discern.errors import BundleError

BLOCKS = {"head": (0, 6), "stage7": (6, 10)}
SPANS = tuple(BLOCKS.values())
OUTPUTS = ["probabilities", "unknown_score", "embedding", "evidence"]


def make_backbone(*, with_map: bool = True) -> bytes:
    """Backbone from uint8 `[N, 4, 4, 3]` to an embedding `[N, 10]` and a map `[N, 4, 4, 6]`, whose mean is its head."""
    mixing = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["real", "mixing"], ["map"]),
        helper.make_node("ReduceMean", ["map", "axes"], ["head"], keepdims=0),
        helper.make_node("Slice", ["head", "zero", "four", "one"], ["first"]),
        helper.make_node("Mul", ["first", "first"], ["stage"]),
        helper.make_node("Concat", ["head", "stage"], ["embedding"], axis=1),
    ]
    weights = {
        "mixing": mixing,
        "axes": np.array([1, 2]),
        "zero": np.array([0]),
        "four": np.array([4]),
        "one": np.array([1]),
    }
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 10])]
    if with_map:
        outputs.append(helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", 4, 4, 6]))
    graph = helper.make_graph(
        nodes,
        "backbone",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", 4, 4, 3])],
        outputs,
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString(deterministic=True))


def make_head(classes: int = 3, spans: tuple[tuple[int, int], ...] = SPANS) -> LinearHead:
    generator = np.random.default_rng(classes)
    weight = generator.standard_normal((spans[-1][1], classes)).astype(np.float32)
    return LinearHead(spans=spans, weight=weight, bias=generator.standard_normal(classes).astype(np.float32))


def make_ordinal_head(present: tuple[bool, ...] = (True, True, False, True)) -> OrdinalHead:
    thresholds = np.array([-0.7, -0.1, 0.9][: sum(present) - 1], np.float32)
    weight = np.random.default_rng(4).standard_normal(SPANS[-1][1]).astype(np.float32) * 2
    return OrdinalHead(spans=SPANS, weight=weight, thresholds=thresholds, present=np.array(present))


CENTRE = np.array([0, 0, 0, 0, 0, 0, 0.5, 0.6, -0.2, 0.1], np.float32)
HEADS = {
    "linear": make_head(),
    "ordinal": make_ordinal_head((True,) * 4),
    "ordinal, one absent label": make_ordinal_head(),
    "ordinal, two labels": make_ordinal_head((True, True)),
    "linear, centred": replace(make_head(), centre=CENTRE),
    "linear, centred and corrected": replace(make_head(), centre=CENTRE, correction=0.7),
    "ordinal, centred and corrected, one absent label": replace(make_ordinal_head(), centre=CENTRE, correction=1.4),
}


def make_unknown_scorer() -> UnknownScorer:
    generator = np.random.default_rng(1)
    prototypes = generator.standard_normal((7, 6))
    return UnknownScorer(
        spans=SPANS,
        prototypes=(prototypes / np.linalg.norm(prototypes, axis=1, keepdims=True)).astype(np.float16),
        scale=np.repeat([1.0, 0.7], [6, 4]).astype(np.float32),
        centre=(generator.standard_normal(10) / 10).astype(np.float32),
        within=(np.linalg.qr(generator.standard_normal((10, 3)))[0] * 0.9).astype(np.float16),
        directions=(generator.standard_normal((10, 3)) / 3).astype(np.float16),
        lengths=np.array([0.5, 1.0, 1.5], np.float32),
        mean=np.array([0.1, 0.2, 0.3, -1.0], np.float32),
        spread=np.array([0.5, 0.6, 0.7, 2.0], np.float32),
        share=np.array([0.4, 0.3, 0.2, 0.1], np.float32),
    )


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (9, 4, 4, 3), np.uint8)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_graph_computes_what_numpy_computes(pixels, head: Head):
    unknown = make_unknown_scorer()
    runtime = open_runtime(attach_head(make_backbone(), head, unknown, blocks=BLOCKS))
    outputs = runtime.run({"pixels": pixels})
    backbone = open_runtime(make_backbone()).run({"pixels": pixels})
    features = backbone["embedding"]
    assert list(outputs) == OUTPUTS
    np.testing.assert_allclose(outputs["embedding"], features)
    np.testing.assert_allclose(outputs["probabilities"], head.probabilities(features), atol=1e-5)
    score = unknown.score(features, head.logits(features))
    np.testing.assert_allclose(outputs["unknown_score"], score, atol=1e-5)
    assert outputs["unknown_score"].shape == (9,)
    assert outputs["evidence"].shape == (9, 4, 4, head.classes)
    np.testing.assert_allclose(outputs["evidence"], head.evidence(features, backbone["map"]), atol=1e-5)
    np.testing.assert_allclose(outputs["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_mean_evidence_is_what_the_map_adds_to_each_logit(pixels):
    head = make_head()
    graph = attach_head(make_backbone(), head, make_unknown_scorer(), blocks=BLOCKS)
    outputs = open_runtime(graph).run({"pixels": pixels})
    first = outputs["embedding"][:, :6]
    expected = first / np.linalg.norm(first, axis=1, keepdims=True) @ head.map_weight
    np.testing.assert_allclose(outputs["evidence"].mean(axis=(1, 2)), expected, atol=1e-5)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_without_a_map_the_evidence_is_zero(pixels, head: Head):
    graph = attach_head(make_backbone(with_map=False), head, make_unknown_scorer(), blocks=BLOCKS)
    evidence = open_runtime(graph).run({"pixels": pixels})["evidence"]
    assert evidence.shape == (9, 1, 1, head.classes)
    assert not evidence.any()


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_equal_heads_give_equal_bytes_and_a_valid_model(head: Head):
    graphs = {attach_head(make_backbone(), head, make_unknown_scorer(), blocks=BLOCKS) for _ in range(2)}
    assert len(graphs) == 1
    onnx.checker.check_model(onnx.load_from_string(graphs.pop()), full_check=True)


def test_a_batch_does_not_change_the_outputs(pixels):
    runtime = open_runtime(attach_head(make_backbone(), make_head(), make_unknown_scorer(), blocks=BLOCKS))
    together, alone = runtime.run({"pixels": pixels}), runtime.run({"pixels": pixels[4:5]})
    for name in OUTPUTS:
        np.testing.assert_allclose(together[name][4:5], alone[name], rtol=1e-5, atol=1e-5)


def test_an_unknown_head_class_is_rejected():
    class UnsupportedHead:
        spans, classes = SPANS, 3

    with pytest.raises(BundleError, match="UnsupportedHead"):
        attach_head(make_backbone(), UnsupportedHead(), make_unknown_scorer(), blocks=BLOCKS)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_black_picture_gets_finite_outputs(head: Head):
    runtime = open_runtime(attach_head(make_backbone(), head, make_unknown_scorer(), blocks=BLOCKS))
    outputs = runtime.run({"pixels": np.zeros((1, 4, 4, 3), np.uint8)})
    assert all(np.isfinite(values).all() for values in outputs.values())


def test_heads_that_do_not_fit_the_backbone_are_rejected():
    with pytest.raises(BundleError, match="blocks"):
        attach_head(make_backbone(), make_head(spans=((0, 10),)), make_unknown_scorer(), blocks=BLOCKS)
    other = onnx.load_from_string(make_backbone())
    del other.graph.output[0]
    with pytest.raises(BundleError, match="no output `embedding`"):
        attach_head(other.SerializeToString(), make_head(), make_unknown_scorer(), blocks=BLOCKS)


def test_a_correction_changes_the_probabilities_alone(pixels):
    outputs = {
        correction: open_runtime(
            attach_head(
                make_backbone(), replace(make_head(), correction=correction), make_unknown_scorer(), blocks=BLOCKS
            )
        ).run({"pixels": pixels})
        for correction in (1.0, 0.5)
    }
    assert (outputs[0.5]["probabilities"].max(axis=1) > outputs[1.0]["probabilities"].max(axis=1)).all()
    for name in ("unknown_score", "embedding", "evidence"):
        np.testing.assert_array_equal(outputs[0.5][name], outputs[1.0][name])


def test_a_centre_of_zero_gives_the_same_outputs(pixels):
    heads = make_head(), replace(make_head(), centre=np.zeros(10, np.float32))
    plain, centred = (
        open_runtime(attach_head(make_backbone(), head, make_unknown_scorer(), blocks=BLOCKS)).run({"pixels": pixels})
        for head in heads
    )
    for name in OUTPUTS:
        np.testing.assert_allclose(centred[name], plain[name], atol=1e-6)
