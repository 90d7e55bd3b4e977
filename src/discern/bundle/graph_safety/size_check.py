"""Check of the sizes and the work of a graph, operator by operator, without running it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.allowed_operators import ALLOWED, Operator
from discern.bundle.graph_safety.batch_multiple import describe, per_picture
from discern.bundle.graph_safety.constant_rules import describe_stored
from discern.bundle.graph_safety.graph_limits import GraphFault, OperatorFault, printable
from discern.bundle.graph_safety.graph_reader import Declared, Graph, Node, input_shape, read_attribute
from discern.bundle.graph_safety.onnx_schema import MessageReader
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor
from discern.bundle.graph_safety.stored_tensor import INT64

_PRODUCTS = ("Attention", "Conv", "Einsum", "Gemm", "MatMul")


@dataclass(slots=True)
class _Budget:
    """Memory and work that a graph has used so far, for a batch of one picture."""

    weights: int
    held: int = 0
    computed: int = 0
    constants: int = 0
    work: int = 0
    products: int = 0
    constant_work: int = 0
    known: int = 0
    sizes: dict[str, int] = field(default_factory=dict)

    def spend(self, call: Call, effect: Effect) -> None:
        """Add what one operator takes.

        Raises:
            OperatorFault: it is too much.
        """
        size = sum(tensor.size_in_bytes for tensor in effect.outputs)
        taken = [tensor.elements for tensor in (*call.inputs, *effect.outputs) if tensor]
        work = max(taken) if effect.multiply_adds is None else effect.multiply_adds * effect.slowdown
        self.known += sum(tensor.values.size for tensor in effect.outputs if tensor.values is not None)
        _limit("the numbers computed for sizes", self.known, limits.MAX_KNOWN_IN_ALL)
        if call.kind == "Constant":
            self.weights += size
            return
        if call.constant:
            self.constants += size
            self.constant_work += work
            most = limits.MAX_CONSTANT_FACTOR * self.weights + limits.MAX_EXTRA_CONSTANT_BYTES
            _limit("the bytes of computed constants", self.constants, most)
            _limit("the multiply-adds for constants", self.constant_work, limits.MAX_CONSTANT_MULTIPLY_ADDS)
            return
        self.computed += size
        self.work += work
        self.products += (effect.multiply_adds or 0) * (call.kind in _PRODUCTS)
        for what, needed, most in (
            ("the bytes of one result", size, limits.MAX_TENSOR_BYTES),
            ("the bytes of scratch memory", effect.scratch_bytes, limits.MAX_TENSOR_BYTES),
            ("the bytes of all results", self.computed, limits.MAX_ACTIVATION_BYTES),
            ("the bytes of results held at once", self.held + size, limits.MAX_HELD_BYTES),
            ("the multiply-adds", self.work, limits.MAX_MULTIPLY_ADDS),
        ):
            _limit(what, needed, most, " for one picture")

    def hold(self, name: str, size: int) -> None:
        """Count the memory of a result until it is released."""
        self.sizes[name] = size
        self.held += size

    def release(self, name: str) -> None:
        """Stop counting the memory of a result that no operator still needs."""
        self.held -= self.sizes.pop(name, 0)


def _limit(what: str, size: int, most: int, each: str = "") -> None:
    if size > most:
        raise OperatorFault(f"brings {what} to {size:,}{each}, more than {most:,}")


def check_sizes(graph: Graph, reader: MessageReader) -> dict[str, Tensor]:
    """Check the operators of a graph and the sizes of their results.

    Returns:
        Facts about all tensors, by name.

    Raises:
        GraphFault: an operator is not allowed, or a size is too large or not known before the graph is run.
    """
    return _check(graph, reader)[0]


def count_products(graph: Graph, reader: MessageReader) -> int:
    """Count the multiply-adds of matrix products and convolutions for one picture.

    Raises:
        GraphFault: see `check_sizes`.
    """
    return _check(graph, reader)[1].products


def _check(graph: Graph, reader: MessageReader) -> tuple[dict[str, Tensor], _Budget]:
    taken, shape = input_shape(graph)
    weights = sum(weight.size_in_bytes for weight in graph.weights.values())
    if weights > limits.MAX_WEIGHT_BYTES:
        raise GraphFault(f"has weights of {weights:,} bytes, more than {limits.MAX_WEIGHT_BYTES:,}")
    tensors = {name: describe_stored(weight) for name, weight in graph.weights.items()}
    pixels = tensors[taken.name] = Tensor(taken.kind, shape)
    if pixels.size_in_bytes > limits.MAX_TENSOR_BYTES:
        raise GraphFault(f"takes pictures of {pixels.size_in_bytes:,} bytes, more than {limits.MAX_TENSOR_BYTES:,}")
    uses = Counter(name for node in graph.nodes for name in node.inputs)
    uses.update(output.name for output in graph.outputs)
    budget = _Budget(weights)
    for node in graph.nodes:
        _check_node(node, graph.opset, reader, tensors, budget)
        for name in node.inputs:
            uses[name] -= 1
            if not uses[name]:
                budget.release(name)
    for output in graph.outputs:
        _check_output(output, tensors)
    return tensors, budget


def _check_node(node: Node, opset: int, reader: MessageReader, tensors: dict[str, Tensor], budget: _Budget) -> None:
    operator = ALLOWED.get(node.kind)
    if operator is None:
        raise GraphFault(f"uses the operator {printable(node.kind)}, which is not allowed")
    try:
        call = _prepare(node, operator, opset, reader, tensors)
        effect = operator.effect(call)
        for tensor in effect.outputs:
            longest = max(map(per_picture, tensor.shape), default=0)
            if tensor.rank > limits.MAX_RANK or longest > limits.MAX_AXIS:
                raise OperatorFault(f"has a result of {tensor.rank} axes, the longest of {longest:,}")
        budget.spend(call, effect)
        _record(node, call, effect, tensors, budget)
    except (OperatorFault, GraphFault) as fault:
        raise GraphFault(f"has an operator {node.kind} ({printable(node.name)}) that {fault}") from fault


def _prepare(node: Node, operator: Operator, opset: int, reader: MessageReader, tensors: Mapping[str, Tensor]) -> Call:
    """Read the attributes and inputs of an operator, which must be those that it may have."""
    if not operator.least <= len(node.inputs) <= operator.most or not 1 <= len(node.outputs) <= operator.outputs:
        raise OperatorFault(f"has {len(node.inputs)} inputs and {len(node.outputs)} outputs")
    attributes = dict[str, Any]()
    for name, found in node.attributes.items():
        if name not in operator.attributes:
            raise OperatorFault(f"has the attribute {printable(name)}, which is not allowed")
        attributes[name] = read_attribute(reader, found, operator.attributes[name])
    inputs = list[Tensor | None]()
    for name in node.inputs:
        if name and name not in tensors:
            raise OperatorFault(f"needs {printable(name)} before it is computed")
        inputs.append(tensors[name] if name else None)
    return Call(node.kind, tuple(inputs), attributes, len(node.outputs), opset)


def _record(node: Node, call: Call, effect: Effect, tensors: dict[str, Tensor], budget: _Budget) -> None:
    for name, tensor in zip(node.outputs, effect.outputs, strict=True):
        if name in tensors or len(name) > limits.MAX_NAME_BYTES:
            raise OperatorFault(f"has the result {printable(name)}, a name that is too long or used twice")
        if not (call.constant or tensor.elements or tensor.kind == INT64):
            raise OperatorFault(f"has an empty result of shape {describe(tensor.shape)}")
        if name:
            tensors[name] = Tensor(tensor.kind, tensor.shape, tensor.values, call.constant)
            budget.hold(name, 0 if call.constant else tensor.size_in_bytes)


def _check_output(output: Declared, tensors: Mapping[str, Tensor]) -> None:
    name = printable(output.name)
    if output.name not in tensors:
        raise GraphFault(f"declares the output {name}, which no operator computes")
    found = tensors[output.name]
    shape = output.shape if output.shape is not None else (-1,) * found.rank
    fits = len(shape) == found.rank and all(size in (-1, real) for size, real in zip(shape, found.shape, strict=True))
    if not fits or output.kind != found.kind:
        raise GraphFault(f"declares the output {name} of shape {list(shape)}, but computes {describe(found.shape)}")
