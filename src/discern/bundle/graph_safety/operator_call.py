"""One use of an operator in an ONNX graph, with all that is known of its inputs before the graph is run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.batch_multiple import BatchMultiple, Shape, Size, count_elements, describe, per_picture
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.stored_tensor import NUMBER_TYPES

_AXIS_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Tensor:
    """Facts about a tensor that hold for every picture and every number of pictures.

    Attributes:
        kind: number of its element type in ONNX.
        shape: its shape.
        values: its elements if they are few and known: an array of floats, or an object array of integers, booleans
            and multiples of the number of pictures.
        constant: True if it is computed from weights alone, so that it may be computed when the graph is loaded.
    """

    kind: int
    shape: Shape
    values: np.ndarray | None = None
    constant: bool = False

    @property
    def elements(self) -> int:
        """Return the number of elements for a batch of one picture."""
        return per_picture(count_elements(self.shape))

    @property
    def size_in_bytes(self) -> int:
        """Return its memory for a batch of one picture; half precision is computed in single precision."""
        return self.elements * (4 if self.kind == 10 else NUMBER_TYPES[self.kind].dtype.itemsize)

    @property
    def rank(self) -> int:
        """Return the number of axes."""
        return len(self.shape)


def known(kind: int, values: np.ndarray) -> Tensor:
    """Describe a constant whose elements are known."""
    floats = NUMBER_TYPES[kind].dtype.kind == "f"
    return Tensor(kind, values.shape, values if floats else values.astype(object), constant=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an operator.

    Attributes:
        kind: name of the operator.
        inputs: its inputs, None where one is left out.
        attributes: values of its attributes.
        outputs: number of its outputs.
        opset: version of the operator set.
    """

    kind: str
    inputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Any]
    outputs: int
    opset: int

    @property
    def constant(self) -> bool:
        """Return True if the result depends on weights alone."""
        return all(tensor is None or tensor.constant for tensor in self.inputs)

    def input(self, place: int) -> Tensor:
        """Return an input that must be present."""
        tensor = self.optional(place)
        if tensor is None:
            raise OperatorFault(f"lacks its input {place + 1}")
        return tensor

    def optional(self, place: int) -> Tensor | None:
        """Return an input, None if it is left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def number(self, name: str, default: int) -> int:
        """Return an integer attribute."""
        return int(self.attributes.get(name, default))

    def numbers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return an attribute that is a list of integers."""
        return tuple(self.attributes.get(name) or default)

    def choice(self, name: str, *choices: str) -> str:
        """Return a text attribute that must be one of some choices, of which the first is the default."""
        value = str(self.attributes.get(name, choices[0]))
        if value not in choices:
            raise OperatorFault(f"has the {name} {value!r:.40}, which is not allowed")
        return value

    def sizes(self, place: int) -> tuple[Size, ...]:
        """Return the elements of an input that decide on the shape of the result.

        Raises:
            OperatorFault: they depend on the picture, or are not integers.
        """
        tensor = self.input(place)
        if tensor.values is None:
            raise OperatorFault("has an output size that cannot be bounded: it depends on the picture")
        if tensor.values.dtype != object:
            raise OperatorFault(f"has an input {place + 1} that has no integers")
        return tuple(tensor.values.reshape(-1))

    def integers(self, place: int) -> tuple[int, ...]:
        """Return the elements of an input that must be the same for every number of pictures.

        Raises:
            OperatorFault: they are not.
        """
        return fixed(self.sizes(place))


def fixed(sizes: Shape) -> tuple[int, ...]:
    """Return sizes that must not depend on the number of pictures.

    Raises:
        OperatorFault: they do.
    """
    if any(isinstance(size, BatchMultiple) for size in sizes):
        raise OperatorFault(f"cannot be run for every number of pictures: it needs fixed sizes, not {describe(sizes)}")
    return tuple(size for size in sizes if isinstance(size, int))


def find_axis(axis: int, rank: int) -> int:
    """Return the place of an axis that may be counted from the end.

    Raises:
        OperatorFault: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise OperatorFault(f"has the axis {axis} for a tensor of {rank} axes")
    return axis % rank if rank else 0


def find_axes(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """Return the places of different axes that may be counted from the end.

    Raises:
        OperatorFault: there are no such axes, or one is named twice.
    """
    if len(axes) > limits.MAX_RANK:
        raise OperatorFault(f"has {len(axes)} axes")
    found = tuple(find_axis(axis, rank) for axis in axes)
    if len(set(found)) < len(found):
        raise OperatorFault(f"has an axis twice in {list(axes)}")
    return found


def positive(sizes: tuple[int, ...], name: str, count: int) -> tuple[int, ...]:
    """Return a list of `count` sizes that must be positive.

    Raises:
        OperatorFault: they are not.
    """
    if len(sizes) != count or any(not 0 < size < _AXIS_LIMIT for size in sizes):
        raise OperatorFault(f"has the {name} {list(sizes)[:9]}")
    return sizes


@dataclass(frozen=True, slots=True)
class Effect:
    """Result of an operator, as far as it is known before the graph is run.

    Attributes:
        outputs: its outputs.
        multiply_adds: multiplications with additions for a batch of one picture; None counts each element once.
        scratch_bytes: memory that it needs while it runs, beside its inputs and outputs, for a batch of one picture.
        slowdown: time of one of them as a multiple of that in a matrix product.
    """

    outputs: tuple[Tensor, ...]
    multiply_adds: int | None = None
    scratch_bytes: int = 0
    slowdown: int = 1
