"""Truncated, changed and forged bundles, and other files in their place."""

import hashlib
import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from discern.bundle import archive
from discern.features.testing import colour_backbone
from tests.attacks.hostile import Hostile, Write, file
from tests.unit.bundle.factories import colour_graph, write_small
from tests.unit.catalog.factories import cifar_batch, picture

Members = dict[str, bytes]
DAMAGED, FORMAT, OTHER, UNPROVEN = ("bundle_damaged",), ("bundle_format",), ("bundle",), ("not_verified",)
MEBI = 2**20


@lru_cache
def sound_bundle() -> bytes:
    """Build a valid bundle."""
    with tempfile.TemporaryDirectory() as folder:
        return write_small(Path(folder) / "model.discern").read_bytes()


@lru_cache
def sound_members() -> Members:
    """Read the members of the valid bundle."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.discern"
        path.write_bytes(sound_bundle())
        return archive.unpack(path)


def with_facts(members: Members, /, **facts: Any) -> Members:
    """Change fields of `bundle.json`, as a forger would."""
    return members | {archive.MANIFEST: json.dumps(json.loads(members[archive.MANIFEST]) | facts).encode()}


def with_member(members: Members, name: str, data: bytes) -> Members:
    """Replace the member `name`, and its hash in `bundle.json`."""
    if name == archive.MANIFEST:
        return members | {name: data}
    hashes = json.loads(members[archive.MANIFEST])["members"]
    return with_facts(members | {name: data}, members=hashes | {name: hashlib.sha256(data).hexdigest()})


def forge(name: str, data: bytes) -> bytes:
    """Pack a bundle with one member replaced."""
    return archive.pack(with_member(sound_members(), name, data))


def serialise_arrays(**named: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **named)
    return buffer.getvalue()


def serialise_array(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=True)
    return buffer.getvalue()


def zip_of(files: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
        opened.comment = comment
    return buffer.getvalue()


def rezipped(**options: Any) -> bytes:
    """Zip the valid members in another form, with the right comment."""
    return zip_of(sound_members(), comment=archive.fingerprint(sound_members()).encode(), **options)


def _flipped(data: bytes) -> bytes:
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        for info in opened.infolist():
            changed[info.header_offset + 30 + len(info.filename) + info.file_size // 2] ^= 1
    return bytes(changed)


CHANGED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "one_byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "all_but_one_byte": lambda data: data[:-1],
    "one_byte_more": lambda data: data + b"x",
    "bytes_before": lambda data: b"#!/bin/sh\n" + data,
    "twice": lambda data: data + data,
    "zeros": lambda data: bytes(len(data)),
    "text": lambda data: b"hello",
    "right_names_alone": lambda data: zip_of(dict.fromkeys(archive.MEMBERS, b"")),
    "one_bit": lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    "its_comment": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a_bit_of_each_member": _flipped,
    "a_member_less": lambda data: zip_of({k: v for k, v in sound_members().items() if k != "seen.npy"}),
    "a_member_more": lambda data: zip_of(sound_members() | {"../run.py": b"import os"}),
    "other_order": lambda data: zip_of(
        dict(reversed(sound_members().items())), comment=archive.fingerprint(sound_members()).encode()
    ),
    "deflated_members": lambda data: rezipped(compression=zipfile.ZIP_DEFLATED),
    "other_times": lambda data: rezipped(),
    "a_deflated_bomb": lambda data: zip_of(
        sound_members() | {"CARD.md": bytes(100 * MEBI)}, compression=zipfile.ZIP_DEFLATED
    ),
    "a_pickle": lambda data: cifar_batch(np.zeros((0, 3072), np.uint8), []),
    "a_graph_alone": lambda data: colour_graph(),
    "an_hdf5_file": lambda data: b"\x89HDF\r\n\x1a\n" + bytes(2000),
    "a_safetensors_file": lambda data: struct.pack("<Q", 2**63) + b"{}",
    "a_program": lambda data: b"\x7fELF\2\1\1" + bytes(1000),
}
OTHERS: dict[str, Callable[[], bytes]] = {
    "another_zip": lambda: zip_of({"a.txt": b"hello"}),
    "empty_zip": lambda: zip_of({}),
    "a_picture": lambda: picture(1),
    "a_torch_file": lambda: zip_of(
        {"archive/data.pkl": b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", "archive/version": b"3"}
    ),
    "a_keras_file": lambda: zip_of({"config.json": b"{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n"}),
}
FACTS: dict[str, dict[str, Any]] = {
    "no_labels": {"labels": []},
    "labels_twice": {"labels": ["red", "red"]},
    "numbers_for_labels": {"labels": [1, 2]},
    "null_for_labels": {"labels": None},
    "a_million_labels": {"labels": [str(number) for number in range(1_000_000)]},
    "a_text_for_thresholds": {"thresholds": {"unknown": "high"}},
    "a_list_for_a_threshold": {"thresholds": {"accept": [1]}},
    "null_for_thresholds": {"thresholds": None},
    "nan_as_threshold": {"thresholds": {"unknown": float("nan")}},
    "an_infinite_threshold": {"thresholds": {"unknown": float("inf")}},
    "a_text_for_the_temperature": {"temperature": "warm"},
    "null_for_members": {"members": None},
    "no_members": {"members": {}},
    "null_for_metrics": {"metrics": None},
    "a_list_for_the_backbone": {"backbone": []},
    "an_unknown_fact": {"colour": "red"},
    "no_recipe": {"recipe": None},
    "a_recipe_of_other_keys": {"recipe": {"size": 16}},
}
SIZES = (-1, 0, 10**9, "16", None, True, 1.5)
FORMS = (0, 2, "1", [1], None, True, 1.5, 10**400)
TEXTS = {
    "nothing": b"",
    "half": b"{",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "invalid UTF-8": b"\xff",
    "a deep list": b"[" * 100_000,
    "deep objects": b'{"format":' * 100_000,
    "nan for a format": b'{"format": NaN}',
    "a number of a million digits": b'{"format": ' + b"9" * 1_000_000 + b"}",
    "zeros": bytes(1000),
}


def graph(*nodes: onnx.NodeProto, initial: tuple[TensorProto, ...] = (), domain: str = "") -> bytes:
    """Build a valid graph with additional nodes and initializers."""
    model = onnx.load_from_string(colour_graph())
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(initial)
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    return bytes(model.SerializeToString())


def outside(path: str) -> bytes:
    """Build a graph whose weights are in another file."""
    model = onnx.load_from_string(colour_graph())
    weight = next(one for one in model.graph.initializer if one.name == "weight")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", path), ("offset", "0"), ("length", "24")):
        weight.external_data.add(key=key, value=value)
    return bytes(model.SerializeToString())


def elsewhere(*, located: bool = True, named: bool = True) -> TensorProto:
    """Build a small tensor whose data is in a file of the working directory."""
    tensor = TensorProto(name="secret", dims=[6], data_type=TensorProto.FLOAT)
    if located:
        tensor.data_location = TensorProto.EXTERNAL
    if named:
        tensor.external_data.add(key="location", value="secret.png")
    return tensor


def constant(tensor: TensorProto) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["secret"], value=tensor)


def sparse(tensor: TensorProto) -> onnx.SparseTensorProto:
    places = helper.make_tensor("places", TensorProto.INT64, [6], range(6))
    return onnx.SparseTensorProto(dims=[6], values=tensor, indices=places)


def among_sparse_weights() -> bytes:
    model = onnx.load_from_string(colour_graph())
    model.graph.sparse_initializer.append(sparse(elsewhere()))
    return bytes(model.SerializeToString())


def in_a_branch() -> bytes:
    """Build a graph with external data in a subgraph of a subgraph."""
    output = helper.make_tensor_value_info("secret", TensorProto.FLOAT, [6])
    inner = helper.make_graph([constant(elsewhere())], "inner", [], [output])
    for _ in range(2):
        choice = helper.make_node("If", ["yes"], ["secret"], then_branch=inner, else_branch=inner)
        inner = helper.make_graph([choice], "outer", [], [output])
    return graph(choice, initial=(helper.make_tensor("yes", TensorProto.BOOL, [], [True]),))


def in_a_function() -> bytes:
    model = onnx.load_from_string(colour_graph())
    opsets = list(model.opset_import)
    model.functions.append(helper.make_function("own", "Steal", [], ["secret"], [constant(elsewhere())], opsets))
    return bytes(model.SerializeToString())


def endless() -> bytes:
    """Build a graph that counts to 2^62 before it returns."""
    far, yes = ("far", TensorProto.INT64, [2**62]), ("yes", TensorProto.BOOL, [True])
    turns = helper.make_tensor_value_info("turn", TensorProto.INT64, [])
    goes_on = helper.make_tensor_value_info("goes_on", TensorProto.BOOL, [])
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    inner = helper.make_graph(
        [helper.make_node("Identity", ["goes_on"], ["still"])], "inner", [turns, goes_on], [still]
    )
    loop = helper.make_node("Loop", ["far", "yes"], [], body=inner)
    initial = [helper.make_tensor(name, kind, [], values) for name, kind, values in (far, yes)]
    return graph(loop, initial=tuple(initial))


def huge_constant() -> bytes:
    shape = helper.make_tensor("shape", TensorProto.INT64, [4], [2**15, 2**15, 2**10, 4])
    return graph(helper.make_node("ConstantOfShape", ["shape"], ["much"]), initial=(shape,))


def claimed() -> bytes:
    """Build a graph with an initializer whose declared shape exceeds its data."""
    model = onnx.load_from_string(colour_graph())
    model.graph.initializer[0].dims[:] = [2**31, 2**31]
    return bytes(model.SerializeToString())


def circular() -> bytes:
    return graph(helper.make_node("Add", ["p", "q"], ["p2"]), helper.make_node("Add", ["p2", "p2"], ["p"]))


def disguised() -> bytes:
    """Build the same loop, with the length of its name encoded in two bytes, as protobuf allows."""
    model = onnx.load_from_string(endless())
    loop = model.graph.node.pop().SerializeToString().replace(b'"\x04Loop', b'"\x84\x00Loop')
    return bytes(model.SerializeToString()) + _field(7, _field(1, loop))


def _field(number: int, data: bytes) -> bytes:
    """Encode a length-delimited protobuf field of at most 16383 bytes."""
    return bytes([number << 3 | 2, len(data) & 0x7F | 0x80, len(data) >> 7]) + data


def in_two_formats() -> bytes:
    """Build the start of a file in ORT format that is also valid protobuf, with one long string."""
    return b"\x12\xf3\x07\x00ORTM".ljust(1014, b"\x00")


EXTERNAL: dict[str, Callable[[], bytes]] = {
    "external weights": lambda: graph(initial=(elsewhere(),)),
    "external weights that name no file": lambda: graph(initial=(elsewhere(named=False),)),
    "external weights that do not say so": lambda: graph(initial=(elsewhere(located=False),)),
    "an external constant": lambda: graph(constant(elsewhere())),
    "external constants in a list": lambda: graph(helper.make_node("Run", [], ["x"], values=[elsewhere()])),
    "an external constant in a branch": in_a_branch,
    "an external constant in a function": in_a_function,
    "sparse external weights": among_sparse_weights,
    "a sparse external constant": lambda: graph(
        helper.make_node("Constant", [], ["secret"], sparse_value=sparse(elsewhere()))
    ),
}
GRAPHS: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "nothing": (lambda: b"", DAMAGED),
    "garbage": (lambda: b"garbage", DAMAGED),
    "zeros": (lambda: bytes(1000), DAMAGED),
    "half of it": (lambda: colour_graph()[: len(colour_graph()) // 2], DAMAGED),
    "weights in /etc/passwd": (lambda: outside("/etc/passwd"), DAMAGED),
    "weights outside": (lambda: outside("../secret.png"), DAMAGED),
    "weights in memory": (lambda: outside("*/_ORT_MEM_ADDR_/*"), DAMAGED),
    "an operation of its own": (
        lambda: graph(helper.make_node("Run", ["pixels"], ["x"], domain="evil"), domain="evil"),
        DAMAGED,
    ),
    "an operation that does not exist": (lambda: graph(helper.make_node("Run", ["pixels"], ["x"])), DAMAGED),
    "Python": (
        lambda: graph(helper.make_node("PyOp", ["pixels"], ["x"], domain="ai.onnx.contrib"), domain="ai.onnx.contrib"),
        DAMAGED,
    ),
    "a circle": (circular, DAMAGED),
    "a weight that claims exabytes": (claimed, DAMAGED),
    "the graph of a backbone": (lambda: colour_backbone().graph, DAMAGED),
    "a constant of terabytes": (huge_constant, DAMAGED),
    "a loop without end": (endless, DAMAGED),
    "a loop in disguise": (disguised, DAMAGED),
    "another format": (in_two_formats, DAMAGED),
    **{name: (make, DAMAGED) for name, make in EXTERNAL.items()},
}
GOLDEN = {
    "nothing": b"",
    "garbage": b"garbage",
    "the_beginning_of_a_zip": b"PK\3\4" + bytes(100),
    "one_array": serialise_array(np.zeros(3)),
    "objects": serialise_arrays(picture_0=np.array([{}], object)),
    "no_pictures": serialise_arrays(
        probabilities=np.zeros((0, 2)), unknown_score=np.zeros(0), embedding=np.zeros((0, 4))
    ),
    "invalid_pictures": serialise_arrays(
        picture_0=np.zeros(9, np.uint8),
        probabilities=np.zeros((1, 2)),
        unknown_score=np.zeros(1),
        embedding=np.zeros((1, 4)),
    ),
}
SEEN = {
    "nothing": b"",
    "garbage": b"garbage",
    "objects": serialise_array(np.array([{}], object)),
    "another shape": serialise_array(np.zeros((3, 5), np.uint8)),
    "another dtype": serialise_array(np.zeros((3, 8))),
    "exabytes": serialise_array(np.zeros((2, 8), np.uint8)).replace(b"(2, 8), }         ", b"(99999999999, 8), }"),
    "a header that runs": serialise_array(np.zeros((2, 8), np.uint8)).replace(b"'|u1'", b"id(1)"),
    "a deep header": b"\x93NUMPY\x01\0\xe0\xff" + b"(" * 65_504,
}


def deflated_golden() -> bytes:
    """Build arrays that expand to gigabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened, opened.open("probabilities.npy", "w") as member:
        head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }" % (2**27)
        member.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head) + 1) + head + b"\n")
        for _ in range(512):
            member.write(bytes(2 * MEBI))
    return buffer.getvalue()


