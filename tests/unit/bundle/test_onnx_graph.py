"""The graph answers as numpy does, whatever backbone it stands behind."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from discern.bundle import OnnxRuntime
from discern.bundle.heads import Head, LinearHead, OrdinalHead, UnknownScorer
from discern.bundle.onnx_graph import attach_head
from discern.errors import BundleError

BLOCKS = {"head": (0, 6), "stage7": (6, 10)}
SPANS = tuple(BLOCKS.values())
OUTPUTS = ["probabilities", "unknown_score", "embedding", "evidence"]


def backbone(*, with_map: bool = True) -> bytes:
    """From uint8 `[N, 4, 4, 3]` to an embedding of 10 numbers, and a map of 4 x 4 x 6 whose mean are the first 6."""
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


def a_head(classes: int = 3, spans: tuple[tuple[int, int], ...] = SPANS) -> LinearHead:
    generator = np.random.default_rng(classes)
    weight = generator.standard_normal((spans[-1][1], classes)).astype(np.float32)
    return LinearHead(spans=spans, weight=weight, bias=generator.standard_normal(classes).astype(np.float32))


def a_cumulative_head(present: tuple[bool, ...] = (True, True, False, True)) -> OrdinalHead:
    thresholds = np.array([-0.7, -0.1, 0.9][: sum(present) - 1], np.float32)
    weight = np.random.default_rng(4).standard_normal(SPANS[-1][1]).astype(np.float32) * 2
    return OrdinalHead(spans=SPANS, weight=weight, thresholds=thresholds, present=np.array(present))


HEADS = {
    "linear": a_head(),
    "cumulative": a_cumulative_head((True,) * 4),
    "cumulative, one label not learned": a_cumulative_head(),
    "cumulative, two labels": a_cumulative_head((True, True)),
}


def an_unknown_scorer() -> UnknownScorer:
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
def test_the_graph_answers_as_numpy_does(pixels, head: Head):
    unknown = an_unknown_scorer()
    runtime = OnnxRuntime(attach_head(backbone(), head, unknown, blocks=BLOCKS))
    answers = runtime.run({"pixels": pixels})
    seen = OnnxRuntime(backbone()).run({"pixels": pixels})
    features = seen["embedding"]
    assert list(runtime.outputs) == OUTPUTS
    np.testing.assert_allclose(answers["embedding"], features)
    np.testing.assert_allclose(answers["probabilities"], head.probabilities(features), atol=1e-5)
    score = unknown.score(features, head.logits(features))
    np.testing.assert_allclose(answers["unknown_score"], score, atol=1e-5)
    assert answers["unknown_score"].shape == (9,)
    assert answers["evidence"].shape == (9, 4, 4, head.classes)
    np.testing.assert_allclose(answers["evidence"], head.evidence(features, seen["map"]), atol=1e-5)
    np.testing.assert_allclose(answers["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_evidence_averages_to_what_the_map_adds_to_each_logit(pixels):
    head = a_head()
    answers = OnnxRuntime(attach_head(backbone(), head, an_unknown_scorer(), blocks=BLOCKS)).run({"pixels": pixels})
    first = answers["embedding"][:, :6]
    expected = first / np.linalg.norm(first, axis=1, keepdims=True) @ head.map_weight
    np.testing.assert_allclose(answers["evidence"].mean(axis=(1, 2)), expected, atol=1e-5)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_without_a_map_the_evidence_is_nothing(pixels, head: Head):
    graph = attach_head(backbone(with_map=False), head, an_unknown_scorer(), blocks=BLOCKS)
    evidence = OnnxRuntime(graph).run({"pixels": pixels})["evidence"]
    assert evidence.shape == (9, 1, 1, head.classes)
    assert not evidence.any()


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_same_parts_give_the_same_bytes_and_a_valid_model(head: Head):
    graphs = {attach_head(backbone(), head, an_unknown_scorer(), blocks=BLOCKS) for _ in range(2)}
    assert len(graphs) == 1
    onnx.checker.check_model(onnx.load_from_string(graphs.pop()), full_check=True)


def test_one_picture_and_many_get_the_same_answer(pixels):
    runtime = OnnxRuntime(attach_head(backbone(), a_head(), an_unknown_scorer(), blocks=BLOCKS))
    together, alone = runtime.run({"pixels": pixels}), runtime.run({"pixels": pixels[4:5]})
    for name in OUTPUTS:
        np.testing.assert_allclose(together[name][4:5], alone[name], rtol=1e-5, atol=1e-5)


def test_a_head_of_an_unknown_kind_is_refused():
    class Silent:
        spans, classes = SPANS, 3

    with pytest.raises(BundleError, match="Silent"):
        attach_head(backbone(), Silent(), an_unknown_scorer(), blocks=BLOCKS)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_black_picture_gets_finite_answers(head: Head):
    runtime = OnnxRuntime(attach_head(backbone(), head, an_unknown_scorer(), blocks=BLOCKS))
    answers = runtime.run({"pixels": np.zeros((1, 4, 4, 3), np.uint8)})
    assert all(np.isfinite(values).all() for values in answers.values())


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(BundleError, match="blocks"):
        attach_head(backbone(), a_head(spans=((0, 10),)), an_unknown_scorer(), blocks=BLOCKS)
    other = onnx.load_from_string(backbone())
    del other.graph.output[0]
    with pytest.raises(BundleError, match="no embedding"):
        attach_head(other.SerializeToString(), a_head(), an_unknown_scorer(), blocks=BLOCKS)
