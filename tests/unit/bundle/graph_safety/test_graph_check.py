"""Unsafe graphs are detected from their bytes, in any valid encoding, and quickly."""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from discern.bundle.graph_safety import find_encoding_fault, find_fault, output_shapes, tensor_shapes
from discern.bundle.graph_safety.graph_limits import GraphFault
from tests.attacks.hostile_bundles import EXTERNAL, disguised, endless, graph, in_two_formats
from tests.unit.bundle.factories import colour_graph
from tests.unit.bundle.graph_safety.small_graphs import beside, node, serialised
from tests.unit.bundle.graph_safety.test_onnx_schema import field

MEBI = 1 << 20


def test_a_valid_graph_is_accepted() -> None:
    assert find_fault(colour_graph()) is None


@pytest.mark.parametrize("name", EXTERNAL)
def test_external_data_is_detected_everywhere(name: str) -> None:
    assert find_fault(EXTERNAL[name]()) == "keeps weights in other files"


def test_loops_and_another_format_are_detected() -> None:
    assert find_fault(endless()) == "uses the operator Loop, which is not allowed"
    assert find_fault(disguised()) == "cannot be read: it has a number in an unusual encoding"
    assert find_fault(in_two_formats()) == "is not in the ONNX format"


def test_a_graph_can_be_parsed_before_its_sizes_are_known() -> None:
    open_sizes = onnx.load_from_string(colour_graph())
    for axis in open_sizes.graph.input[0].type.tensor_type.shape.dim:
        axis.ClearField("dim_value")
    assert find_fault(open_sizes.SerializeToString())
    for data in (open_sizes.SerializeToString(), colour_graph()):
        assert find_encoding_fault(data) is None
    for data in (EXTERNAL[next(iter(EXTERNAL))](), disguised(), in_two_formats(), b"", b"\x00"):
        assert find_encoding_fault(data) == find_fault(data)


def test_the_shapes_of_all_tensors_are_known() -> None:
    shapes = tensor_shapes(colour_graph())
    assert shapes["pixels"][0] == -1
    assert output_shapes(colour_graph()).items() <= shapes.items()


def test_a_graph_in_two_parts_is_rejected() -> None:
    both = ModelProto(), ModelProto()
    both[1].graph.initializer.add(name="secret", data_location=TensorProto.EXTERNAL)
    for first, second in (both, both[::-1]):
        assert find_fault(first.SerializeToString() + colour_graph() + second.SerializeToString())


@pytest.mark.parametrize(
    "invalid",
    [
        b"\x00",  # a field of number 0
        b"\x3a",  # a field without a length
        b"\x3a\x05\x0a",  # a field that is longer than the message
        b"\x3b\x3c",  # a group
        b"\x3d\x00",  # a truncated number
        b"\x08" + b"\x80" * 10 + b"\x01",  # an integer that is too long
        b"\xba\x80\x80\x80\x80\x01\x00",  # a tag that is too long, which some decoders truncate
        b"\x3a\x02\x0a\x7f",  # the same inside the graph
    ],
)
def test_an_invalid_protobuf_cannot_be_read(invalid: bytes) -> None:
    for data in (invalid, colour_graph() + invalid):
        assert (find_fault(data) or "").startswith("cannot be read: ")


def test_names_and_weights_that_look_like_loops_are_accepted() -> None:
    tensor = helper.make_tensor("looping", TensorProto.UINT8, [6], b'"\x04Loop', raw=True)
    assert find_fault(graph(helper.make_node("Identity", ["unit"], ["y"], name="Loop"), initial=(tensor,))) is None


