"""A model is one graph of the standard operators, without functions, subgraphs, training or contradictions."""

from collections.abc import Callable

import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from discern.bundle.graph_safety import find_fault
from tests.unit.bundle.graph_safety.small_graphs import network, node, serialised, weight

Change = Callable[[ModelProto], object]


def changed(change: Change) -> str | None:
    model = network(node("Add", "x", "w"), weights={"w": [1.0] * 8})
    change(model)
    return find_fault(model.SerializeToString())


def _type(model: ModelProto) -> onnx.TypeProto:
    return model.graph.input[0].type


def _function(model: ModelProto) -> None:
    opsets = list(model.opset_import)
    model.functions.append(helper.make_function("", "Own", ["a"], ["b"], [node("Relu", "a", outputs=["b"])], opsets))


def _training(model: ModelProto) -> None:
    model.training_info.add().algorithm.CopyFrom(model.graph)


def _sparse(model: ModelProto) -> None:
    values, places = weight("v", [1.0]), weight("", [0])
    model.graph.sparse_initializer.append(onnx.SparseTensorProto(values=values, indices=places, dims=[8]))


def _branch(model: ModelProto) -> None:
    model.graph.node[-1].attribute.append(helper.make_attribute("body", model.graph))


def _renamed(model: ModelProto) -> None:
    model.graph.node[-1].op_type = "If"
    _branch(model)


def _shown(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = -5


FAULTS: dict[str, tuple[Change, str]] = {
    "functions": (_function, "contains functions"),
    "a training": (_training, "contains steps of a training"),
    "several devices": (lambda m: m.configuration.add(name="two"), "is split over several devices"),
    "sparse weights": (_sparse, "contains sparse weights"),
    "a branch": (_renamed, "uses the operator If, which is not allowed"),
    "a subgraph of an allowed operator": (_branch, "the attribute body, which is not allowed"),
    "another domain": (lambda m: m.opset_import.add(domain="com.microsoft", version=1), "beyond the standard ones"),
    "classical learning": (lambda m: m.opset_import.add(domain="ai.onnx.ml", version=3), "of ai.onnx.ml"),
    "an operator of another domain": (
        lambda m: setattr(m.graph.node[-1], "domain", "com.microsoft"),
        "of com.microsoft",
    ),
    "an unknown domain of an operator": (lambda m: setattr(m.graph.node[-1], "domain", "ai.onnx.ml"), "beyond"),
    "an overload": (lambda m: setattr(m.graph.node[-1], "overload", "fast"), "of another implementation"),
    "a device": (lambda m: m.graph.node[-1].device_configurations.add(), "of another implementation or device"),
    "two opsets": (lambda m: m.opset_import.add(domain="", version=13), "two opsets"),
    "two names of a domain": (lambda m: m.opset_import.add(domain="ai.onnx", version=18), "two opsets"),
    "no opset": (lambda m: m.ClearField("opset_import"), "uses opset 0, not one of 13 to 25"),
    "an old opset": (lambda m: setattr(m.opset_import[0], "version", 12), "uses opset 12"),
    "a new opset": (lambda m: setattr(m.opset_import[0], "version", 2**62), "uses opset 4611686018427387904"),
    "a negative opset": (lambda m: setattr(m.opset_import[0], "version", -18), "uses opset -18"),
    "an old format": (lambda m: setattr(m, "ir_version", 3), "format version 3"),
    "a new format": (lambda m: setattr(m, "ir_version", 14), "format version 14"),
    "no format": (lambda m: m.ClearField("ir_version"), "format version 0"),
    "no graph": (lambda m: m.ClearField("graph"), "it is empty"),
    "no inputs": (lambda m: m.graph.ClearField("input"), "the inputs none"),
    "two inputs": (
        lambda m: m.graph.input.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, ["N", 2])),
        "the inputs pixels, b",
    ),
    "an input twice": (lambda m: m.graph.input.append(m.graph.input[0]), "the name pixels twice"),
    "an output twice": (lambda m: m.graph.output.append(m.graph.output[0]), "the name y twice"),
    "a weight twice": (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "the name w twice"),
    "a weight instead of the input": (lambda m: m.graph.initializer.append(weight("pixels", [1])), "pixels"),
    "a weight without a name": (lambda m: m.graph.initializer.append(weight("", [1])), "without a name"),
    "an output without a name": (lambda m: m.graph.output.add().type.CopyFrom(_type(m)), "without a name"),
    "a long name": (lambda m: m.graph.initializer.append(weight("w" * 2000, [1])), "a very long one"),
    "a sequence": (
        lambda m: _type(m).sequence_type.elem_type.tensor_type.CopyFrom(onnx.TypeProto.Tensor(elem_type=1)),
        "something other than an array",
    ),
    "a map": (lambda m: setattr(_type(m).map_type, "key_type", 7), "something other than an array"),
    "no type": (lambda m: m.graph.input[0].ClearField("type"), "something other than an array"),
    "texts": (lambda m: setattr(_type(m).tensor_type, "elem_type", TensorProto.STRING), "element type 8"),
    "no shape": (lambda m: _type(m).tensor_type.ClearField("shape"), "takes pixels of shape []"),
    "a fixed batch": (
        lambda m: setattr(_type(m).tensor_type.shape.dim[0], "dim_value", 1),
        "takes pixels of shape [1, 8, 8, 3]",
    ),
    "a free size": (
        lambda m: setattr(_type(m).tensor_type.shape.dim[1], "dim_param", "S"),
        "takes pixels of shape [-1, -1, 8, 3]",
    ),
    "an empty size": (lambda m: setattr(_type(m).tensor_type.shape.dim[1], "dim_value", 0), "[-1, 0, 8, 3]"),
    "a negative size": (_shown, "an axis of negative length"),
    "a huge size": (
        lambda m: setattr(_type(m).tensor_type.shape.dim[1], "dim_value", 2**40),
        "takes pictures of 26,388,279,066,624 bytes",
    ),
    "nine axes": (lambda m: _type(m).tensor_type.shape.dim.extend([_axis(1)] * 5), "of the shape"),
    "an attribute twice": (
        lambda m: m.graph.node[0].attribute.append(m.graph.node[0].attribute[0]),
        "the same attribute twice",
    ),
}


