"""Safe pickle parser that reads plain values and integer arrays.

Nothing in the file is imported or called. Python's unpickler runs the callables that a pickle names, and its memo and
buffers may claim any amount of memory. This one supports the opcodes of containers, text, bytes and numbers, and the
few names that NumPy arrays are pickled with.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from discern.errors import DamagedPicture, NotAPicture

# CIFAR-100's largest file has some 400,000; unlimited, a hostile file of repeated opcodes would take an hour.
_MAX_OPCODES = 4_000_000
_FAILURES = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)
_INTEGERS = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8")
_BYTE_ORDERS = ("|", "=", "<", ">")
_REMEDY = "Copy or download the file again, or leave it out."


def begins_pickle(start: bytes) -> bool:
    """Return True if the first bytes of a file are those of a pickled dictionary."""
    return (start[:1] == b"\x80" and b"\x02" <= start[1:2] <= b"\x05") or start.startswith((b"(d", b"}q"))


def read_pickle(data: bytes) -> dict[str, Any]:
    """Parse a pickled dictionary of plain values without executing it.

    Returns:
        Values by key: None, bool, int, float, str, bytes (also for str of Python 2), list, tuple, dict and NumPy
        integer arrays.

    Raises:
        NotAPicture: the pickle is not a dictionary, or contains other objects, which are neither imported nor called.
        DamagedPicture: the pickle is truncated or invalid.
    """
    machine = _Machine()
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if step > _MAX_OPCODES:
                raise NotAPicture(f"This pickle has more than {_MAX_OPCODES:,} opcodes.", hint=_REMEDY)
            machine.execute(opcode.name, argument)
        (found,) = machine.stack
        if not isinstance(found, dict):
            raise NotAPicture(f"This pickle contains a {type(found).__name__} instead of a dictionary.", hint=_REMEDY)
        return {_text(name): _plain(value) for name, value in found.items()}
    except _FAILURES as error:
        raise DamagedPicture(f"This pickle is damaged: {error}.", hint=_REMEDY) from error


@dataclass(slots=True)
class _Array:
    shape: tuple[int, ...] = ()
    dtype: "_DType | None" = None
    order: str = "C"
    raw: bytes = b""

    def values(self) -> np.ndarray:
        if self.dtype is None:
            raise ValueError("an array without a dtype")
        return np.frombuffer(self.raw, self.dtype.numpy).reshape([int(side) for side in self.shape], order=self.order)  # type: ignore[call-overload,no-any-return]


@dataclass(slots=True)
class _DType:
    code: str
    byte_order: str = "|"

    @property
    def numpy(self) -> np.dtype[Any]:
        if self.code not in _INTEGERS or self.byte_order not in _BYTE_ORDERS:
            raise ValueError(f"an array of dtype {self.byte_order}{self.code}, which is not an integer type")
        return np.dtype(self.byte_order + self.code)


@dataclass(frozen=True, slots=True)
class _Name:
    """Placeholder for a name in a pickle, which is never imported."""

    make: Callable[..., Any]


def _bytes(text: str, encoding: str) -> bytes:
    if _text(encoding) not in ("latin1", "latin-1"):
        raise ValueError(f"the encoding {encoding} is not supported")
    return text.encode("latin-1")


def _array(raw: bytes, dtype: _DType, shape: tuple[int, ...], order: str) -> _Array:
    return _Array(shape, dtype, _text(order), raw)


_NAMES = {
    "numpy ndarray": _Name(_Array),
    "numpy dtype": _Name(lambda code, *_: _DType(_text(code))),
    "numpy.core.multiarray _reconstruct": _Name(lambda *_: _Array()),
    "numpy._core.multiarray _reconstruct": _Name(lambda *_: _Array()),
    "numpy.core.numeric _frombuffer": _Name(_array),
    "numpy._core.numeric _frombuffer": _Name(_array),
    "_codecs encode": _Name(_bytes),
    "__builtin__ bytes": _Name(lambda: b""),  # as Python 3 writes empty bytes for Python 2
}


@dataclass(slots=True)
class _Machine:
    """Stack machine that executes the supported pickle opcodes."""

    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def execute(self, opcode: str, argument: Any) -> None:
        """Execute one pickle opcode."""
        if opcode in _PUSHED:
            self.stack.append(argument)
        elif opcode in _OLD_TEXT:
            self.stack.append(argument.encode("latin-1"))
        elif opcode in _OPCODES:
            _OPCODES[opcode](self, argument)
        else:
            raise NotAPicture(f"This pickle uses the opcode {opcode}, which plain data do not need.", hint=_REMEDY)

    def pop(self) -> Any:
        return self.stack.pop()

    def above_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def last(self, count: int) -> list[Any]:
        values = [self.stack.pop() for _ in range(count)]
        return values[::-1]

    def name(self, name: str) -> None:
        if name not in _NAMES:
            dotted = name.replace(" ", ".")
            raise NotAPicture(
                f"This pickle refers to {dotted}, which is not needed for pictures and was not run.", hint=_REMEDY
            )
        self.stack.append(_NAMES[name])

    def call(self) -> None:
        name, arguments = self.last(2)
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise TypeError("it calls a value that is not callable")
        self.stack.append(name.make(*arguments))

    def build(self) -> None:
        state = self.pop()
        target = self.stack[-1]
        if isinstance(target, _Array):
            _, target.shape, target.dtype, fortran, target.raw = state
            target.order = "F" if fortran else "C"
        elif isinstance(target, _DType):
            target.byte_order = _text(state[1])
        else:
            raise TypeError("it sets the state of a plain value")

    def extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("it appends to a value that is not a list")
        self.stack[-1].extend(values)

    def update(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise TypeError("it adds a key to a value that is not a dictionary")
        self.stack[-1].update(_pairs(values))


def _pairs(values: list[Any]) -> dict[Any, Any]:
    if not all(isinstance(key, str | bytes | int) for key in values[::2]):
        raise TypeError("a key is neither text nor a number")
    return dict(zip(values[::2], values[1::2], strict=True))


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    return value.values() if isinstance(value, _Array) else value


_PUSHED = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
_PUSHED |= {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_PUSHED |= {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_OLD_TEXT = {"STRING", "BINSTRING", "SHORT_BINSTRING"}
_Opcode = Callable[[_Machine, Any], object]
_CONSTANTS: dict[str, _Opcode] = {
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
}
_CONTAINERS: dict[str, _Opcode] = {
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(tuple(machine.last(1))),
    "TUPLE2": lambda machine, _: machine.stack.append(tuple(machine.last(2))),
    "TUPLE3": lambda machine, _: machine.stack.append(tuple(machine.last(3))),
    "DICT": lambda machine, _: machine.stack.append(_pairs(machine.above_mark())),
    "APPEND": lambda machine, _: machine.extend(machine.last(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.above_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.above_mark()),
}
_MEMO: dict[str, _Opcode] = {
    **dict.fromkeys(
        ("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, at: machine.memo.__setitem__(at, machine.stack[-1])
    ),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, at: machine.stack.append(machine.memo[at])),
    "MEMOIZE": lambda machine, _: machine.memo.__setitem__(len(machine.memo), machine.stack[-1]),
}
_OBJECTS: dict[str, _Opcode] = {
    "GLOBAL": lambda machine, name: machine.name(name),
    "STACK_GLOBAL": lambda machine, _: machine.name(" ".join(machine.last(2))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}
_FRAMES: dict[str, _Opcode] = dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None)
_OPCODES = _CONSTANTS | _CONTAINERS | _MEMO | _OBJECTS | _FRAMES
