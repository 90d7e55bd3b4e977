"""Sizes of the results of operators that slide a window over a picture, or resize or pad it."""

from math import floor, prod

import numpy as np

from discern.bundle.graph_safety.batch_multiple import BatchMultiple, Shape, Size, describe
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor, find_axes, fixed, positive
from discern.bundle.graph_safety.stored_tensor import INT64

_SAME = ("SAME_UPPER", "SAME_LOWER")
# Multiply-adds outside of matrix products take about this many times as long; neither is tuned.
_SLOW, _NARROW = 8, 8
_WIDEST_CUBIC = 16  # elements that one element of the most expensive interpolation is computed from


def convolve(call: Call) -> Effect:
    """Return the result of `Conv`."""
    first, weight, bias = call.input(0), call.input(1), call.optional(2)
    group = call.number("group", 1)
    kernel = fixed(weight.shape[2:])
    if first.rank < 3 or weight.rank != first.rank or call.numbers("kernel_shape", kernel) != kernel:
        raise OperatorFault(f"has a weight {describe(weight.shape)} for {describe(first.shape)}")
    filters, depth = fixed(weight.shape[:2])
    if group < 1 or filters % group or first.shape[1] != depth * group or not filters:
        raise OperatorFault(f"has {group} groups for {describe(first.shape)} and the weight {describe(weight.shape)}")
    if bias is not None and bias.shape != (filters,):
        raise OperatorFault(f"has a bias {describe(bias.shape)} for {filters} channels")
    result = Tensor(first.kind, (first.shape[0], filters, *_slide(call, first.shape[2:], kernel)))
    slow = _SLOW if depth < _NARROW else 1
    return Effect((result,), result.elements * depth * prod(kernel), slowdown=slow)


def pool(call: Call) -> Effect:
    """Return the results of `AveragePool` or `MaxPool`."""
    first = call.input(0)
    if first.rank < 3:
        raise OperatorFault(f"takes {describe(first.shape)}")
    kernel = call.numbers("kernel_shape", ())
    shape = *first.shape[:2], *_slide(call, first.shape[2:], kernel)
    result, places = Tensor(first.kind, shape), Tensor(INT64, shape)
    return Effect((result, places)[: call.outputs], result.elements * prod(kernel), slowdown=_SLOW)


def _slide(call: Call, sizes: Shape, kernel: tuple[int, ...]) -> tuple[int, ...]:
    """Return how often a window fits along each axis."""
    count, lengths = len(sizes), fixed(sizes)
    positive(kernel, "kernel", count)
    steps = positive(call.numbers("strides", (1,) * count), "strides", count)
    gaps = positive(call.numbers("dilations", (1,) * count), "dilations", count)
    pads = call.numbers("pads", (0,) * 2 * count)
    how, up = call.choice("auto_pad", "NOTSET", "VALID", *_SAME), call.number("ceil_mode", 0)
    spans = [(size - 1) * gap + 1 for size, gap in zip(kernel, gaps, strict=True)]
    if how in _SAME and max(gaps) > 1:
        raise OperatorFault("has dilations with SAME padding, which engines read differently")
    if how in _SAME:
        return tuple(-(-length // step) for length, step in zip(lengths, steps, strict=True))
    pads = (0,) * 2 * count if how == "VALID" else pads
    if len(pads) != 2 * count or any(not 0 <= pad <= span for pad, span in zip(pads, spans * 2, strict=True)):
        raise OperatorFault(f"has the pads {list(pads)[:9]} for a window of {spans}")
    found = []
    for length, step, span, before, after in zip(lengths, steps, spans, pads[:count], pads[count:], strict=True):
        room = length + before + after - span
        if room < 0:
            raise OperatorFault(f"has a window of {spans}, larger than {describe(sizes)}")
        places = (-(-room // step) if up else room // step) + 1
        # With `ceil_mode` a last window that is cut off must begin inside the picture or the padding before it.
        found.append(places - bool(up and (places - 1) * step >= length + before))
    return tuple(found)


def resize(call: Call) -> Effect:
    """Return the result of `Resize`."""
    first, scales = call.input(0), call.optional(2)
    call.choice("keep_aspect_ratio_policy", "stretch")
    call.choice("mode", "nearest", "linear", "cubic")
    call.choice(
        "coordinate_transformation_mode", "half_pixel", "asymmetric", "pytorch_half_pixel", "align_corners",
        "half_pixel_symmetric",
    )  # fmt: skip
    axes = find_axes(call.numbers("axes", tuple(range(first.rank))), first.rank)
    shape = list(first.shape)
    if call.optional(3) is not None:
        wanted = call.sizes(3)
    elif scales is None or scales.values is None or scales.values.dtype != np.float32:
        raise OperatorFault("has an output size that cannot be bounded: its scales are not known")
    else:
        wanted = _scaled(tuple(shape[axis] for axis in axes), scales.values)
    if len(wanted) != len(axes):
        raise OperatorFault(f"has {len(wanted)} sizes for {len(axes)} axes")
    for axis, size in zip(axes, wanted, strict=True):
        same = size == shape[axis]
        if not same and (isinstance(size, BatchMultiple) or isinstance(shape[axis], BatchMultiple) or size < 1):
            raise OperatorFault(f"turns {describe(first.shape)} into {describe(wanted)}")
        shape[axis] = size
    result = Tensor(first.kind, tuple(shape))
    return Effect((result,), max(result.elements, first.elements) * _WIDEST_CUBIC, first.size_in_bytes)


def _scaled(sizes: Shape, scales: np.ndarray) -> tuple[Size, ...]:
    factors = scales.reshape(-1)
    if len(factors) != len(sizes) or not (np.isfinite(factors) & (factors > 0)).all():
        raise OperatorFault(f"has the scales {factors[:9].tolist()} for {len(sizes)} axes")
    return tuple(
        size if factor == 1 else floor(np.float32(fixed((size,))[0]) * factor)
        for size, factor in zip(sizes, factors, strict=True)
    )


def pad(call: Call) -> Effect:
    """Return the result of `Pad`."""
    first, pads = call.input(0), call.integers(1)
    call.choice("mode", "constant", "reflect", "edge", "wrap")
    axes = find_axes(call.integers(3) if call.optional(3) else tuple(range(first.rank)), first.rank)
    if len(pads) != 2 * len(axes):
        raise OperatorFault(f"has {len(pads)} pads for {len(axes)} axes")
    shape = list(first.shape)
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        if before or after:
            (length,) = fixed((shape[axis],))
            shape[axis] = length + before + after
            if min(length + before, length + after, length + before + after) < 0:
                raise OperatorFault(f"removes more than there is from {describe(first.shape)}")
    return Effect((Tensor(first.kind, tuple(shape)),))
