"""Unsafe graphs are detected from their bytes, in any valid encoding, and quickly."""

import time

import pytest
from onnx import ModelProto, TensorProto, helper

from discern.bundle.graph_safety import find_fault
from tests.attacks.hostile_bundles import EXTERNAL, disguised, endless, graph, in_two_formats
from tests.unit.bundle.factories import colour_graph


def test_a_valid_graph_is_accepted() -> None:
    assert find_fault(colour_graph()) is None


@pytest.mark.parametrize("name", EXTERNAL)
def test_external_data_is_detected_everywhere(name: str) -> None:
    assert find_fault(EXTERNAL[name]()) == "keeps weights in other files"


def test_loops_and_another_format_are_detected() -> None:
    assert find_fault(endless()) == find_fault(disguised()) == "contains loops"
    assert find_fault(in_two_formats()) == "is not in the ONNX format"


def test_a_graph_in_two_parts_is_read_as_one() -> None:
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
    assert find_fault(invalid) == find_fault(colour_graph() + invalid) == "cannot be read"


def test_names_and_weights_that_look_like_loops_are_accepted() -> None:
    tensor = helper.make_tensor("weight", TensorProto.UINT8, [6], b'"\x04Loop', raw=True)
    assert find_fault(graph(helper.make_node("Identity", ["x"], ["y"], name="Loop"), initial=(tensor,))) is None


def test_large_graphs_are_checked_in_seconds() -> None:
    weights = helper.make_tensor("weight", TensorProto.UINT8, [50_000_000], bytes(50_000_000), raw=True)
    large, many_fields = graph(initial=(weights,)), b"\x0a\x00" * 5_000_000
    start = time.process_time()
    assert find_fault(large) is None
    assert find_fault(many_fields) == "has more than 1,000,000 fields"
    assert time.process_time() - start < 10
