"""Arithmetic on the few numbers of a graph from which it computes shapes.

It covers what shapes need, and only operations whose result is exactly that of any inference engine: a result that
could differ is unknown, since a forged graph could make the sizes of its tensors depend on the difference.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from discern.bundle.graph_safety.batch_multiple import BatchMultiple, Shape, Size, Undetermined, few, per_picture, same
from discern.bundle.graph_safety.stored_tensor import BOOL, NUMBER_TYPES


def _divide(one: Size, other: Size) -> Size:
    if isinstance(one, BatchMultiple) or isinstance(other, BatchMultiple):
        return one // other
    if not other:
        raise Undetermined
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _remainder(one: Size, other: Size) -> Size:
    if isinstance(one, BatchMultiple):
        return one - _divide(one, other) * other
    if isinstance(other, BatchMultiple) or not other:
        raise Undetermined
    return one % other


def _less(one: Size, other: Size) -> bool:
    """Check whether one size is less than another for every number of pictures."""
    if isinstance(one, BatchMultiple) and isinstance(other, BatchMultiple):
        return one.factor < other.factor
    # A positive multiple is at least its factor; any other comparison depends on the number of pictures.
    if isinstance(one, BatchMultiple):
        if one.factor > 0 and per_picture(other) <= one.factor:
            return False
        raise Undetermined
    if isinstance(other, BatchMultiple):
        if one < other.factor:
            return True
        raise Undetermined
    return one < other


def _smaller(one: Size, other: Size) -> Size:
    return one if _less(one, other) else other


def _larger(one: Size, other: Size) -> Size:
    return other if _less(one, other) else one


def _absolute(one: Size) -> Size:
    return -one if per_picture(one) < 0 else one


_INTEGERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "Abs": _absolute,
        "Add": lambda one, other: one + other,
        "And": lambda one, other: one and other,
        "Div": _divide,
        "Equal": same,
        "Greater": lambda one, other: _less(other, one),
        "GreaterOrEqual": lambda one, other: not _less(one, other),
        "Less": _less,
        "LessOrEqual": lambda one, other: not _less(other, one),
        "Max": _larger,
        "Min": _smaller,
        "Mod": _remainder,
        "Mul": lambda one, other: one * other,
        "Neg": lambda one: -one,
        "Not": lambda one: not one,
        "Or": lambda one, other: one or other,
        "Sub": lambda one, other: one - other,
        "Where": lambda condition, one, other: one if condition else other,
    }
)
_FLOATS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "Add": np.add,
        "Ceil": np.ceil,
        "Div": np.divide,
        "Floor": np.floor,
        "Mul": np.multiply,
        "Neg": np.negative,
        "Sub": np.subtract,
    }
)
_WHOLE_FLOATS = 1 << 24


def compute(operator: str, kind: int, shape: Shape, *arrays: np.ndarray | None) -> np.ndarray | None:
    """Compute an elementwise operation on known values.

    Args:
        operator: name of the operator.
        kind: number of the result's element type in ONNX.
        shape: shape of the result.
        arrays: elements of the inputs, None where they are not known.

    Returns:
        Elements of the result, None if they are not known for certain.
    """
    given = [array for array in arrays if array is not None]
    sizes = few(shape)
    if len(given) < len(arrays) or sizes is None:
        return None
    whole = all(array.dtype == object for array in given)
    function = (_INTEGERS if whole else _FLOATS).get(operator)
    if function is None or not (whole or all(array.dtype in (np.float32, np.float64) for array in given)):
        return None
    try:
        if whole:
            found = np.asarray(np.frompyfunc(function, len(given), 1)(*given), object).reshape(sizes)
            return found if fits(found, kind) else None
        with np.errstate(all="ignore"):
            return np.asarray(function(*given), given[0].dtype).reshape(sizes)
    except Undetermined:
        return None


def clip(values: np.ndarray | None, *bounds: np.ndarray | None) -> np.ndarray | None:
    """Limit known floats by a least and a largest value.

    Args:
        values: elements, None if they are not known.
        bounds: the two limits, each a scalar; None where it is not known.

    Returns:
        Elements of the result, None if they are not known for certain, as with a limit that exceeds the other.
    """
    given = [array for array in (values, *bounds) if array is not None and array.dtype in (np.float32, np.float64)]
    if values is None or len(given) != 3 or not all(np.isfinite(array).all() for array in given):
        return None
    least, most = given[1:]
    if least.ndim or most.ndim or least > most:
        return None
    limited: np.ndarray = np.minimum(np.maximum(values, least), most).astype(values.dtype)
    return limited


def fits(values: np.ndarray, kind: int) -> bool:
    """Check that integers do not overflow an element type."""
    if kind == BOOL:
        return True
    if NUMBER_TYPES[kind].dtype.kind == "f":
        return False
    span = np.iinfo(NUMBER_TYPES[kind].dtype)
    return all(span.min <= per_picture(value) <= span.max for value in values.reshape(-1))


def convert(values: np.ndarray | None, kind: int) -> np.ndarray | None:
    """Convert known values to another element type.

    Args:
        values: elements, None if they are not known.
        kind: number of the other type in ONNX.

    Returns:
        Elements of the result, None if they are not known for certain.
    """
    if values is None:
        return None
    to = NUMBER_TYPES[kind].dtype
    with np.errstate(all="ignore"):
        if to.kind == "f":
            return _to_floats(values, to)
        whole = _to_integers(values, kind)
    if kind == BOOL or whole is None:
        return whole
    return whole if fits(whole, kind) else None


def _to_floats(values: np.ndarray, to: np.dtype) -> np.ndarray | None:
    exact = values.dtype != object or all(
        isinstance(value, int) and abs(value) <= _WHOLE_FLOATS for value in values.reshape(-1)
    )
    return values.astype(to) if exact and to.itemsize > 2 else None


def _to_integers(values: np.ndarray, kind: int) -> np.ndarray | None:
    if values.dtype != object:
        if kind == BOOL or not (np.abs(values) < _WHOLE_FLOATS).all():
            return None
        values = values.astype(np.int64).astype(object)
    if not values.size:
        return values
    function = (lambda value: value != 0) if kind == BOOL else (lambda value: value * 1)
    return np.asarray(np.frompyfunc(function, 1, 1)(values), object).reshape(values.shape)
