"""A constant has exactly the data that its shape asks for, in one place, of an allowed type."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.graph_limits import GraphFault
from discern.bundle.graph_safety.onnx_schema import MessageReader
from discern.bundle.graph_safety.stored_tensor import NUMBER_TYPES, StoredTensor, read_tensor
from tests.unit.bundle.graph_safety.test_onnx_schema import field, number


def read(tensor: TensorProto | bytes) -> StoredTensor:
    data = tensor if isinstance(tensor, bytes) else tensor.SerializeToString()
    return read_tensor(MessageReader(data), (0, len(data)))


def tensor(**fields: Any) -> TensorProto:
    return TensorProto(**{"name": "w", "data_type": TensorProto.FLOAT, "dims": [2], **fields})


VALUES = {
    TensorProto.BOOL: [True, False],
    **{kind: [0, 100] for kind in NUMBER_TYPES if kind != TensorProto.BOOL},
    TensorProto.INT64: [-(2**63), 2**63 - 1],
    TensorProto.UINT64: [0, 2**64 - 1],
    TensorProto.INT8: [-128, 127],
    TensorProto.FLOAT: [-0.5, 1e30],
    TensorProto.FLOAT16: [-0.5, 1.5],
}


@pytest.mark.parametrize("kind", NUMBER_TYPES)
def test_the_types_are_those_of_the_onnx_library(kind: int) -> None:
    assert NUMBER_TYPES[kind].dtype == helper.tensor_dtype_to_np_dtype(kind)
    assert NUMBER_TYPES[kind].field == helper.tensor_dtype_to_field(kind)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", NUMBER_TYPES)
def test_short_constants_are_read_in_both_encodings(kind: int, raw: bool) -> None:
    values = np.array(VALUES[kind], NUMBER_TYPES[kind].dtype)
    data = values.tobytes() if raw else values
    stored = read(helper.make_tensor("w", kind, [2, 1], data, raw=raw))
    assert (stored.name, stored.kind, stored.shape, stored.size_in_bytes) == ("w", kind, (2, 1), values.nbytes)
    np.testing.assert_array_equal(stored.values, values.reshape(2, 1))


def test_a_long_constant_is_not_copied() -> None:
    stored = read(numpy_helper.from_array(np.zeros((limits.MAX_KNOWN + 1, 3), np.float32), "w"))
    assert stored.values is None
    assert stored.shape == (limits.MAX_KNOWN + 1, 3)


def test_a_number_and_an_empty_list_are_constants() -> None:
    assert read(numpy_helper.from_array(np.array(5, np.int64))).values == 5
    assert read(numpy_helper.from_array(np.zeros(0, np.float32))).shape == (0,)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"raw_data": bytes(4)}, "data for 1 numbers"),
        ({"raw_data": bytes(12)}, "data for 3 numbers"),
        ({"raw_data": bytes(9)}, "data for 2.25 numbers"),
        ({}, "data for 0 numbers"),
        ({"float_data": [1.0]}, "data for 1 numbers"),
        ({"float_data": [1.0] * 3}, "data for 3 numbers"),
        ({"dims": [2**31, 2**31], "raw_data": bytes(24)}, "data for 6 numbers"),
        ({"dims": [2**31] * 8}, "data for 0 numbers"),
        ({"dims": [2**32, 0]}, "of the shape"),
        ({"dims": [2**62, 2**62, 4]}, "of the shape"),
        ({"dims": [-1]}, "of the shape"),
        ({"dims": [1] * 9, "raw_data": bytes(4)}, "of the shape"),
        ({"raw_data": bytes(8), "float_data": [1.0, 2.0]}, "data in raw_data and float_data"),
        ({"int64_data": [1, 2]}, "data in int64_data"),
        ({"double_data": [1.0, 2.0]}, "data in double_data"),
        ({"data_type": TensorProto.DOUBLE, "float_data": [1.0, 2.0]}, "data in float_data"),
        ({"data_type": TensorProto.STRING, "string_data": [b"a", b"b"]}, "not an array of numbers"),
        ({"raw_data": bytes(8), "string_data": [b"a"]}, "not an array of numbers"),
        ({"raw_data": bytes(8), "segment": {"begin": 0, "end": 2}}, "not an array of numbers"),
        ({"data_type": TensorProto.UNDEFINED, "raw_data": bytes(8)}, "element type 0"),
        ({"data_type": TensorProto.STRING}, "element type 8"),
        ({"data_type": TensorProto.COMPLEX64, "raw_data": bytes(16)}, "element type 14"),
        ({"data_type": TensorProto.INT4, "raw_data": bytes(1)}, "element type 22"),
        ({"data_type": TensorProto.FLOAT8E4M3FN, "raw_data": bytes(2)}, "element type 17"),
        ({"data_type": 99, "raw_data": bytes(8)}, "element type 99"),
    ],
)
def test_a_constant_that_contradicts_itself_is_rejected(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(GraphFault, match=why):
        read(tensor(**fields))


def test_weights_encoded_number_by_number_are_limited() -> None:
    count = limits.MAX_VARINT_BYTES // 8 + 1
    packed = number(1, count) + number(2, TensorProto.INT64) + field(7, b"\x01" * count)
    with pytest.raises(GraphFault, match="number by number"):
        read(packed)
    assert read(number(1, 1000) + number(2, TensorProto.INT64) + field(7, b"\x01" * 1000)).shape == (1000,)


def test_a_packed_list_that_is_cut_off_is_rejected() -> None:
    with pytest.raises(GraphFault, match="cut off"):
        read(number(1, 1) + number(2, TensorProto.FLOAT) + field(4, bytes(5)))
