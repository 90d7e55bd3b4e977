"""Reads torch's first file format, as data: tensors are admitted, every other object is refused, and no code runs.

Such a file is five pickles (magic number, protocol, system, tensors by name, storage keys) and then, for each key, a
little-endian int64 count and the raw numbers: what `torch.save` wrote before torch 1.6. A pickle may name any function
to be called; this reader knows only the four names that a table of tensors needs, and the storages they point to.
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
_HINT = "Install the weights again from where they came."
# Plain strings stand in for torch's classes: nothing can be called on them, and no state can be set.
_STORAGES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_pinned(path: Path, sha256: str) -> bytes:
    """The file's bytes, which must be the known ones.

    Raises:
        BackboneError: the file cannot be read, or its sha256 is not the given one (64 hex digits).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BackboneError(f"The weights {path} cannot be read: {error.strerror}.", hint=_HINT) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise BackboneError(f"The weights {path} are not the known ones: sha256 {found}, not {sha256}.", hint=_HINT)
    return data


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """Every tensor of a file in torch's first format, by its name and in the file's order.

    Args:
        data: the whole file.

    Returns:
        Read-only float32 or int64 arrays in the shapes that the file states.

    Raises:
        BackboneError: the file asks for anything but tensors, or its parts do not fit together.
    """
    stream = io.BytesIO(data)
    magic, protocol, system = (_unpickle(stream) for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL:
        _refuse("it is not of torch's first format")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        _refuse("its numbers are not little-endian")
    table, keys = _unpickle(stream), _unpickle(stream)
    if not isinstance(table, OrderedDict) or not all(isinstance(tensor, _Tensor) for tensor in table.values()):
        _refuse("it holds something other than tensors")
    storages = _read_storages(data, stream.tell(), keys, {tensor.storage for tensor in table.values()})
    return {str(name): tensor.view(storages[tensor.storage]) for name, tensor in table.items()}


class _Storage(NamedTuple):
    """A run of raw numbers in the file, as a tensor points to it."""

    key: str
    kind: str
    length: int


@dataclass(frozen=True)
class _Tensor:
    """A shape laid over a storage, checked to stay inside it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        places = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(type(place) is not int or place < 0 for place in places):
            _refuse(f"storage {self.storage.key} is viewed in an impossible shape")
        reach = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if 0 in self.shape or reach >= self.storage.length:
            _refuse(f"a tensor reaches beyond storage {self.storage.key}")

    def view(self, numbers: np.ndarray) -> np.ndarray:
        steps = [step * numbers.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps, writeable=False)


class _TensorUnpickler(pickle.Unpickler):
    """Admits `OrderedDict`, `_rebuild_tensor_v2`, the two storages and the reference to a storage; nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._rebuild
        if module == "torch" and name in _STORAGES:
            return name
        return _refuse(f"it asks for {module}.{name}")

    def persistent_load(self, reference: Any) -> _Storage:
        label, kind, key, _place, count, view = reference
        if label != "storage" or kind not in _STORAGES or type(count) is not int or count < 1 or view is not None:
            _refuse(f"it points to an unknown thing: {label!r}")
        return _Storage(str(key), kind, count)

    @staticmethod
    def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_training: Any) -> _Tensor:
        if not isinstance(storage, _Storage):
            _refuse("a tensor has no storage")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _unpickle(stream: io.BytesIO) -> Any:
    try:
        return _TensorUnpickler(stream).load()
    except BackboneError:
        raise
    except Exception as error:
        raise BackboneError(f"The weights are damaged: {error}.", hint=_HINT) from error


def _read_storages(data: bytes, start: int, keys: Any, wanted: set[_Storage]) -> dict[_Storage, np.ndarray]:
    """The raw numbers that follow the pickles: one run per key, in the order of `keys`, up to the file's end."""
    by_key = {storage.key: storage for storage in wanted}
    if not isinstance(keys, list) or len(by_key) != len(wanted) or sorted(map(str, keys)) != sorted(by_key):
        _refuse("its list of storages does not match its tensors")
    storages = {}
    for key in keys:
        storage = by_key[str(key)]
        kind = _STORAGES[storage.kind]
        end = start + 8 + storage.length * kind.itemsize
        if end > len(data) or int.from_bytes(data[start : start + 8], "little") != storage.length:
            _refuse(f"storage {key} is not as long as its tensors need")
        storages[storage] = np.frombuffer(data, kind, storage.length, start + 8)
        start = end
    if start != len(data):
        _refuse("something follows its last storage")
    return storages


def _refuse(why: str) -> NoReturn:
    raise BackboneError(f"The weights are not used: {why}.", hint=_HINT)
