"""Integers that grow with the number of pictures in a batch."""

from dataclasses import dataclass
from math import prod

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.graph_limits import GraphFault


class Undetermined(ValueError):
    """Error raised for a number that is not the same, or not the same multiple, for every number of pictures."""


@dataclass(frozen=True, slots=True)
class BatchMultiple:
    """Multiple of N, the number of pictures in a batch, where N is any positive integer.

    Operations whose result is neither an integer nor another multiple raise `Undetermined`. A size is never tried with
    an example of N: a forged graph could behave for the example and not for another.

    >>> BatchMultiple(2) * 3, 4 * BatchMultiple(3) // BatchMultiple(2)
    (BatchMultiple(factor=6), 6)

    Attributes:
        factor: multiple of N, not 0.
    """

    factor: int

    def __mul__(self, other: object) -> "Size":
        if isinstance(other, int):
            return BatchMultiple(self.factor * other) if other else 0
        raise Undetermined

    __rmul__ = __mul__

    def __neg__(self) -> "BatchMultiple":
        return BatchMultiple(-self.factor)

    def __add__(self, other: object) -> "Size":
        if isinstance(other, BatchMultiple):
            total = self.factor + other.factor
            return BatchMultiple(total) if total else 0
        if other == 0:
            return self
        raise Undetermined

    __radd__ = __add__

    def __sub__(self, other: "Size") -> "Size":
        return self + -other

    def __rsub__(self, other: int) -> "Size":
        return -self + other

    def __floordiv__(self, other: object) -> "Size":
        divisor = other.factor if isinstance(other, BatchMultiple) else other
        if not isinstance(divisor, int) or not divisor or self.factor % divisor:
            raise Undetermined
        quotient = self.factor // divisor
        return quotient if isinstance(other, BatchMultiple) else BatchMultiple(quotient)

    def __rfloordiv__(self, other: int) -> int:
        raise Undetermined

    def equals(self, other: "Size") -> bool:
        """Check whether two sizes are equal for every number of pictures.

        Raises:
            Undetermined: they are equal for some numbers of pictures and not for others.
        """
        if isinstance(other, BatchMultiple):
            return self.factor == other.factor
        if other % self.factor == 0 and other // self.factor >= 1:
            raise Undetermined
        return False


Size = int | BatchMultiple
"""Length of an axis, or element of a tensor that holds such lengths."""

Shape = tuple[Size, ...]


def same(one: Size, other: Size) -> bool:
    """Check whether two sizes are equal for every number of pictures.

    Raises:
        Undetermined: they are equal for some numbers of pictures and not for others.
    """
    if isinstance(one, BatchMultiple):
        return one.equals(other)
    return other.equals(one) if isinstance(other, BatchMultiple) else one == other


def per_picture(size: Size) -> int:
    """Return a size for a batch of one picture."""
    return size.factor if isinstance(size, BatchMultiple) else size


def count_elements(shape: Shape) -> Size:
    """Count the elements of a tensor.

    Raises:
        GraphFault: their number grows faster than that of the pictures.
    """
    growing = sum(isinstance(size, BatchMultiple) for size in shape)
    if growing > 1:
        raise GraphFault("grows with the square of the number of pictures")
    elements = prod(map(per_picture, shape))
    return BatchMultiple(elements) if growing and elements else elements


def few(shape: Shape) -> tuple[int, ...] | None:
    """Return the lengths of the axes of a tensor whose elements are few enough to be followed, otherwise None."""
    sizes = tuple(size for size in shape if isinstance(size, int) and size <= limits.MAX_KNOWN)
    return sizes if len(sizes) == len(shape) and prod(sizes) <= limits.MAX_KNOWN else None


def describe(shape: Shape) -> str:
    """Write a shape for a message.

    >>> describe((BatchMultiple(1), BatchMultiple(2), 3))
    '[N, 2N, 3]'
    """
    sizes = (f"{size.factor}N".removeprefix("1" * (size.factor == 1)) if isinstance(size, BatchMultiple) else str(size)
             for size in shape)  # fmt: skip
    return f"[{', '.join(sizes)}]"
