"""Sizes of the results of operators that multiply matrices or reduce axes."""

from math import prod

from discern.bundle.graph_safety.batch_multiple import Shape, Size, count_elements, describe, per_picture
from discern.bundle.graph_safety.elementwise_rules import broadcast
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Effect, Tensor, find_axes, fixed
from discern.bundle.graph_safety.stored_tensor import INT64

_LONGEST_EQUATION = 64  # letters; two factors of eight axes and a result need 26


def multiply(call: Call) -> Effect:
    """Return the result of `MatMul`."""
    one, other = call.input(0), call.input(1)
    if not one.rank or not other.rank:
        raise _misfit(one.shape, other.shape)
    left = one.shape if one.rank > 1 else (1, *one.shape)
    right = other.shape if other.rank > 1 else (*other.shape, 1)
    if left[-1] != right[-2]:
        raise _misfit(one.shape, other.shape)
    batch = broadcast(left[:-2], right[:-2])
    rows, columns = left[-2:-1] * (one.rank > 1), right[-1:] * (other.rank > 1)
    result = Tensor(one.kind, (*batch, *rows, *columns))
    return Effect((result,), result.elements * per_picture(left[-1]))


def multiply_add(call: Call) -> Effect:
    """Return the result of `Gemm`."""
    one, other = call.input(0), call.input(1)
    if one.rank != 2 or other.rank != 2:
        raise _misfit(one.shape, other.shape)
    left = one.shape[::-1] if call.number("transA", 0) else one.shape
    right = other.shape[::-1] if call.number("transB", 0) else other.shape
    shape = left[0], right[1]
    added = call.optional(2)
    if left[1] != right[0] or (added is not None and broadcast(shape, added.shape) != shape):
        raise _misfit(one.shape, other.shape)
    result = Tensor(one.kind, shape)
    return Effect((result,), result.elements * per_picture(left[1]))


def sum_products(call: Call) -> Effect:
    """Return the result of `Einsum` with at most two factors and without an ellipsis."""
    equation = str(call.attributes.get("equation", "")).replace(" ", "")
    taken, arrow, returned = equation.partition("->")
    terms = taken.split(",")
    letters = set("".join(terms))
    if len(equation) > _LONGEST_EQUATION or not arrow or len(terms) != len(call.inputs):
        raise OperatorFault(f"has the equation {equation!r:.80}")
    sizes = dict[str, Size]()
    for place, term in enumerate(terms):
        shape = call.input(place).shape
        if len(term) != len(shape) or len(set(term)) < len(term) or not (term.isascii() and term.isalpha()):
            raise OperatorFault(f"has the equation {equation!r:.80} for {describe(shape)}")
        if any(sizes.setdefault(letter, size) != size for letter, size in zip(term, shape, strict=True)):
            raise OperatorFault(f"has factors that do not fit the equation {equation!r:.80}")
    if not set(returned) <= letters or len(set(returned)) < len(returned):
        raise OperatorFault(f"has the equation {equation!r:.80}")
    result = Tensor(call.input(0).kind, tuple(sizes[letter] for letter in returned))
    work = prod(map(per_picture, sizes.values()))
    return Effect((result,), work, 2 * sum(call.input(place).size_in_bytes for place in range(len(terms))))


def attend(call: Call) -> Effect:
    """Return the result of `Attention` without a cache of earlier keys."""
    query, key, value = (call.input(place) for place in range(3))
    if {query.rank, key.rank, value.rank} != {4} or call.outputs > 1:
        raise OperatorFault(f"takes {describe(query.shape)}, or a cache, which is not allowed")
    batch, heads, length, width = query.shape
    seen, depth = key.shape[2], value.shape[3]
    shared = key.shape[1] == value.shape[1] and heads == key.shape[1]
    if not shared or len({batch, key.shape[0], value.shape[0]}) > 1 or (width, seen) != (key.shape[3], value.shape[2]):
        raise _misfit(query.shape, key.shape)
    scores = Tensor(query.kind, (batch, heads, length, seen))
    mask = call.optional(3)
    if mask is not None and broadcast(scores.shape, mask.shape) != scores.shape:
        raise _misfit(scores.shape, mask.shape)
    work = scores.elements * (per_picture(width) + per_picture(depth))
    return Effect((Tensor(query.kind, (batch, heads, length, depth)),), work, 2 * scores.size_in_bytes)


def reduce(call: Call) -> Effect:
    """Return the result of an operator such as `ReduceMean`."""
    first, axes = call.input(0), call.numbers("axes", ())
    if call.optional(1):
        axes = call.integers(1)
    if not axes and call.number("noop_with_empty_axes", 0):
        return Effect((first,))
    return Effect((Tensor(first.kind, _reduced(call, first, axes)),))


def find_extreme(call: Call) -> Effect:
    """Return the result of `ArgMax` or `ArgMin`."""
    return Effect((Tensor(INT64, _reduced(call, call.input(0), (call.number("axis", 0),))),))


def _reduced(call: Call, first: Tensor, axes: tuple[int, ...]) -> Shape:
    reduced = find_axes(axes, first.rank) or tuple(range(first.rank))
    if call.number("keepdims", 1):
        return tuple(1 if axis in reduced else size for axis, size in enumerate(first.shape))
    return tuple(size for axis, size in enumerate(first.shape) if axis not in reduced)


def pool_all(call: Call) -> Effect:
    """Return the result of `GlobalAveragePool` or `GlobalMaxPool`."""
    first = call.input(0)
    if first.rank < 3 or not count_elements(fixed(first.shape[2:])):
        raise OperatorFault(f"takes {describe(first.shape)}")
    return Effect((Tensor(first.kind, (*first.shape[:2], *(1,) * (first.rank - 2))),))


def _misfit(one: Shape, other: Shape) -> OperatorFault:
    return OperatorFault(f"has inputs that do not fit together: {describe(one)} and {describe(other)}")
