"""Strict decoder of ONNX's protobuf messages, without the onnx and protobuf libraries."""

import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.graph_limits import GraphFault
from discern.bundle.graph_safety.wire_format import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    InvalidEncoding,
    count_varints,
    decode_varint,
    split_fields,
)

Part = tuple[int, int]
"""Start and end of a message, text or packed list within the file."""

# Message -> field number -> name and type, as in onnx.proto; `*` marks repeated fields.
_SCHEMA = {
    "model": {
        1: "ir_version int64", 2: "producer_name text", 3: "producer_version text", 4: "domain text",
        5: "model_version int64", 6: "doc_string text", 7: "graph graph", 8: "opset_import opset*",
        14: "metadata_props pair*", 20: "training_info training*", 25: "functions function*",
        26: "configuration bytes*",
    },
    "opset": {1: "domain text", 2: "version int64"},
    "pair": {1: "key text", 2: "value text"},
    "training": {1: "initialization graph", 2: "algorithm graph", 3: "bindings pair*", 4: "updates pair*"},
    "function": {
        1: "name text", 4: "input text*", 5: "output text*", 6: "attribute text*", 7: "node node*",
        8: "doc_string text", 9: "opset_import opset*", 10: "domain text", 11: "attribute_proto attribute*",
        12: "value_info value*", 13: "overload text", 14: "metadata_props pair*",
    },
    "graph": {
        1: "node node*", 2: "name text", 5: "initializer tensor*", 10: "doc_string text", 11: "input value*",
        12: "output value*", 13: "value_info value*", 14: "quantization_annotation annotation*",
        15: "sparse_initializer sparse*", 16: "metadata_props pair*",
    },
    "annotation": {1: "tensor_name text", 2: "quant_parameter_tensor_names pair*"},
    "node": {
        1: "input text*", 2: "output text*", 3: "name text", 4: "op_type text", 5: "attribute attribute*",
        6: "doc_string text", 7: "domain text", 8: "overload text", 9: "metadata_props pair*",
        10: "device_configurations bytes*",
    },
    "attribute": {
        1: "name text", 2: "f float", 3: "i int64", 4: "s bytes", 5: "t tensor", 6: "g graph", 7: "floats float*",
        8: "ints int64*", 9: "strings bytes*", 10: "tensors tensor*", 11: "graphs graph*", 13: "doc_string text",
        14: "tp type", 15: "type_protos type*", 20: "type int32", 21: "ref_attr_name text",
        22: "sparse_tensor sparse", 23: "sparse_tensors sparse*",
    },
    "sparse": {1: "values tensor", 2: "indices tensor", 3: "dims int64*"},
    "tensor": {
        1: "dims int64*", 2: "data_type int32", 3: "segment bytes", 4: "float_data float_data*",
        5: "int32_data varint_data*", 6: "string_data bytes*", 7: "int64_data varint_data*", 8: "name text",
        9: "raw_data bytes", 10: "double_data double_data*", 11: "uint64_data varint_data*", 12: "doc_string text",
        13: "external_data pair*", 14: "data_location int32", 16: "metadata_props pair*",
    },
    "value": {1: "name text", 2: "type type", 3: "doc_string text", 4: "metadata_props pair*"},
    "type": {
        1: "tensor_type tensor_type", 4: "sequence_type bytes", 5: "map_type bytes", 6: "denotation text",
        7: "opaque_type bytes", 8: "sparse_tensor_type bytes", 9: "optional_type bytes",
    },
    "tensor_type": {1: "elem_type int32", 2: "shape shape"},
    "shape": {1: "dim dim*"},
    "dim": {1: "dim_value int64", 2: "dim_param text", 3: "denotation text"},
}  # fmt: skip
_SCALARS = {
    "int64": VARINT, "int32": VARINT, "float": FIXED32, "float_data": FIXED32, "double_data": FIXED64,
    "varint_data": VARINT,
}  # fmt: skip


_ENGINE_SETTINGS = "ort_config"  # metadata from which ONNX Runtime may take the options of a session


class _Field(NamedTuple):
    name: str
    kind: str
    many: bool
    packed: bool


def _parse(number: int, row: str) -> dict[int, _Field]:
    """Parse a row of the schema, as the field for each tag under which it may be encoded."""
    name, kind = row.split()
    bare = kind.removesuffix("*")
    wire = _SCALARS.get(bare, LENGTH)
    fields = {number << 3 | wire: _Field(name, bare, kind != bare, packed=False)}
    if wire != LENGTH and kind != bare:
        fields[number << 3 | LENGTH] = _Field(name, bare, many=True, packed=True)
    return fields


_FIELDS = {
    message: {tag: field for number, row in rows.items() for tag, field in _parse(number, row).items()}
    for message, rows in _SCHEMA.items()
}
_PARENTS = {
    message: [field for field in fields.values() if field.kind in _SCHEMA] for message, fields in _FIELDS.items()
}
_KEPT = _SCHEMA.keys() - {"pair"}  # nothing needs the metadata again


