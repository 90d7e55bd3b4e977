"""Tensors are read as data, and any other object in the file is rejected before its code could run."""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from discern.errors import BackboneError
from discern.features.backbones.pinned_pickle import read_pinned, read_tensors


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"\x8a\x0a" + value.to_bytes(10, "little", signed=True)


def bundle(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + bundle(*arguments) + b"R"


def ordered(items: Mapping[str, bytes]) -> bytes:
    pairs = b"".join(text(key) + value for key, value in items.items())
    return name("collections", "OrderedDict") + b")R(" + pairs + b"u"


def storage(
    key: str, *, kind: str = "FloatStorage", count: int = 6, label: str = "storage", view: bytes = b"N"
) -> bytes:
    return bundle(text(label), name("torch", kind), text(key), text("cpu"), number(count), view) + b"Q"


def tensor(place: bytes, *, offset: int = 0, shape: Sequence[int] = (2, 3), strides: Sequence[int] = (3, 1)) -> bytes:
    sizes, steps = (bundle(*map(number, values)) for values in (shape, strides))
    return call(name("torch._utils", "_rebuild_tensor_v2"), place, number(offset), sizes, steps, b"\x89", ordered({}))


def system(*, little: bytes = b"\x88") -> bytes:
    return b"}(" + text("little_endian") + little + b"u"


def keys(*values: str) -> bytes:
    return b"](" + b"".join(map(text, values)) + b"e"


def run_of(values: np.ndarray) -> bytes:
    return struct.pack("<q", values.size) + values.tobytes()


def legacy_file(parts: Sequence[bytes], runs: Sequence[np.ndarray]) -> bytes:
    """Build a file in torch's legacy format from five pickles (without first and last opcode) and raw numbers."""
    return b"".join(b"\x80\x02" + part + b"." for part in parts) + b"".join(map(run_of, runs))


NUMBERS = np.arange(6, dtype="<f4")


@pytest.fixture
def parts() -> list[bytes]:
    """Five pickles of a valid file with one tensor, "weight", `[[0, 1, 2], [3, 4, 5]]`."""
    magic, protocol = number(0x1950A86A20F9469CFC6C), number(1001)
    return [magic, protocol, system(), ordered({"weight": tensor(storage("7"))}), keys("7")]


def table_of(value: bytes) -> bytes:
    return ordered({"weight": value})


def test_a_tensor_is_read(parts: list[bytes]) -> None:
    tensors = read_tensors(legacy_file(parts, [NUMBERS]))
    assert list(tensors) == ["weight"]
    assert tensors["weight"].dtype == np.float32
    np.testing.assert_array_equal(tensors["weight"], [[0, 1, 2], [3, 4, 5]])


def test_offset_and_strides_are_applied(parts: list[bytes]) -> None:
    parts[3] = table_of(tensor(storage("7"), offset=1, shape=(2, 2), strides=(1, 3)))
    np.testing.assert_array_equal(read_tensors(legacy_file(parts, [NUMBERS]))["weight"], [[1, 4], [2, 5]])


def test_integers_are_read_and_the_order_is_kept(parts: list[bytes]) -> None:
    count = tensor(storage("9", kind="LongStorage", count=1), shape=(), strides=())
    parts[3] = ordered({"weight": tensor(storage("7")), "batches": count})
    parts[4] = keys("9", "7")
    tensors = read_tensors(legacy_file(parts, [np.array([1 << 40]), NUMBERS]))
    assert list(tensors) == ["weight", "batches"]
    assert tensors["batches"].shape == ()
    assert tensors["batches"] == 1 << 40


def test_two_tensors_may_share_a_storage(parts: list[bytes]) -> None:
    parts[3] = ordered({"a": tensor(storage("7")), "b": tensor(storage("7"), shape=(3,), strides=(2,))})
    np.testing.assert_array_equal(read_tensors(legacy_file(parts, [NUMBERS]))["b"], [0, 2, 4])


def test_tensors_are_read_only(parts: list[bytes]) -> None:
    assert not read_tensors(legacy_file(parts, [NUMBERS]))["weight"].flags.writeable


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("module", ["os", "posix", "nt"])
def test_none_of_the_pickles_can_run_a_command(parts: list[bytes], place: int, module: str, tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    parts[place] = call(name(module, "system"), text(f"echo > {marker}"))
    with pytest.raises(BackboneError, match=f"{module}.system"):
        read_tensors(legacy_file(parts, [NUMBERS]))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("module", "attribute"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("collections", "Counter"),
        ("collections", "OrderedDict.fromkeys"),
        ("torch", "load"),
        ("torch", "DoubleStorage"),
        ("torch._utils", "_rebuild_parameter"),
        ("discern.features.backbones.pinned_pickle", "read_pinned"),
    ],
)
def test_other_names_are_rejected_without_a_call(parts: list[bytes], module: str, attribute: str) -> None:
    parts[3] = table_of(name(module, attribute))
    with pytest.raises(BackboneError, match=attribute):
        read_tensors(legacy_file(parts, [NUMBERS]))


def test_a_command_inside_a_tensor_is_rejected(parts: list[bytes], tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    parts[3] = table_of(tensor(call(name("os", "system"), text(f"echo > {marker}"))))
    with pytest.raises(BackboneError, match=r"os\.system"):
        read_tensors(legacy_file(parts, [NUMBERS]))
    assert not marker.exists()


def test_a_storage_cannot_be_called(parts: list[bytes]) -> None:
    parts[3] = table_of(call(name("torch", "FloatStorage"), number(6)))
    with pytest.raises(BackboneError, match="damaged"):
        read_tensors(legacy_file(parts, [NUMBERS]))


@pytest.mark.parametrize(
    "place",
    [
        storage("7", label="module"),
        storage("7", count=0),
        storage("7", count=-6),
        storage("7", view=number(1)),
        storage("7", count=7),
        storage("8"),
        number(7),
    ],
)
def test_an_invalid_storage_is_rejected(parts: list[bytes], place: bytes) -> None:
    parts[3] = table_of(tensor(place))
    with pytest.raises(BackboneError):
        read_tensors(legacy_file(parts, [NUMBERS]))


@pytest.mark.parametrize(
    "view",
    [
        {"offset": 1},
        {"offset": -1},
        {"shape": (3, 3)},
        {"shape": (2, 3), "strides": (4, 1)},
        {"shape": (2, 3), "strides": (-3, 1)},
        {"shape": (2, -3)},
        {"shape": (0, 3)},
        {"shape": (2,)},
        {"shape": (1 << 62, 1 << 62), "strides": (1, 1)},
    ],
)
def test_a_tensor_beyond_its_storage_is_rejected(parts: list[bytes], view: dict[str, int]) -> None:
    parts[3] = table_of(tensor(storage("7"), **view))
    with pytest.raises(BackboneError):
        read_tensors(legacy_file(parts, [NUMBERS]))


@pytest.mark.parametrize(
    ("place", "part"),
    [
        (0, number(1)),
        (1, number(1002)),
        (2, system(little=b"\x89")),
        (2, number(1)),
        (3, number(1)),
        (3, b"}"),
        (3, table_of(number(1))),
        (4, number(7)),
        (4, keys("7", "7")),
        (4, keys("7", "8")),
        (4, keys("8")),
    ],
)
def test_parts_that_do_not_match_are_rejected(parts: list[bytes], place: int, part: bytes) -> None:
    parts[place] = part
    with pytest.raises(BackboneError):
        read_tensors(legacy_file(parts, [NUMBERS]))


def test_two_lengths_for_one_key_are_rejected(parts: list[bytes]) -> None:
    parts[3] = ordered({"a": tensor(storage("7")), "b": tensor(storage("7", count=8))})
    with pytest.raises(BackboneError, match="does not match"):
        read_tensors(legacy_file(parts, [NUMBERS]))


def test_every_truncation_is_rejected(parts: list[bytes]) -> None:
    whole = legacy_file(parts, [NUMBERS])
    for length in range(len(whole)):
        with pytest.raises(BackboneError):
            read_tensors(whole[:length])


def test_trailing_bytes_are_rejected(parts: list[bytes]) -> None:
    with pytest.raises(BackboneError, match="continues"):
        read_tensors(legacy_file(parts, [NUMBERS]) + b"x")


def test_a_file_with_the_pinned_hash_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"numbers")
    assert read_pinned(path, hashlib.sha256(b"numbers").hexdigest()) == b"numbers"


def test_a_file_with_another_hash_is_rejected_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"numberz")
    with pytest.raises(BackboneError, match=r"have the sha256 .*Install the package with the weights again"):
        read_pinned(path, hashlib.sha256(b"numbers").hexdigest())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"gone\.pth"):
        read_pinned(tmp_path / "gone.pth", "0" * 64)
