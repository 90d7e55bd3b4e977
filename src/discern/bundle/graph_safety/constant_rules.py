"""Sizes of the results of operators that produce numbers rather than transform pictures."""

import numpy as np

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.batch_multiple import BatchMultiple, Size, few, per_picture
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor, known
from discern.bundle.graph_safety.stored_tensor import FLOAT, INT64, StoredTensor

_NUMBERS = {"value_int": INT64, "value_ints": INT64, "value_float": FLOAT, "value_floats": FLOAT}

_LARGEST = 1 << 31


def describe_stored(stored: StoredTensor) -> Tensor:
    """Describe a constant that the graph contains."""
    if stored.values is None:
        return Tensor(stored.kind, stored.shape, constant=True)
    return known(stored.kind, stored.values)


def constant(call: Call) -> Effect:
    """Return the result of `Constant`."""
    if len(call.attributes) != 1:
        raise OperatorFault("has no value, or several")
    name, value = next(iter(call.attributes.items()))
    if isinstance(value, StoredTensor):
        return Effect((describe_stored(value),))
    values = np.array(value, np.float32 if _NUMBERS[name] == FLOAT else np.int64)
    if values.size > limits.MAX_KNOWN:
        return Effect((Tensor(_NUMBERS[name], values.shape, constant=True),))
    return Effect((known(_NUMBERS[name], values),))


def fill(call: Call) -> Effect:
    """Return the result of `ConstantOfShape`."""
    shape, value = call.sizes(0), call.attributes.get("value")
    if len(shape) > limits.MAX_RANK or any(per_picture(size) < 0 for size in shape):
        raise OperatorFault(f"has the shape {list(map(per_picture, shape))[:9]}")
    filled = describe_stored(value) if value else known(FLOAT, np.zeros(1, np.float32))
    if filled.values is None or filled.values.size != 1:
        raise OperatorFault("repeats several numbers")
    sizes, value = few(shape), filled.values.reshape(-1)[0]
    values = None if sizes is None else np.full(sizes, value, filled.values.dtype)
    return Effect((Tensor(filled.kind, shape, values),))


def shape_of_input(call: Call) -> Effect:
    """Return the result of `Shape`."""
    first = call.input(0)
    sizes = first.shape[slice(call.number("start", 0), call.attributes.get("end"))]
    return Effect((Tensor(INT64, (len(sizes),), _vector(sizes)),), 0)


def count_up(call: Call) -> Effect:
    """Return the result of `Range`."""
    start, limit, step = (_scalar(call, place) for place in range(3))
    kind = call.input(0).kind
    if isinstance(start, BatchMultiple) or isinstance(step, BatchMultiple) or not step:
        raise OperatorFault("has an output size that cannot be bounded: it counts in steps of zero or of the batch")
    if max(abs(start), abs(step), abs(per_picture(limit))) > _LARGEST:
        raise OperatorFault("counts to a number that engines do not represent exactly")
    if isinstance(limit, BatchMultiple):
        if (start, step) != (0, 1) or limit.factor < 0:
            raise OperatorFault("cannot be run for every number of pictures: it counts otherwise than from 0 in ones")
        return Effect((Tensor(kind, (limit,)),))
    length = max(-((start - limit) // step), 0)
    if length > limits.MAX_KNOWN:
        return Effect((Tensor(kind, (length,)),))
    return Effect((Tensor(kind, (length,), _vector(tuple(range(start, start + length * step, step)))),))


def _scalar(call: Call, place: int) -> Size:
    sizes = call.sizes(place)
    if len(sizes) != 1:
        raise OperatorFault("has a start, an end or a step that is not one number")
    return sizes[0]


def _vector(sizes: tuple[Size, ...]) -> np.ndarray:
    values = np.empty(len(sizes), object)
    values[:] = sizes
    return values
