"""Sizes of the results of operators that rearrange, join, cut or repeat elements."""

import numpy as np

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.batch_multiple import (
    BatchMultiple,
    Shape,
    Size,
    Undetermined,
    count_elements,
    describe,
    few,
    per_picture,
)
from discern.bundle.graph_safety.elementwise_rules import broadcast
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor, find_axes, find_axis, fixed, positive

_TO_THE_END = (1 << 31) - 1  # exporters write this or more for "all of the axis"
_FOR_EVERY_BATCH = "cannot be run for every number of pictures: it"


def reshape(call: Call) -> Effect:
    """Return the result of `Reshape`."""
    first, wanted = call.input(0), list(call.sizes(1))
    if len(wanted) > limits.MAX_RANK:
        raise OperatorFault(f"has a result of {len(wanted)} axes")
    for place, size in enumerate(wanted):
        if size == 0 and not call.number("allowzero", 0):
            if place >= first.rank:
                raise OperatorFault("keeps an axis that is not there")
            wanted[place] = first.shape[place]
    free = [place for place, size in enumerate(wanted) if size == -1]
    if len(free) > 1 or any(per_picture(size) < 0 and size != -1 for size in wanted):
        raise OperatorFault(f"has the shape {describe(tuple(wanted))}")
    total = count_elements(first.shape)
    if free:
        rest = count_elements(tuple(size for size in wanted if size != -1))
        wanted[free[0]] = _divide(total, rest, first.shape, tuple(wanted))
    shape = tuple(wanted)
    if count_elements(shape) != total:
        raise OperatorFault(f"{_FOR_EVERY_BATCH} turns {describe(first.shape)} into {describe(shape)}")
    return Effect((Tensor(first.kind, shape, _reshaped(first.values, shape)),))


def _divide(total: Size, rest: Size, taken: Shape, wanted: Shape) -> Size:
    try:
        if isinstance(total, int) and isinstance(rest, int) and (not rest or total % rest):
            raise Undetermined
        return total // rest
    except Undetermined as error:
        raise OperatorFault(f"{_FOR_EVERY_BATCH} turns {describe(taken)} into {describe(wanted)}") from error


def _reshaped(values: np.ndarray | None, shape: Shape) -> np.ndarray | None:
    return None if values is None else values.reshape(fixed(shape))


def flatten(call: Call) -> Effect:
    """Return the result of `Flatten`."""
    first = call.input(0)
    axis = call.number("axis", 1)
    place = axis if axis == first.rank else find_axis(axis, first.rank)
    shape = count_elements(first.shape[:place]), count_elements(first.shape[place:])
    return Effect((Tensor(first.kind, shape, _reshaped(first.values, shape)),))


def transpose(call: Call) -> Effect:
    """Return the result of `Transpose`."""
    first = call.input(0)
    order = call.numbers("perm", tuple(range(first.rank))[::-1])
    if sorted(order) != list(range(first.rank)):
        raise OperatorFault(f"has the order of axes {list(order)[:9]} for {first.rank} axes")
    values = None if first.values is None else first.values.transpose(order)
    return Effect((Tensor(first.kind, tuple(first.shape[axis] for axis in order), values),))


def concatenate(call: Call) -> Effect:
    """Return the result of `Concat`."""
    tensors = [call.input(place) for place in range(len(call.inputs))]
    first = tensors[0]
    axis = find_axis(call.number("axis", 0), first.rank)
    rests = {tensor.shape[:axis] + tensor.shape[axis + 1 :] for tensor in tensors if tensor.rank == first.rank}
    if len(rests) > 1 or any(tensor.rank != first.rank for tensor in tensors):
        raise OperatorFault(f"joins {' and '.join(describe(tensor.shape) for tensor in tensors[:9])}")
    try:
        length: Size = sum((tensor.shape[axis] for tensor in tensors), 0)
    except Undetermined as error:
        raise OperatorFault(f"{_FOR_EVERY_BATCH} joins one picture with all") from error
    values, arrays = None, [tensor.values for tensor in tensors]
    known = [array for array in arrays if array is not None]
    if len(known) == len(arrays) and sum(array.size for array in known) <= limits.MAX_KNOWN:
        values = np.concatenate(known, axis)
    return Effect((Tensor(first.kind, (*first.shape[:axis], length, *first.shape[axis + 1 :]), values),))


