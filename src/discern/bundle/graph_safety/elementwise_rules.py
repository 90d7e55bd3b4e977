"""Sizes of the results of operators that treat each element alone, or that keep the shape of their input."""

import numpy as np

from discern.bundle.graph_safety import known_values
from discern.bundle.graph_safety.batch_multiple import Shape, Size, describe, per_picture
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor, find_axis
from discern.bundle.graph_safety.stored_tensor import BOOL, INT64, NUMBER_TYPES

_ENDLESS = float(np.finfo(np.float32).max)
_LARGEST_WINDOW = 255  # channels that local response normalisation joins; AlexNet joins 5, not tuned


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that several shapes have in common after repetition along axes of length 1.

    Raises:
        OperatorFault: they do not fit, or not for every number of pictures.
    """
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(_common(sizes, shapes) for sizes in zip(*padded, strict=True))


def _common(sizes: tuple[Size, ...], shapes: tuple[Shape, ...]) -> Size:
    longer = [size for size in sizes if size != 1]
    if all(size == longer[0] for size in longer[1:]):
        return longer[0] if longer else 1
    raise OperatorFault(f"has inputs that do not fit together: {' and '.join(map(describe, shapes))}")


def keep_shape(call: Call) -> Effect:
    """Return a result of the type and shape of the first input."""
    first = call.input(0)
    values = known_values.compute(call.kind, first.kind, first.shape, first.values)
    return Effect((Tensor(first.kind, first.shape, values),))


def clip(call: Call) -> Effect:
    """Return the result of `Clip`."""
    first = call.input(0)
    limits = (np.array(-_ENDLESS), np.array(_ENDLESS))
    bounds = [
        limit if bound is None else bound.values
        for limit, bound in zip(limits, (call.optional(1), call.optional(2)), strict=True)
    ]
    return Effect((Tensor(first.kind, first.shape, known_values.clip(first.values, *bounds)),))


def keep_shape_along_axis(call: Call) -> Effect:
    """Return a result of the type and shape of the first input, after checking the attribute `axis`."""
    first = call.input(0)
    find_axis(call.number("axis", -1), first.rank)
    return Effect((Tensor(first.kind, first.shape),))


def keep_all(call: Call) -> Effect:
    """Return the first input."""
    return Effect((call.input(0),))


def combine(call: Call) -> Effect:
    """Return a result of the common shape of all inputs, of the type of the first."""
    tensors = [call.input(place) for place in range(len(call.inputs))]
    shape = broadcast(*(tensor.shape for tensor in tensors))
    kind = tensors[0].kind
    arrays = [tensor.values for tensor in tensors]
    values = known_values.compute(call.kind, kind, shape, *arrays) if len(arrays) == 2 else None
    return Effect((Tensor(kind, shape, values),))


def divide(call: Call) -> Effect:
    """Return the result of `Div` or `Mod`, whose divisors must be known to be positive if they are integers.

    Engines leave the division of the most negative integer by -1 to the processor, which ends the whole process.
    """
    divisors = call.input(1)
    if NUMBER_TYPES[divisors.kind].dtype.kind != "f":
        values = divisors.values
        if values is None or values.dtype != object or any(per_picture(value) < 1 for value in values.flat):
            raise OperatorFault("divides integers by numbers that are not known to be positive")
    return combine(call)


def compare(call: Call) -> Effect:
    """Return a boolean result of the common shape of all inputs."""
    tensors = [call.input(place) for place in range(len(call.inputs))]
    shape, arrays = broadcast(*(tensor.shape for tensor in tensors)), [tensor.values for tensor in tensors]
    exact = all(values is not None and values.dtype == object for values in arrays)
    return Effect((Tensor(BOOL, shape, known_values.compute(call.kind, BOOL, shape, *arrays) if exact else None),))


def classify(call: Call) -> Effect:
    """Return a boolean result of the shape of the input, such as `IsNaN`."""
    return Effect((Tensor(BOOL, call.input(0).shape),))


def choose(call: Call) -> Effect:
    """Return the result of `Where`."""
    condition, one, other = (call.input(place) for place in range(3))
    shape = broadcast(condition.shape, one.shape, other.shape)
    values = known_values.compute("Where", one.kind, shape, condition.values, one.values, other.values)
    return Effect((Tensor(one.kind, shape, values),))


def cast(call: Call) -> Effect:
    """Return the result of `Cast`."""
    kind, first = call.number("to", 0), call.input(0)
    if kind not in NUMBER_TYPES:
        raise OperatorFault(f"converts to the element type {kind}, which is not allowed")
    return Effect((Tensor(kind, first.shape, known_values.convert(first.values, kind)),))


def cast_like(call: Call) -> Effect:
    """Return the result of `CastLike`."""
    kind, first = call.input(1).kind, call.input(0)
    return Effect((Tensor(kind, first.shape, known_values.convert(first.values, kind)),))


def drop_nothing(call: Call) -> Effect:
    """Return the result of `Dropout`, which must be out of use."""
    training = call.optional(2)
    if training is not None and (training.values is None or training.values.any()):
        raise OperatorFault("drops elements at random, as in training")
    first = call.input(0)
    mask = Tensor(BOOL, first.shape)
    return Effect((first, mask)[: call.outputs])


def normalise_batch(call: Call) -> Effect:
    """Return the result of `BatchNormalization`, which must use the statistics of its training."""
    if call.number("training_mode", 0):
        raise OperatorFault("computes statistics of the batch, as in training")
    return keep_shape(call)


def normalise_layer(call: Call) -> Effect:
    """Return the results of `LayerNormalization`: the normalised values, and the mean and deviation."""
    first = call.input(0)
    axis = find_axis(call.number("axis", -1), first.rank)
    statistic = Tensor(first.kind, (*first.shape[:axis], *(1,) * (first.rank - axis)))
    return Effect((Tensor(first.kind, first.shape), statistic, statistic)[: call.outputs])


def normalise_neighbours(call: Call) -> Effect:
    """Return the result of `LRN`, which divides each element by the norm of those in neighbouring channels."""
    window, first = call.number("size", 0), call.input(0)
    if not 0 < window <= _LARGEST_WINDOW:
        raise OperatorFault(f"joins {window} channels")
    return Effect((Tensor(first.kind, first.shape),), first.elements * window)


def quantise(call: Call) -> Effect:
    """Return the result of `QuantizeLinear`."""
    zero = call.optional(2)
    return Effect((Tensor(zero.kind if zero else 2, call.input(0).shape),))


def dequantise(call: Call) -> Effect:
    """Return the result of `DequantizeLinear`."""
    return Effect((Tensor(call.input(1).kind, call.input(0).shape),))


def scatter(call: Call) -> Effect:
    """Return the result of `ScatterND`, a copy of the first input with some elements replaced."""
    first, indices, updates = call.input(0), call.input(1), call.input(2)
    if indices.kind != INT64 or not indices.rank:
        raise OperatorFault("has places that are not integers")
    return Effect((Tensor(first.kind, first.shape),), first.elements + updates.elements)
