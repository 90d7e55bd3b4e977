"""Weights and other constants that a serialised ONNX graph contains."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.graph_limits import GraphFault, printable
from discern.bundle.graph_safety.onnx_schema import MessageReader, Part
from discern.bundle.graph_safety.wire_format import count_varints


class NumberType(NamedTuple):
    """Type of a tensor's elements.

    Attributes:
        code: NumPy's code of the type, little-endian.
        field: field of a tensor that holds such elements one by one.
    """

    code: str
    field: str

    @property
    def dtype(self) -> np.dtype:
        """Return the type as NumPy's."""
        return np.dtype(self.code)


FLOAT, INT64, BOOL = 1, 7, 9
NUMBER_TYPES: Mapping[int, NumberType] = MappingProxyType(
    {
        FLOAT: NumberType("<f4", "float_data"),
        2: NumberType("|u1", "int32_data"),
        3: NumberType("|i1", "int32_data"),
        4: NumberType("<u2", "int32_data"),
        5: NumberType("<i2", "int32_data"),
        6: NumberType("<i4", "int32_data"),
        INT64: NumberType("<i8", "int64_data"),
        BOOL: NumberType("|b1", "int32_data"),
        10: NumberType("<f2", "int32_data"),
        11: NumberType("<f8", "double_data"),
        12: NumberType("<u4", "uint64_data"),
        13: NumberType("<u8", "uint64_data"),
    }
)
"""Element types that graphs may use, by their numbers in ONNX: neither texts nor complex or packed numbers."""

_DATA = ("raw_data", *sorted({kind.field for kind in NUMBER_TYPES.values()}))


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Constant of an ONNX graph, whose data is only copied if it is short.

    Attributes:
        name: its name, empty in an attribute.
        kind: number of its element type in ONNX.
        shape: its shape.
        values: its elements, None if there are many.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    values: np.ndarray | None

    @property
    def size_in_bytes(self) -> int:
        """Return the memory that it takes once it is loaded."""
        return prod(self.shape) * NUMBER_TYPES[self.kind].dtype.itemsize


def read_tensor(reader: MessageReader, part: Part) -> StoredTensor:
    """Read a constant whose data must be exactly as long as its shape says.

    Raises:
        GraphFault: it is not, or the constant is of a type that is not allowed.
    """
    found = reader.read("tensor", part)
    name = found.get("name", "")
    if "string_data" in found or "segment" in found:
        raise GraphFault(f"has a weight {printable(name)} that is not an array of numbers")
    kind, shape = check_type(name, found.get("data_type", 0), found.get("dims", []))
    count = prod(shape)
    fields = [field for field in _DATA if field in found]
    if len(fields) > 1 or not set(fields) <= {"raw_data", NUMBER_TYPES[kind].field}:
        raise GraphFault(f"has a weight {printable(name)} with data in {' and '.join(fields)}")
    stored = _count_stored(reader, found, kind, fields)
    if stored != count:
        raise GraphFault(f"has a weight {printable(name)} of the shape {list(shape)} with data for {stored} numbers")
    values = _read_values(reader, found, kind, fields) if count <= limits.MAX_KNOWN else None
    return StoredTensor(name, kind, shape, None if values is None else values.reshape(shape))


def check_type(name: str, kind: int, shape: list[int]) -> tuple[int, tuple[int, ...]]:
    """Check the element type and shape that a tensor declares, and return them.

    Raises:
        GraphFault: they are not allowed.
    """
    if kind not in NUMBER_TYPES:
        raise GraphFault(f"has a tensor {printable(name)} of the element type {kind}, which is not allowed")
    if len(shape) > limits.MAX_RANK or any(not 0 <= size <= limits.MAX_AXIS for size in shape):
        raise GraphFault(f"has a tensor {printable(name)} of the shape {shape[:9]}")
    return kind, tuple(shape)


def _count_stored(reader: MessageReader, found: dict[str, Any], kind: int, fields: list[str]) -> float:
    """Count the elements for which a tensor has data."""
    size = NUMBER_TYPES[kind].dtype.itemsize
    if not fields:
        return 0
    if fields == ["raw_data"]:
        length = int(found["raw_data"][1] - found["raw_data"][0])
        return length / size if length % size else length // size
    count = 0
    for chunk in found[fields[0]]:
        if not isinstance(chunk, tuple):
            count += 1
        elif fields[0] in ("float_data", "double_data"):
            count, rest = count + (chunk[1] - chunk[0]) // size, (chunk[1] - chunk[0]) % size
            if rest:
                raise GraphFault("cannot be read: it has a list of numbers that is cut off")
        else:
            count += count_varints(reader.data, *chunk)
    if fields[0] not in ("float_data", "double_data"):
        reader.varint_bytes_left -= count * size
        if reader.varint_bytes_left < 0:
            raise GraphFault(f"has more than {limits.MAX_VARINT_BYTES >> 20} MiB of weights encoded number by number")
    return count


def _read_values(reader: MessageReader, found: dict[str, Any], kind: int, fields: list[str]) -> np.ndarray:
    """Read the elements of a small tensor."""
    dtype = NUMBER_TYPES[kind].dtype
    if not fields:
        return np.empty(0, dtype)
    if fields == ["raw_data"]:
        start, end = found["raw_data"]
        stored = reader.data[start:end]
        return np.frombuffer(stored, np.uint8) != 0 if kind == BOOL else np.frombuffer(stored, dtype)
    field, numbers = fields[0], list[Any]()
    wide = {"int32_data": "int32", "int64_data": "int64", "uint64_data": "int64"}.get(field, field)
    for chunk in found[field]:
        numbers += reader.unpack(wide, *chunk) if isinstance(chunk, tuple) else [chunk]
    if kind == BOOL or field in ("float_data", "double_data"):
        return np.array(numbers).astype(dtype)
    mask = (1 << 8 * dtype.itemsize) - 1
    return np.array([number & mask for number in numbers], np.uint64).astype(f"u{dtype.itemsize}").view(dtype)