@dataclass(slots=True)
class MessageReader:
    """Reader of the messages in a serialised ONNX model, each of which is decoded once.

    Attributes:
        data: the serialised model.
        fields_left: number of fields that may still be read.
        text_left: bytes of text that may still be read.
        varint_bytes_left: bytes of weights that may still be read number by number, as decoded.
    """

    data: bytes
    fields_left: int = limits.MAX_FIELDS
    text_left: int = limits.MAX_TEXT_BYTES
    varint_bytes_left: int = limits.MAX_VARINT_BYTES
    _kept: dict[Part, dict[str, Any]] = field(default_factory=dict)

    def read(self, message: str, part: Part) -> dict[str, Any]:
        """Decode one message, without the messages in it.

        Returns:
            Values of the fields present, by name: numbers, texts, lists of these, or the `Part` of a message, of bytes
            or of packed data.

        Raises:
            GraphFault: it is not such a message, or the limits are exceeded.
        """
        if part in self._kept:
            return self._kept[part]
        rows, found = _FIELDS[message], dict[str, Any]()
        for tag, start, end in split_fields(self.data, *part):
            self._count(1)
            field = rows.get(tag)
            if field is None:
                raise InvalidEncoding(f"it has an unknown field, number {tag >> 3} of a {message}, or of another type")
            name, kind, many, packed = field
            if packed:
                found.setdefault(name, []).extend(
                    [(start, end)] if kind.endswith("_data") else self.unpack(kind, start, end)
                )
                continue
            value = self._text(start, end) if kind == "text" else self._value(kind, start, end)
            if many:
                found.setdefault(name, []).append(value)
            elif name in found:
                raise InvalidEncoding(f"it has the field {name} of a {message} twice")
            else:
                found[name] = value
        if message in _KEPT:
            self._kept[part] = found
        return found

    def _count(self, fields: int) -> None:
        self.fields_left -= fields
        if self.fields_left < 0:
            raise GraphFault(f"has more than {limits.MAX_FIELDS:,} fields")

    def unpack(self, kind: str, start: int, end: int) -> list[Any]:
        """Decode a packed list of numbers.

        Raises:
            GraphFault: it has too many, or they are not encoded as they should be.
        """
        step = {FIXED32: 4, FIXED64: 8}.get(_SCALARS[kind])
        count = (end - start) // step if step else count_varints(self.data, start, end)
        if step and (end - start) % step:
            raise InvalidEncoding("it has a list of numbers that is cut off")
        self._count(count)
        values = []
        while start < end:
            value, after = (0, start + step) if step else decode_varint(self.data, start, end)
            values.append(self._value(kind, start, after) if step else self._value(kind, value, 0))
            start = after
        return values

    def _value(self, kind: str, start: int, end: int) -> Any:
        """Return the value of a field from its content, or from the number that `start` is for a varint."""
        if kind not in _SCALARS:
            return start, end
        if kind in ("float", "float_data"):
            return struct.unpack_from("<f", self.data, start)[0]
        if kind == "double_data":
            return struct.unpack_from("<d", self.data, start)[0]
        value = start - (1 << 64) if start >> 63 else start
        if kind == "int32" and not -(1 << 31) <= value < 1 << 31:
            raise InvalidEncoding("it has a number that is too large for its field")
        return value

    def _text(self, start: int, end: int) -> str:
        self.text_left -= end - start
        if self.text_left < 0:
            raise GraphFault(f"has more than {limits.MAX_TEXT_BYTES >> 20} MiB of names and descriptions")
        if 0 in self.data[start:end]:  # where a name ends for libraries in C
            raise InvalidEncoding("it has a name or text with a zero byte")
        try:
            return self.data[start:end].decode()
        except UnicodeDecodeError as error:
            raise InvalidEncoding("it has a text that is not in UTF-8") from error


def check_encoding(reader: MessageReader) -> None:
    """Check the encoding of all messages in a serialised ONNX model, those inside others included.

    External data is rejected in weights, attributes, subgraphs, functions and sparse tensors: it would be read from the
    disk of the machine that runs the graph, and leak through its outputs.

    Raises:
        GraphFault: a message is invalid, too large or too deep, or the model has external data.
    """
    external = False
    # A stack instead of recursion: a forged graph can be nested deeply.
    parts: list[tuple[str, Part, int]] = [("model", (0, len(reader.data)), 0)]
    while parts:
        message, part, depth = parts.pop()
        if depth > limits.MAX_DEPTH:
            raise GraphFault(f"is nested more than {limits.MAX_DEPTH} levels deep")
        found = reader.read(message, part)
        if message == "tensor":
            external |= bool(found.get("external_data") or found.get("data_location"))
        if found.get("key") == _ENGINE_SETTINGS:
            raise GraphFault("contains settings for the inference engine")
        for name, kind, many, _ in _PARENTS[message]:
            if name in found:
                parts += [(kind, each, depth + 1) for each in (found[name] if many else [found[name]])]
    if external:
        raise GraphFault("keeps weights in other files")
