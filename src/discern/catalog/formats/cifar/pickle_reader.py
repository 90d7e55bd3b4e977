"""Pickles read as data: plain values and arrays of integers, by a machine that has nothing to call.

Python's own unpickler runs what a pickle names, and lets its memo and its buffers claim any amount of memory. This one
knows the instructions for containers, text, bytes and numbers, and a few names that NumPy's arrays are written with.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from discern.errors import DamagedPicture, NotAPicture

# CIFAR-100's largest file has some 400,000; a file of repeated instructions would hold the reader for an hour.
_MOST_STEPS = 4_000_000
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
_REMEDY = "Get the file again from where it came from, or leave it out."


def begins_pickle(start: bytes) -> bool:
    """Tell whether a file begins as a pickled dictionary does."""
    return (start[:1] == b"\x80" and b"\x02" <= start[1:2] <= b"\x05") or start.startswith((b"(d", b"}q"))


def read_pickle(data: bytes) -> dict[str, Any]:
    """Read a pickled dictionary of plain values.

    Returns:
        Its values by name: None, bool, int, float, str, bytes (also for Python 2's text), list, tuple, dict, and
        integer arrays of NumPy.

    Raises:
        NotAPicture: it asks for anything else, which is neither looked up nor run, or is no dictionary.
        DamagedPicture: it ends too early, or is no pickle.
    """
    machine = _Machine()
    try:
        for step, (instruction, argument, _) in enumerate(pickletools.genops(data)):
            if step > _MOST_STEPS:
                raise NotAPicture(f"This pickle has more than {_MOST_STEPS:,} instructions.", hint=_REMEDY)
            machine.follow(instruction.name, argument)
        (found,) = machine.stack
        if not isinstance(found, dict):
            raise NotAPicture(f"This pickle holds a {type(found).__name__}, no dictionary.", hint=_REMEDY)
        return {_text(name): _plain(value) for name, value in found.items()}
    except _FAILURES as error:
        raise DamagedPicture(f"This pickle is damaged: {error}.", hint=_REMEDY) from error


@dataclass(slots=True)
class _Array:
    """What becomes an array once all of it is known."""

    shape: tuple[int, ...] = ()
    kind: "_Kind | None" = None
    order: str = "C"
    raw: bytes = b""

    def values(self) -> np.ndarray:
        if self.kind is None:
            raise ValueError("an array without a type")
        return np.frombuffer(self.raw, self.kind.dtype).reshape([int(side) for side in self.shape], order=self.order)  # type: ignore[call-overload,no-any-return]


@dataclass(slots=True)
class _Kind:
    """An array's type of number."""

    code: str
    ends: str = "|"

    @property
    def dtype(self) -> np.dtype[Any]:
        if self.code not in {"u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"} or self.ends not in ("|", "=", "<", ">"):
            raise ValueError(f"an array of {self.ends}{self.code}, which are no integers")
        return np.dtype(self.ends + self.code)


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that a pickle may name: it is made here, and never imported."""

    make: Callable[..., Any]


def _bytes(text: str, coding: str) -> bytes:
    if _text(coding) not in ("latin1", "latin-1"):
        raise ValueError(f"text coded as {coding}")
    return text.encode("latin-1")


def _array(raw: bytes, kind: _Kind, shape: tuple[int, ...], order: str) -> _Array:
    return _Array(shape, kind, _text(order), raw)


_NAMES = {
    "numpy ndarray": _Name(_Array),
    "numpy dtype": _Name(lambda code, *_: _Kind(_text(code))),
    "numpy.core.multiarray _reconstruct": _Name(lambda *_: _Array()),
    "numpy._core.multiarray _reconstruct": _Name(lambda *_: _Array()),
    "numpy.core.numeric _frombuffer": _Name(_array),
    "numpy._core.numeric _frombuffer": _Name(_array),
    "_codecs encode": _Name(_bytes),
}


@dataclass(slots=True)
class _Machine:
    """What pickle's instructions work on."""

    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def follow(self, instruction: str, argument: Any) -> None:
        """Carry out one instruction."""
        if instruction in _PUSHED:
            self.stack.append(argument)
        elif instruction in _OLD_TEXT:
            self.stack.append(argument.encode("latin-1"))
        elif instruction in _STEPS:
            _STEPS[instruction](self, argument)
        else:
            raise NotAPicture(f"This pickle uses {instruction}, which plain data do not need.", hint=_REMEDY)

    def pop(self) -> Any:
        return self.stack.pop()

    def above_mark(self) -> list[Any]:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def last(self, count: int) -> list[Any]:
        taken = [self.stack.pop() for _ in range(count)]
        return taken[::-1]

    def name(self, name: str) -> None:
        if name not in _NAMES:
            asked = name.replace(" ", ".")
            raise NotAPicture(f"This pickle asks for {asked}, which no set of pictures needs; not run.", hint=_REMEDY)
        self.stack.append(_NAMES[name])

    def call(self) -> None:
        name, arguments = self.last(2)
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise TypeError("it calls what cannot be called")
        self.stack.append(name.make(*arguments))

    def fill(self) -> None:
        state = self.pop()
        filled = self.stack[-1]
        if isinstance(filled, _Array):
            _, filled.shape, filled.kind, fortran, filled.raw = state
            filled.order = "F" if fortran else "C"
        elif isinstance(filled, _Kind):
            filled.ends = _text(state[1])
        else:
            raise TypeError("it sets the inside of what has none")

    def extend(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("it appends to what is no list")
        self.stack[-1].extend(values)

    def update(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise TypeError("it adds a key to what is no dictionary")
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
_Step = Callable[[_Machine, Any], object]
_CONSTANTS: dict[str, _Step] = {
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
}
_CONTAINERS: dict[str, _Step] = {
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
_MEMORY: dict[str, _Step] = {
    **dict.fromkeys(
        ("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, at: machine.memo.__setitem__(at, machine.stack[-1])
    ),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, at: machine.stack.append(machine.memo[at])),
    "MEMOIZE": lambda machine, _: machine.memo.__setitem__(len(machine.memo), machine.stack[-1]),
}
_NAMED: dict[str, _Step] = {
    "GLOBAL": lambda machine, name: machine.name(name),
    "STACK_GLOBAL": lambda machine, _: machine.name(" ".join(machine.last(2))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.fill(),
}
_FRAMES: dict[str, _Step] = dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None)
_STEPS = _CONSTANTS | _CONTAINERS | _MEMORY | _NAMED | _FRAMES
