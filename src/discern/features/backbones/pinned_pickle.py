"""Functions that safely read pretrained weights in the legacy format of torch.

Every object but a tensor is rejected, and no code of the file is run.

Such a file is five pickles (magic number, protocol, system, tensors by name, storage keys) and then, for each key, a
little-endian int64 count and the raw numbers, as `torch.save` wrote it before torch 1.6. A pickle may name any function
to be called; this reader knows only the four names that a table of tensors needs, and the storages that they refer to.
"""

import hashlib
import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from discern.errors import BackboneError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_HINT = "Install the package with the weights again."
# Plain strings stand in for torch's classes: nothing can be called on them, and no state can be set.
_STORAGES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_pinned(path: Path, sha256: str) -> bytes:
    """Read a file and check that it has the pinned SHA-256 digest.

    Raises:
        BackboneError: the file cannot be read, or its sha256 (64 hexadecimal digits) is another.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BackboneError(f"The weights {path} cannot be read: {error.strerror}.", hint=_HINT) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise BackboneError(f"The weights {path} have the sha256 {found}, not {sha256}.", hint=_HINT)
    return data


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """Read the named tensors of a file in the legacy format of torch, in file order.

    Args:
        data: content of the whole file.

    Returns:
        Read-only float32 or int64 arrays in the shapes that the file declares.

    Raises:
        BackboneError: the file contains anything but tensors, or its parts do not match.
    """
    stream = io.BytesIO(data)
    magic, protocol, system = (_unpickle(stream) for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL:
        _reject("the file is not in torch's legacy format")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        _reject("the numbers are not little-endian")
    table, keys = _unpickle(stream), _unpickle(stream)
    if not isinstance(table, OrderedDict) or not all(isinstance(tensor, _Tensor) for tensor in table.values()):
        _reject("the file contains other objects than tensors")
    storages = _read_storages(data, stream.tell(), keys, {tensor.storage for tensor in table.values()})
    return {str(name): tensor.view(storages[tensor.storage]) for name, tensor in table.items()}


class _Storage(NamedTuple):
    key: str
    kind: str
    length: int


@dataclass(frozen=True)
class _Tensor:
    """Tensor of a torch file, described by a bounds-checked view of its storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        numbers = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(type(number) is not int or number < 0 for number in numbers):
            _reject(f"a tensor has an impossible shape on storage {self.storage.key}")
        reach = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape or reach >= self.storage.length:
            _reject(f"a tensor extends beyond storage {self.storage.key}")

    def view(self, numbers: np.ndarray) -> np.ndarray:
        steps = [step * numbers.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps, writeable=False)


class _TensorUnpickler(pickle.Unpickler):
    """Unpickler that allows only the names that a table of tensors needs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._rebuild
        if module == "torch" and name in _STORAGES:
            return name
        return _reject(f"the file refers to {module}.{name}")

    def persistent_load(self, reference: Any) -> _Storage:
        label, kind, key, _place, count, view = reference
        if label != "storage" or kind not in _STORAGES or type(count) is not int or count < 1 or view is not None:
            _reject(f"the file contains an unknown reference: {label!r}")
        return _Storage(str(key), kind, count)

    @staticmethod
    def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_training: Any) -> _Tensor:
        if not isinstance(storage, _Storage):
            _reject("a tensor has no storage")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _unpickle(stream: io.BytesIO) -> Any:
    try:
        return _TensorUnpickler(stream).load()
    except BackboneError:
        raise
    except Exception as error:
        raise BackboneError(f"The weights are damaged: {error}.", hint=_HINT) from error


def _read_storages(data: bytes, start: int, keys: Any, expected: set[_Storage]) -> dict[_Storage, np.ndarray]:
    """Read the raw array of each storage key, in order, up to the end of the file."""
    by_key = {storage.key: storage for storage in expected}
    if not isinstance(keys, list) or len(by_key) != len(expected) or sorted(map(str, keys)) != sorted(by_key):
        _reject("the list of storages does not match the tensors")
    storages = {}
    for key in keys:
        storage = by_key[str(key)]
        kind = _STORAGES[storage.kind]
        end = start + 8 + storage.length * kind.itemsize
        if end > len(data) or int.from_bytes(data[start : start + 8], "little") != storage.length:
            _reject(f"storage {key} is shorter or longer than declared")
        storages[storage] = np.frombuffer(data, kind, storage.length, start + 8)
        start = end
    if start != len(data):
        _reject("the file continues after its last storage")
    return storages


def _reject(why: str) -> NoReturn:
    raise BackboneError(f"The weights are rejected: {why}.", hint=_HINT)
