"""Forged graphs that refer to something outside: files, other operators, functions, and control flow."""

from collections.abc import Callable

import onnx
from onnx import AttributeProto, TensorProto, helper

from tests.attacks.forged_bundle import Additions, ForgedGraph, computing, on_model, table, tensor_value
from tests.attacks.hostile_bundles import elsewhere, sparse

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def _add_weights(tensor: Callable[[], TensorProto]) -> Callable[[bytes], bytes]:
    return on_model(lambda model: model.graph.initializer.append(tensor()))


def _add_node(node: Callable[[], onnx.NodeProto]) -> Callable[[bytes], bytes]:
    return on_model(lambda model: model.graph.node.append(node()))


def _attribute(**fields: object) -> Callable[[], onnx.NodeProto]:
    """Return a function that builds a constant with one attribute, of the given fields."""

    def node() -> onnx.NodeProto:
        built = onnx.NodeProto(op_type="Constant", output=["secret"])
        built.attribute.append(AttributeProto(name="value", **fields))
        return built

    return node


def _located(place: str, *, raw: bytes = b"") -> TensorProto:
    tensor = TensorProto(name="secret", dims=[6], data_type=FLOAT, data_location=TensorProto.EXTERNAL, raw_data=raw)
    tensor.external_data.add(key="location", value=place)
    return tensor


def _subgraph(*nodes: onnx.NodeProto, initializers: tuple[TensorProto, ...] = ()) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "inner", [], [tensor_value("secret", FLOAT, [6])], list(initializers))


def _branches(inner: onnx.GraphProto) -> onnx.NodeProto:
    return helper.make_node("If", ["yes"], ["result"], then_branch=inner, else_branch=inner)


def _sparse_places(model: onnx.ModelProto) -> None:
    values = helper.make_tensor("values", FLOAT, [6], [0.0] * 6)
    places = elsewhere()
    places.data_type = INT64
    model.graph.sparse_initializer.append(onnx.SparseTensorProto(dims=[6], values=values, indices=places))


def _training(model: onnx.ModelProto, part: str) -> None:
    getattr(model.training_info.add(), part).CopyFrom(_subgraph(initializers=(elsewhere(),)))


def _function(model: onnx.ModelProto, *nodes: onnx.NodeProto, name: str = "Own", domain: str = "own") -> None:
    """Add a function with one input and one output."""
    model.functions.append(
        helper.make_function(domain, name, ["x"], ["y"], list(nodes), [helper.make_opsetid("", 18)], [])
    )
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))


def _function_default(model: onnx.ModelProto) -> None:
    _function(model, helper.make_node("Identity", ["x"], ["y"]))
    model.functions[0].attribute_proto.append(AttributeProto(name="v", type=AttributeProto.TENSOR, t=elsewhere()))


def _doubling(model: onnx.ModelProto) -> None:
    """Add forty functions, each of which calls the one before twice."""
    _function(model, helper.make_node("Identity", ["x"], ["y"]), name="F0")
    for number in range(1, 40):
        calls = [
            helper.make_node(f"F{number - 1}", ["x"], ["z"], domain="own"),
            helper.make_node(f"F{number - 1}", ["z"], ["y"], domain="own"),
        ]
        model.functions.append(
            helper.make_function(
                "own", f"F{number}", ["x"], ["y"], calls, [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
            )
        )
    model.graph.node.append(helper.make_node("F39", ["pixels"], ["much"], domain="own"))


def _recursive(model: onnx.ModelProto) -> None:
    _function(model, helper.make_node("Own", ["x"], ["y"], domain="own"))
    model.graph.node.append(helper.make_node("Own", ["pixels"], ["much"], domain="own"))


def _declared(domain: str, version: int = 1) -> Callable[[bytes], bytes]:
    return on_model(lambda model: model.opset_import.append(helper.make_opsetid(domain, version)))


def _operator(
    name: str, *inputs: str, domain: str, declare: bool = True, **attributes: object
) -> Callable[[bytes], bytes]:
    def act(model: onnx.ModelProto) -> None:
        model.graph.node.append(helper.make_node(name, list(inputs), ["more"], domain=domain, **attributes))
        if declare:
            model.opset_import.append(helper.make_opsetid(domain, 1))

    return on_model(act)


def _relu_of_own(model: onnx.ModelProto, domain: str) -> None:
    """Redefine a standard operator."""
    _function(model, helper.make_node("Neg", ["x"], ["y"]), name="Relu", domain=domain)


def _if(additions: Additions) -> str:
    inner = _subgraph(helper.make_node("Constant", [], ["secret"], value=helper.make_tensor("v", FLOAT, [6], range(6))))
    yes = additions.constant([True], bool)
    return additions.add("If", yes, then_branch=inner, else_branch=inner)


def _loop(additions: Additions, *, domain: str = "") -> str:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Add", ["sum", "sum"], ["next"])],
        "body",
        [tensor_value("turn", INT64, []), tensor_value("go", BOOL, []), tensor_value("sum", FLOAT, [])],
        [tensor_value("still", BOOL, []), tensor_value("next", FLOAT, [])],
    )
    turns, yes = additions.constant(2**62), additions.constant(True, bool)
    return additions.add("Loop", turns, yes, additions.constant(1, float), body=body, domain=domain)


