"""Forged graphs that are wired wrongly, or have other inputs and outputs than they must."""

from collections.abc import Callable

import onnx
from onnx import TensorProto, helper

from tests.attacks.forged_bundle import ForgedGraph, computing, on_model, table, tensor_value

FLOAT = TensorProto.FLOAT


def _add(*nodes: onnx.NodeProto) -> Callable[[bytes], bytes]:
    return on_model(lambda model: model.graph.node.extend(nodes))


def _redeclared(name: str, dtype: int = FLOAT, shape: tuple[int | str | None, ...] | None = None):
    """Return a change that declares another type or shape for an output."""

    def act(model: onnx.ModelProto) -> None:
        output = next(value for value in model.graph.output if value.name == name)
        output.type.tensor_type.elem_type = dtype
        if shape is not None:
            output.CopyFrom(tensor_value(name, dtype, shape))

    return on_model(act)


def _produced(name: str, dtype: int) -> Callable[[bytes], bytes]:
    """Return a change that computes and declares another type for an output."""

    def act(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            for names in (node.input, node.output):
                for place, each in enumerate(names):
                    if each == name:
                        names[place] = f"{name}/float"
        model.graph.node.append(helper.make_node("Cast", [f"{name}/float"], [name], to=dtype))
        next(value for value in model.graph.output if value.name == name).type.tensor_type.elem_type = dtype

    return on_model(act)


def _without_output(model: onnx.ModelProto) -> None:
    kept = [value for value in model.graph.output if value.name != "embedding"]
    del model.graph.output[:]
    model.graph.output.extend(kept)


def _other_input(dtype: int, shape: tuple[int | str, ...], *, name: str = "pixels") -> Callable[[bytes], bytes]:
    return on_model(lambda model: model.graph.input[0].CopyFrom(tensor_value(name, dtype, shape)))


def _sequence_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.CopyFrom(helper.make_sequence_type_proto(helper.make_tensor_type_proto(2, ["N"])))


def _optional_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.CopyFrom(helper.make_optional_type_proto(helper.make_tensor_type_proto(2, ["N"])))


def _reversed(model: onnx.ModelProto) -> None:
    nodes = list(reversed(model.graph.node))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


READS = "before|not|unknown|computed|defined|read|order|name"
SIGNATURE = "input|output|takes|returns|pixels|embedding|match|type|float32"
WIRING: tuple[ForgedGraph, ...] = (
    *table(
        "wiring",
        {
            "a circle": (
                _add(helper.make_node("Add", ["p", "q"], ["q"]), helper.make_node("Identity", ["q"], ["p"])),
                READS,
            ),
            "a node that reads itself": (_add(helper.make_node("Relu", ["x"], ["x"])), READS),
            "a result that nobody computes": (_add(helper.make_node("Relu", ["nothing"], ["x"])), READS),
            "nodes in the wrong order": (on_model(_reversed), READS),
            "one name for two results": (
                _add(helper.make_node("Relu", ["embedding"], ["x"]), helper.make_node("Neg", ["embedding"], ["x"])),
                f"{READS}|twice",
            ),
            "two outputs of one name": (_add(helper.make_node("Split", ["embedding"], ["x", "x"])), f"{READS}|twice"),
            "a node in place of the input": (
                _add(helper.make_node("Identity", ["embedding"], ["pixels"])),
                f"{READS}|twice",
            ),
            "a node without outputs": (_add(helper.make_node("Relu", ["embedding"], [])), f"{READS}|Relu|output"),
            "a node without inputs": (_add(helper.make_node("Relu", [], ["x"])), f"{READS}|Relu|input"),
            "a node with a thousand inputs": (
                _add(helper.make_node("Relu", ["embedding"] * 1000, ["x"])),
                "Relu|input",
            ),
            "a required input left out": (_add(helper.make_node("Add", ["embedding", ""], ["x"])), "Add|input"),
            "an operator that does not exist": (
                _add(helper.make_node("Steal", ["embedding"], ["x"])),
                "Steal|operator",
            ),
            "an operator of no name": (_add(helper.make_node("", ["embedding"], ["x"])), "operator|name"),
            "an operator with its domain in its name": (
                _add(helper.make_node("com.microsoft.Gelu", ["embedding"], ["x"])),
                "operator",
            ),
            "an attribute that does not exist": (
                _add(helper.make_node("Relu", ["embedding"], ["x"], alpha=1.0)),
                "Relu|attribute",
            ),
            "an attribute of another type": (
                _add(helper.make_node("Cast", ["embedding"], ["x"], to="float")),
                "Cast|attribute",
            ),
            "an attribute given twice": (
                on_model(lambda model: model.graph.node[0].attribute.extend(list(model.graph.node[0].attribute))),
                "attribute|twice",
            ),
            "an axis out of range": (
                computing(lambda a: a.add("Concat", a.zeros(2, 2), a.zeros(2, 2), axis=9)),
                "axis|Concat",
            ),
            "a permutation out of range": (
                computing(lambda a: a.add("Transpose", a.zeros(2, 2), perm=[0, 2**40])),
                "perm|ax[ei]s|Transpose",
            ),
            "indices out of range": (
                computing(lambda a: a.add("Gather", a.zeros(2, 2), a.constant([2**40]))),
                "Gather|ind|range",
            ),
            "shapes that do not fit": (computing(lambda a: a.add("Add", a.zeros(2), a.zeros(3))), "Add|shape|size|fit"),
            "products that do not fit": (
                computing(lambda a: a.add("MatMul", a.zeros(2, 3), a.zeros(2, 3))),
                "MatMul|shape|size|fit",
            ),
            "a shape of other content": (
                computing(lambda a: a.add("Reshape", a.zeros(6), a.constant([4, 4]))),
                "Reshape|shape|size|fit",
            ),
            "two sizes left open": (
                computing(lambda a: a.add("Reshape", a.zeros(6), a.constant([-1, -1]))),
                "Reshape|shape|size|open",
            ),
        },
    ),
    *table(
        "inputs and outputs",
        {
            "no embedding": (on_model(_without_output), SIGNATURE),
            "an embedding of integers": (_produced("embedding", TensorProto.INT64), SIGNATURE),
            "an embedding of doubles": (_produced("embedding", TensorProto.DOUBLE), SIGNATURE),
            "an embedding of strings": (_produced("embedding", TensorProto.STRING), f"{SIGNATURE}|string|Cast"),
            "an embedding declared as integers": (_redeclared("embedding", TensorProto.INT64), SIGNATURE),
            "an embedding declared with other axes": (_redeclared("embedding", shape=("N", 2, 2, 7)), SIGNATURE),
            "an output that nobody computes": (
                on_model(lambda model: model.graph.output.append(tensor_value("ghost", FLOAT, ["N"]))),
                f"{SIGNATURE}|ghost",
            ),
            "an output more": (
                on_model(lambda model: model.graph.output.append(tensor_value("pixels", TensorProto.UINT8, ["N"]))),
                SIGNATURE,
            ),
            "an output twice": (
                on_model(lambda model: model.graph.output.append(model.graph.output[0])),
                f"{SIGNATURE}|twice",
            ),
            "an input more": (
                on_model(lambda model: model.graph.input.append(tensor_value("key", FLOAT, ["N"]))),
                SIGNATURE,
            ),
            "no input": (on_model(lambda model: model.graph.input.__delitem__(slice(None))), f"{SIGNATURE}|not"),
            "another name for the input": (
                _other_input(TensorProto.UINT8, ("N", 32, 32, 3), name="images"),
                f"{SIGNATURE}|not",
            ),
            "floats as input": (_other_input(FLOAT, ("N", 32, 32, 3)), SIGNATURE),
            "strings as input": (_other_input(TensorProto.STRING, ("N", 32, 32, 3)), SIGNATURE),
            "a fixed number of pictures": (_other_input(TensorProto.UINT8, (7, 32, 32, 3)), f"{SIGNATURE}|number"),
            "pictures of any size": (_other_input(TensorProto.UINT8, ("N", "S", "S", 3)), f"{SIGNATURE}|size"),
            "pictures of negative size": (_other_input(TensorProto.UINT8, ("N", -4, -4, 3)), f"{SIGNATURE}|size"),
            "pictures of one length for all axes": (
                _other_input(TensorProto.UINT8, ("N", "N", "N", 3)),
                f"{SIGNATURE}|size",
            ),
            "oblong pictures": (_other_input(TensorProto.UINT8, ("N", 32, 16, 3)), f"{SIGNATURE}|size"),
            "a sequence as input": (on_model(_sequence_input), SIGNATURE),
            "an optional as input": (on_model(_optional_input), SIGNATURE),
            "no graph": (on_model(lambda model: model.ClearField("graph")), f"{SIGNATURE}|graph|read"),
        },
    ),
)