def _axis(length: int) -> onnx.TensorShapeProto.Dimension:
    return onnx.TensorShapeProto.Dimension(dim_value=length)


@pytest.mark.parametrize("name", FAULTS)
def test_a_model_that_is_not_one_plain_graph_is_rejected(name: str) -> None:
    change, why = FAULTS[name]
    assert why in str(changed(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: None,
        lambda m: setattr(m.opset_import[0], "domain", "ai.onnx"),
        lambda m: setattr(m.graph.node[-1], "domain", "ai.onnx"),
        lambda m: setattr(m.graph.node[-1], "overload", ""),
        lambda m: setattr(m, "ir_version", 4),
        lambda m: m.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [8])),
        lambda m: m.metadata_props.add(key="author", value="someone"),
        lambda m: m.graph.output[0].type.tensor_type.shape.dim.extend([onnx.TensorShapeProto.Dimension()] * 4),
    ],
)
def test_a_plain_graph_is_accepted_in_the_forms_that_exporters_write(change: Change) -> None:
    assert changed(change) is None


def test_a_weight_that_is_declared_as_another_input_is_rejected() -> None:
    for shape, kind in (([9], TensorProto.FLOAT), ([8], TensorProto.INT64), (["N"], TensorProto.FLOAT)):
        fault = changed(lambda m, s=shape, k=kind: m.graph.input.append(helper.make_tensor_value_info("w", k, s)))
        assert fault == "declares the weight w as an input of another type or shape"


@pytest.mark.parametrize(
    ("attribute", "why"),
    [
        (helper.make_attribute("axis", 1.0), "of another type than int"),
        (helper.make_attribute("axis", [1, 2]), "of another type than int"),
        (helper.make_attribute("axis", "one"), "of another type than int"),
        (helper.make_attribute("axis", weight("t", [1])), "of another type than int"),
        (onnx.AttributeProto(name="axis", type=onnx.AttributeProto.INT), "of another type than int"),
        (onnx.AttributeProto(name="axis", i=1), "of another type than int"),
        (onnx.AttributeProto(name="axis", i=1, type=onnx.AttributeProto.FLOAT), "of another type than int"),
        (onnx.AttributeProto(name="axis", i=1, f=1.0, type=onnx.AttributeProto.INT), "of another type than int"),
        (onnx.AttributeProto(name="axis", ref_attr_name="a", type=onnx.AttributeProto.INT), "another type than int"),
        (onnx.AttributeProto(name="", i=1, type=onnx.AttributeProto.INT), "the attribute , which is not allowed"),
        (helper.make_attribute("mode", 1), "the attribute mode, which is not allowed"),
    ],
)
def test_an_attribute_of_another_kind_is_rejected(attribute: onnx.AttributeProto, why: str) -> None:
    softmax = node("Softmax", "x")
    softmax.attribute.append(attribute)
    assert why in str(find_fault(serialised(softmax)))


def test_long_attributes_are_rejected() -> None:
    assert "more than 4096 numbers" in str(find_fault(serialised(node("Transpose", "x", perm=[0] * 5000))))
    assert "more than 1024 letters" in str(find_fault(serialised(node("Gelu", "x", approximate="n" * 2000), opset=20)))


def test_the_number_of_operators_is_limited() -> None:
    nodes = [node("Relu", "x", outputs=[f"r{place}"]) for place in range(16_384)]
    assert find_fault(serialised(*nodes)) == "has more than 16,384 operators"