def split(call: Call) -> Effect:
    """Return the results of `Split`."""
    first = call.input(0)
    axis = find_axis(call.number("axis", 0), first.rank)
    (length,) = fixed((first.shape[axis],))
    if call.number("num_outputs", call.outputs) != call.outputs:
        raise OperatorFault(f"has {call.outputs} outputs, not those that it announces")
    if call.optional(1) is None:
        # Equal lengths, but for the last part.
        step = -(-length // call.outputs)
        parts = tuple(min(step, max(length - step * place, 0)) for place in range(call.outputs))
    else:
        parts = call.integers(1)
    if len(parts) != call.outputs or min(parts) < 0 or sum(parts) != length:
        raise OperatorFault(f"cuts an axis of length {length} into {list(parts)[:9]}")
    results, start = [], 0
    for part in parts:
        values = None if first.values is None else first.values.take(range(start, start + part), axis)
        results.append(Tensor(first.kind, (*first.shape[:axis], part, *first.shape[axis + 1 :]), values))
        start += part
    return Effect(tuple(results))


def cut(call: Call) -> Effect:
    """Return the result of `Slice`."""
    first, starts, ends = call.input(0), call.sizes(1), call.sizes(2)
    axes = call.integers(3) if call.optional(3) else tuple(range(len(starts)))
    steps = call.integers(4) if call.optional(4) else (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise OperatorFault("has starts, ends, axes and steps that do not fit together")
    shape, values = list(first.shape), first.values
    for place, start, end, step in zip(find_axes(axes, first.rank), starts, ends, steps, strict=True):
        size = shape[place]
        if isinstance(size, BatchMultiple):
            shape[place] = _cut_batch(size, start, end, step)
            continue
        first_place, end_place = fixed((start, end))
        if step < 0 and (first_place < -size or end_place >= _TO_THE_END):
            raise OperatorFault(f"runs backwards from {first_place} to {end_place}")
        kept = slice(first_place, end_place, step)
        shape[place] = len(range(*kept.indices(size)))
        values = None if values is None else values[(slice(None),) * place + (kept,)]
    return Effect((Tensor(first.kind, tuple(shape), values),))


def _cut_batch(size: BatchMultiple, start: Size, end: Size, step: int) -> Size:
    """Return the length of a slice of an axis that grows with the number of pictures."""
    if step == 1 and start == 0 and (end == size or (isinstance(end, int) and end >= _TO_THE_END)):
        return size
    if step == -1 and start == -1 and isinstance(end, int) and end <= -_TO_THE_END:
        return size
    if step == 1 and isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= size.factor:
        return end - start
    raise OperatorFault(f"{_FOR_EVERY_BATCH} keeps a part of the pictures")


def gather(call: Call) -> Effect:
    """Return the result of `Gather`."""
    first, places = call.input(0), call.input(1)
    axis = find_axis(call.number("axis", 0), first.rank)
    shape = (*first.shape[:axis], *places.shape, *first.shape[axis + 1 :])
    length, values = first.shape[axis], None
    if places.values is not None and isinstance(length, int):
        chosen = np.array(call.integers(1), np.int64).reshape(places.values.shape)
        if ((chosen < -length) | (chosen >= length)).any():
            raise OperatorFault(f"takes an element that an axis of length {length} does not have")
        sizes = few(shape)
        if first.values is not None and sizes is not None:
            values = np.asarray(first.values.take(chosen, axis), first.values.dtype).reshape(sizes)
    return Effect((Tensor(first.kind, shape, values),))


def squeeze(call: Call) -> Effect:
    """Return the result of `Squeeze`."""
    first = call.input(0)
    if call.optional(1):
        axes = find_axes(call.integers(1), first.rank)
    else:
        axes = tuple(axis for axis, size in enumerate(fixed(first.shape)) if size == 1)
    if any(first.shape[axis] != 1 for axis in axes):
        raise OperatorFault(f"{_FOR_EVERY_BATCH} removes the axes {list(axes)} of {describe(first.shape)}")
    shape = tuple(size for axis, size in enumerate(first.shape) if axis not in axes)
    return Effect((Tensor(first.kind, shape, _reshaped(first.values, shape)),))


def unsqueeze(call: Call) -> Effect:
    """Return the result of `Unsqueeze`."""
    first, new = call.input(0), call.integers(1)
    rank = first.rank + len(new)
    axes, sizes = find_axes(new, rank), iter(first.shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    return Effect((Tensor(first.kind, shape, _reshaped(first.values, shape)),))


def expand(call: Call) -> Effect:
    """Return the result of `Expand`."""
    first, wanted = call.input(0), call.sizes(1)
    if len(wanted) > limits.MAX_RANK or any(per_picture(size) < 0 for size in wanted):
        raise OperatorFault(f"has the shape {describe(wanted[:9])}")
    shape = broadcast(first.shape, wanted)
    values, sizes = None, few(shape)
    if first.values is not None and sizes is not None:
        values = np.broadcast_to(first.values, sizes).copy()
    return Effect((Tensor(first.kind, shape, values),))


def tile(call: Call) -> Effect:
    """Return the result of `Tile`."""
    first, times = call.input(0), call.sizes(1)
    if len(times) != first.rank or any(per_picture(each) < 0 for each in times):
        raise OperatorFault(f"repeats {first.rank} axes {describe(times[:9])} times")
    try:
        shape = tuple(size * each for size, each in zip(first.shape, times, strict=True))
    except Undetermined as error:
        raise OperatorFault("grows with the square of the number of pictures") from error
    return Effect((Tensor(first.kind, shape),))


def blocks_to_space(call: Call) -> Effect:
    """Return the result of `DepthToSpace`, which moves blocks of channels to places, or of its inverse."""
    first = call.input(0)
    if first.rank != 4:
        raise OperatorFault(f"takes {describe(first.shape)}")
    (block,) = positive((call.number("blocksize", 0),), "block size", 1)
    channels, height, width = fixed(first.shape[1:])
    if call.kind == "DepthToSpace":
        whole, shape = channels % block**2 == 0, (channels // block**2, height * block, width * block)
    else:
        whole, shape = height % block == width % block == 0, (channels * block**2, height // block, width // block)
    if not whole:
        raise OperatorFault(f"divides {describe(first.shape)} into blocks of {block}")
    return Effect((Tensor(first.kind, (first.shape[0], *shape)),))