def _scan(additions: Additions) -> str:
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [tensor_value("x", FLOAT, [])],
        [tensor_value("y", FLOAT, [])],
    )
    return additions.add("Scan", additions.zeros(1 << 10), body=body, num_scan_inputs=1)


def _sequence_map(additions: Additions) -> str:
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [tensor_value("x", FLOAT, [6])],
        [tensor_value("y", FLOAT, [6])],
    )
    sequence = additions.add("SequenceConstruct", additions.zeros(6))
    return additions.add("SequenceAt", additions.add("SequenceMap", sequence, body=body), additions.constant(0))


def _hidden_graph(additions: Additions) -> str:
    """Attach a subgraph to an operator that has none."""
    return additions.add("Identity", additions.zeros(6), body=_subgraph(initializers=(elsewhere(),)))


FILES, WHERE = "external data", "other files"
EXTERNAL_DATA = table(
    FILES,
    {
        "an initializer": (_add_weights(elsewhere), WHERE),
        "an initializer without a file name": (_add_weights(lambda: elsewhere(named=False)), WHERE),
        "an initializer with a file name alone": (_add_weights(lambda: elsewhere(located=False)), WHERE),
        "an absolute path": (_add_weights(lambda: _located("/etc/passwd")), WHERE),
        "a path upwards": (_add_weights(lambda: _located("../../secret.png")), WHERE),
        "an address in memory": (_add_weights(lambda: _located("*/_ORT_MEM_ADDR_/*")), WHERE),
        "the environment": (_add_weights(lambda: _located("/proc/self/environ")), WHERE),
        "an empty path": (_add_weights(lambda: _located("")), WHERE),
        "next to its own data": (_add_weights(lambda: _located("secret.png", raw=bytes(24))), WHERE),
        "a constant": (_add_node(lambda: helper.make_node("Constant", [], ["secret"], value=elsewhere())), WHERE),
        "a constant of undeclared type": (_add_node(_attribute(t=elsewhere())), f"{WHERE}|attribute"),
        "a constant of another type": (
            _add_node(_attribute(t=elsewhere(), i=1, type=AttributeProto.INT)),
            f"{WHERE}|attribute",
        ),
        "a list of tensors": (
            _add_node(_attribute(tensors=[elsewhere()], type=AttributeProto.TENSORS)),
            f"{WHERE}|attribute",
        ),
        "a sparse constant": (
            _add_node(_attribute(sparse_tensor=sparse(elsewhere()), type=AttributeProto.SPARSE_TENSOR)),
            f"{WHERE}|sparse|attribute",
        ),
        "a list of sparse tensors": (
            _add_node(_attribute(sparse_tensors=[sparse(elsewhere())], type=AttributeProto.SPARSE_TENSORS)),
            f"{WHERE}|sparse|attribute",
        ),
        "values of sparse weights": (
            on_model(lambda model: model.graph.sparse_initializer.append(sparse(elsewhere()))),
            f"{WHERE}|sparse",
        ),
        "places of sparse weights": (on_model(_sparse_places), f"{WHERE}|sparse"),
        "an initializer of a branch": (
            _add_node(lambda: _branches(_subgraph(initializers=(elsewhere(),)))),
            f"{WHERE}|subgraph|If",
        ),
        "a constant of a branch": (
            _add_node(lambda: _branches(_subgraph(helper.make_node("Constant", [], ["secret"], value=elsewhere())))),
            f"{WHERE}|subgraph|If",
        ),
        "a list of graphs": (
            _add_node(_attribute(graphs=[_subgraph(initializers=(elsewhere(),))], type=AttributeProto.GRAPHS)),
            f"{WHERE}|subgraph|attribute",
        ),
        "a subgraph of an operator without one": (computing(_hidden_graph), f"{WHERE}|subgraph|attribute"),
        "a node of a function": (
            on_model(lambda model: _function(model, helper.make_node("Constant", [], ["y"], value=elsewhere()))),
            f"{WHERE}|function",
        ),
        "a default of a function": (on_model(_function_default), f"{WHERE}|function"),
        "the initialization of training": (
            on_model(lambda model: _training(model, "initialization")),
            f"{WHERE}|training",
        ),
        "the algorithm of training": (on_model(lambda model: _training(model, "algorithm")), f"{WHERE}|training"),
    },
)
CONTROL_FLOW = table(
    "control flow",
    {
        "a branch": (computing(_if), "If|subgraph"),
        "an endless loop": (computing(_loop), "Loop|subgraph|loops"),
        "an endless loop that nobody needs": (computing(_loop, used=False), "Loop|subgraph|loops"),
        "an endless loop in the other name of the domain": (
            computing(lambda additions: _loop(additions, domain="ai.onnx")),
            "Loop|subgraph|loops",
        ),
        "a scan": (computing(_scan), "Scan|subgraph|loops"),
        "a map over a sequence": (computing(_sequence_map), "Sequence|subgraph"),
        "a sequence": (
            computing(
                lambda additions: additions.add(
                    "SequenceLength", additions.add("SequenceConstruct", additions.zeros(6))
                )
            ),
            "Sequence",
        ),
        "an optional": (
            computing(lambda additions: additions.add("OptionalHasElement", additions.zeros(6))),
            "Optional",
        ),
    },
)
DOMAIN = "domain|operators"
DOMAINS = table(
    "custom domain",
    {
        "com.microsoft": (
            computing(lambda additions: additions.add("FastGelu", additions.zeros(6), domain="com.microsoft")),
            DOMAIN,
        ),
        "com.microsoft, declared": (_operator("Range", "pixels", domain="com.microsoft"), DOMAIN),
        "com.microsoft.nchwc": (_operator("ReorderInput", "pixels", domain="com.microsoft.nchwc"), DOMAIN),
        "ai.onnx.ml": (_operator("Binarizer", "pixels", domain="ai.onnx.ml", threshold=0.5), DOMAIN),
        "ai.onnx.preview.training": (
            _operator("Gradient", "pixels", domain="ai.onnx.preview.training", xs=["pixels"], y="pixels"),
            DOMAIN,
        ),
        "ai.onnx.contrib": (_operator("PyOp", "pixels", domain="ai.onnx.contrib"), DOMAIN),
        "org.pytorch.aten": (_operator("ATen", "pixels", domain="org.pytorch.aten", operator="add"), DOMAIN),
        "a made-up one": (_operator("Steal", "pixels", domain="evil"), DOMAIN),
        "a made-up one, undeclared": (_operator("Relu", "pixels", domain="evil", declare=False), DOMAIN),
        "a space": (_operator("Relu", "pixels", domain=" "), DOMAIN),
        "a standard one and a zero byte": (_operator("Relu", "pixels", domain="ai.onnx\0x"), f"{DOMAIN}|read|name"),
        "capitals": (_operator("Relu", "pixels", domain="AI.ONNX"), DOMAIN),
        "one that is declared alone": (_declared("com.microsoft"), DOMAIN),
        "no standard one": (on_model(lambda model: model.opset_import.__delitem__(slice(None))), "opset|version"),
        "a standard one of the future": (
            on_model(lambda model: setattr(model.opset_import[0], "version", 9999)),
            "opset|version",
        ),
        "a standard one of negative version": (
            on_model(lambda model: setattr(model.opset_import[0], "version", -1)),
            "opset|version",
        ),
        "a standard one of two versions": (_declared("", 7), "opset|version|domain"),
        "a file format of the future": (
            on_model(lambda model: setattr(model, "ir_version", 2**40)),
            "IR|format|version",
        ),
    },
)
FUNCTION = "function|operators beyond"
FUNCTIONS = table(
    "function",
    {
        "of its own": (
            on_model(lambda model: _function(model, helper.make_node("Identity", ["x"], ["y"]))),
            FUNCTION,
        ),
        "in place of a standard operator": (on_model(lambda model: _relu_of_own(model, "")), "function"),
        "in place of a standard operator, by its other name": (
            on_model(lambda model: _relu_of_own(model, "ai.onnx")),
            "function|domain|opset",
        ),
        "that calls itself": (on_model(_recursive), FUNCTION),
        "that doubles forty times": (on_model(_doubling), FUNCTION),
        "with a loop": (
            on_model(lambda model: _function(model, helper.make_node("Loop", ["x", "x"], ["y"]))),
            FUNCTION,
        ),
    },
)
REFERENCES: tuple[ForgedGraph, ...] = (*EXTERNAL_DATA, *CONTROL_FLOW, *DOMAINS, *FUNCTIONS)
