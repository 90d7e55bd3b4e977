"""Arithmetic with the number of pictures is right for every number of pictures, or refused."""

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.bundle.graph_safety.batch_multiple import (
    BatchMultiple,
    Size,
    Undetermined,
    count_elements,
    describe,
    few,
    per_picture,
    same,
)
from discern.bundle.graph_safety.graph_limits import GraphFault

NUMBERS = st.integers(-6, 6)
SIZES = st.one_of(NUMBERS, NUMBERS.filter(bool).map(BatchMultiple))


def at(size: Size, pictures: int) -> int:
    """Size for a number of pictures."""
    return size.factor * pictures if isinstance(size, BatchMultiple) else size


@pytest.mark.parametrize("act", [operator.add, operator.sub, operator.mul, operator.floordiv])
@given(SIZES, SIZES)
def test_a_result_holds_for_every_number_of_pictures(act: Callable[[Size, Size], Size], one: Size, other: Size) -> None:
    try:
        found = act(one, other)
    except (Undetermined, ZeroDivisionError):
        return
    for pictures in (1, 2, 3, 7):
        assert at(found, pictures) == act(at(one, pictures), at(other, pictures))


@given(SIZES, SIZES)
def test_sizes_are_the_same_always_or_never(one: Size, other: Size) -> None:
    equal = {at(one, pictures) == at(other, pictures) for pictures in range(1, 50)}
    try:
        assert {same(one, other)} == equal
    except Undetermined:
        assert len(equal) == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda n: n + 1,
        lambda n: 1 - n,
        lambda n: n * n,
        lambda n: n // 2,
        lambda n: n // 0,
        lambda n: 6 // n,
        lambda n: same(n, 1),
        lambda n: same(5, n),
    ],
)
def test_what_depends_on_the_number_of_pictures_in_another_way_is_undetermined(act: Callable[[Size], Size]) -> None:
    with pytest.raises(Undetermined):
        act(BatchMultiple(1))


def test_no_multiple_is_zero() -> None:
    n = BatchMultiple(2)
    assert [n * 0, n - n, 0 * n, n + -n, n + 0, n // n] == [0, 0, 0, 0, n, 1]


def test_elements_are_counted_for_one_picture() -> None:
    assert count_elements((BatchMultiple(2), 3, 4)) == BatchMultiple(24)
    assert count_elements((BatchMultiple(2), 0)) == 0
    assert count_elements(()) == 1
    assert per_picture(BatchMultiple(24)) == 24
    with pytest.raises(GraphFault, match="square of the number"):
        count_elements((BatchMultiple(1), 3, BatchMultiple(1)))


def test_shapes_are_written_with_the_number_of_pictures() -> None:
    assert describe((BatchMultiple(1), 3, BatchMultiple(64))) == "[N, 3, 64N]"


def test_few_elements_differ_from_many_before_anything_is_allocated() -> None:
    assert few((2, 3, 4)) == (2, 3, 4)
    assert few(()) == ()
    assert few((0, 5)) == (0, 5)
    for shape in ((8, 9), (2**62, 0), (BatchMultiple(1),)):
        assert few(shape) is None