CRASHES: dict[str, bytes] = {
    # ONNX Runtime leaves these to the processor, which ends the whole process.
    "the most negative integer by -1": beside(
        node("Div", "a", "b"), weights={"a": [-(2**63)], "b": [-1]}
    ),
    "its remainder": beside(node("Mod", "a", "b"), weights={"a": [-(2**63)], "b": [-1]}),
    "in 32 bits": beside(
        node("Div", "a", "b"), weights={"a": np.array([-(2**31)], np.int32), "b": np.array([-1], np.int32)}
    ),
    "by a pixel less one": beside(
        node("Cast", "pixels", outputs=["whole"], to=TensorProto.INT64),
        node("Sub", "whole", "one", outputs=["below"]),
        node("Div", "a", "below"),
        weights={"a": [-(2**63)], "one": [1]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CRASHES)
def test_a_division_that_would_end_the_process_is_rejected(name: str) -> None:
    assert "divides integers by numbers that are not known to be positive" in str(find_fault(CRASHES[name]))


def test_a_failure_of_the_check_itself_rejects_the_graph() -> None:
    assert find_fault(memoryview(colour_graph())) == "cannot be checked (AttributeError)"  # type: ignore[arg-type]


def _many_nodes(kind: str, *inputs: str) -> bytes:
    nodes = [node(kind, *inputs, outputs=[f"r{place}"]) for place in range(16_000)]
    return beside(*nodes, weights={"a": list(range(64)), "b": [1] * 64, "s": [64]})


def _nested() -> bytes:
    inner = b""
    while len(inner) < 200_000:
        inner = field(5, field(6, field(1, inner)))
    return field(7, field(1, inner))


COSTLY: dict[str, Callable[[], bytes]] = {
    "50 million empty fields": lambda: field(7, b"\x0a\x00" * 50_000_000),
    "20 million numbers, not packed": lambda: field(7, field(5, b"\x25\x00\x00\x00\x00" * 20_000_000)),
    "100 million dimensions": lambda: field(7, field(5, field(1, b"\x01" * 100_000_000))),
    "100 MB of text": lambda: field(6, b"a" * 100_000_000),
    "deep nesting": _nested,
    "as many fields as allowed": lambda: serialised(node("Relu", "x")) + field(14, b"") * 199_900,
    "16,000 sums of 64 numbers": lambda: _many_nodes("Add", "a", "b"),
    "16,000 selections of 64 numbers": lambda: _many_nodes("Gather", "a", "b"),
    "16,000 constants": lambda: _many_nodes("ConstantOfShape", "s"),
    "16,000 operators": lambda: _many_nodes("Relu", "x"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_graph_is_checked_in_bounded_time_and_memory(name: str) -> None:
    data = COSTLY[name]()
    start = time.process_time()
    find_fault(data)
    # Below half a second where it was measured; the limit leaves room for slow machines.
    assert time.process_time() - start < 10


def test_a_large_graph_is_checked_without_copying_its_weights() -> None:
    data = serialised(node("Identity", "x"), weights={"w": np.zeros(100 * MEBI, np.uint8)})
    tracemalloc.start()
    try:
        assert find_fault(data) is None
        assert tracemalloc.get_traced_memory()[1] < 2 * MEBI
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["as many fields as allowed", "16,000 sums of 64 numbers"])
def test_a_costly_graph_takes_little_memory(name: str) -> None:
    data = COSTLY[name]()
    tracemalloc.start()
    try:
        find_fault(data)
        assert tracemalloc.get_traced_memory()[1] < 150 * MEBI
    finally:
        tracemalloc.stop()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_graph_is_accepted_or_rejected_with_a_reason(data: st.DataObject) -> None:
    damaged = bytearray(colour_graph())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=3)):
        damaged[place] = data.draw(st.integers(0, 255))
    fault = find_fault(bytes(damaged))
    # Whatever passes is a model for the onnx library, too.
    assert onnx.load_from_string(bytes(damaged)).graph.node if fault is None else "cannot be checked" not in fault


def test_output_shapes_are_computed_where_they_are_not_declared() -> None:
    shapes = {"probabilities": (-1, 2), "unknown_score": (-1,), "embedding": (-1, 3), "evidence": (-1, 32, 32, 2)}
    assert output_shapes(colour_graph()) == shapes
    with pytest.raises(GraphFault, match="Loop"):
        output_shapes(endless())