def _recipe(size: object) -> Members:
    return with_facts(sound_members(), recipe=json.loads(sound_members()[archive.MANIFEST])["recipe"] | {"size": size})


def _at(act: Callable[[Path], object]) -> Write:
    def write(folder: Path) -> Path:
        act(folder / "model.discern")
        return folder / "model.discern"

    return write


def _bundle(
    kind: str, name: str, make: Callable[[], bytes], outcomes: tuple[str, ...], *, heavy: bool = False
) -> Hostile:
    return Hostile(
        kind=kind, name=name, entry_point="load", write=file("model.discern", make), outcomes=outcomes, heavy=heavy
    )


def _packed(members: Callable[[], Members]) -> Callable[[], bytes]:
    return lambda: archive.pack(members())


def _holes(path: Path) -> None:
    with path.open("wb") as opened:
        opened.truncate(1 << 42)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "nothing": lambda path: None,
    "a pipe": os.mkfifo,
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to("model.discern"),
    "a file of holes": _holes,
}


BUNDLES = (
    *(_bundle("bundle, changed", name, lambda act=act: act(sound_bundle()), DAMAGED) for name, act in CHANGED.items()),
    *(_bundle("another file", name, make, OTHER) for name, make in OTHERS.items()),
    *(
        _bundle("bundle, cut", f"at {n} %", lambda n=n: sound_bundle()[: len(sound_bundle()) * n // 100], DAMAGED)
        for n in range(5, 100, 5)
    ),
    *(
        _bundle("bundle.json", name, _packed(lambda facts=facts: with_facts(sound_members(), **facts)), DAMAGED)
        for name, facts in FACTS.items()
    ),
    *(
        _bundle("bundle.json", f"a recipe of size {size!r}", _packed(lambda size=size: _recipe(size)), DAMAGED)
        for size in SIZES
    ),
    *(
        _bundle(
            "bundle.json",
            f"format {str(form)[:9]}",
            _packed(lambda form=form: with_facts(sound_members(), format=form)),
            (*FORMAT, *DAMAGED),
        )
        for form in FORMS
        if form != 10**400
    ),
    *(
        _bundle("bundle.json", what, _packed(lambda text=text: sound_members() | {archive.MANIFEST: text}), DAMAGED)
        for what, text in TEXTS.items()
    ),
    *(
        _bundle("model.onnx", what, lambda make=make: forge("model.onnx", make()), outcomes)
        for what, (make, outcomes) in GRAPHS.items()
    ),
    *(
        _bundle("golden.npz", what, lambda data=data: forge("golden.npz", data), (*DAMAGED, *UNPROVEN))
        for what, data in GOLDEN.items()
    ),
    _bundle(
        "golden.npz",
        "gigabytes, deflated",
        lambda: forge("golden.npz", deflated_golden()),
        (*DAMAGED, *UNPROVEN),
        heavy=True,
    ),
    *(_bundle("seen.npy", what, lambda data=data: forge("seen.npy", data), DAMAGED) for what, data in SEEN.items()),
    *(
        _bundle("reference.npz", what, lambda data=data: forge("reference.npz", data), DAMAGED)
        for what, data in GOLDEN.items()
    ),
    _bundle("CARD.md", "invalid UTF-8", lambda: forge("CARD.md", b"\xff\xfe\x80"), DAMAGED),
    *(
        Hostile(kind="no file as a bundle", name=what, entry_point="load", write=_at(act), outcomes=OTHER, posix=True)
        for what, act in NO_FILES.items()
    ),
)
