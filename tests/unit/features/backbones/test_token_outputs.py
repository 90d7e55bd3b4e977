"""The tokens of a vision transformer and its vector for the whole picture are returned, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from discern.features.backbones.feature_outputs import NoFeatures
from discern.features.backbones.token_layout import TokenLayout
from discern.features.backbones.token_outputs import add_token_outputs, count_tokens

node = helper.make_node
CLASS = TokenLayout(tokens="hidden", summary="", block="class_token", patch=14, width=6)
POOLED = TokenLayout(tokens="hidden", summary="pooler", block="pooled", patch=16, width=6)


def network(*outputs: str) -> ModelProto:
    """Build a network that returns its pictures as tokens."""
    weights = {"shape": np.array([0, -1, 6]), "one": np.array([1]), "base": np.array(9, np.float32)}
    weights |= {"half": np.array(0.5, np.float32), "pair": np.array([4, 9], np.float32)}
    nodes = [
        node("Reshape", ["input", "shape"], ["hidden"]),
        node("ReduceMax", ["hidden", "one"], ["pooler"], keepdims=0),
        node("Pow", ["base", "half"], ["root"]),
        node("Pow", ["pair", "half"], ["roots"]),
    ]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def test_the_first_token_stands_for_the_picture_without_a_vector_of_its_own() -> None:
    model = network("hidden", "pooler")
    found = add_token_outputs(model, CLASS)
    assert (found.map, found.prefix, found.block, found.width, found.vector_width) == ("hidden", 1, "class_token", 6, 6)
    assert [output.name for output in model.graph.output] == [found.embedding, "hidden"]
    gather = next(each for each in model.graph.node if found.embedding in each.output)
    assert (gather.op_type, gather.input[0]) == ("Gather", "hidden")
    assert dict(found.blocks) == {"head": (0, 6), "class_token": (6, 12)}


def test_a_vector_of_its_own_is_taken() -> None:
    model = network("hidden", "pooler", "roots")
    found = add_token_outputs(model, POOLED)
    assert (found.embedding, found.map, found.prefix, found.block) == ("pooler", "hidden", 0, "pooled")
    assert [output.name for output in model.graph.output] == ["pooler", "hidden"]


def test_powers_of_single_constants_are_folded() -> None:
    model = network("hidden", "roots")
    add_token_outputs(model, CLASS)
    kinds = {each.output[0]: each.op_type for each in model.graph.node}
    assert (kinds["root"], kinds["roots"]) == ("Constant", "Pow")
    constant = next(each for each in model.graph.node if each.output[0] == "root")
    assert numpy_helper.to_array(constant.attribute[0].t) == 3


@pytest.mark.parametrize(
    ("outputs", "layout", "missing"),
    [(("pooler",), CLASS, "hidden"), (("hidden",), POOLED, "pooler"), (("roots",), POOLED, "hidden and pooler")],
)
def test_missing_outputs_are_named(outputs: tuple[str, ...], layout: TokenLayout, missing: str) -> None:
    with pytest.raises(NoFeatures, match=f"returns {', '.join(outputs)}, and not {missing}"):
        add_token_outputs(network(*outputs), layout)


@pytest.mark.parametrize(
    ("layout", "tokens", "fits"),
    [(CLASS, 257, True), (CLASS, 2, True), (CLASS, 256, False), (POOLED, 196, True), (POOLED, 197, False)],
)
def test_the_patches_are_a_square(layout: TokenLayout, tokens: int, fits: bool) -> None:
    found = add_token_outputs(network("hidden", "pooler"), layout)
    shapes = {"hidden": (-1, tokens, 6)}
    if fits:
        assert count_tokens(found, shapes) == replace(found, tokens=tokens)
    else:
        with pytest.raises(NoFeatures, match="tokens of patches, not as many along both sides"):
            count_tokens(found, shapes)
