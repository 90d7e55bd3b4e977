"""Inputs and attributes of an operator are what its rule expects, or it is refused."""

import numpy as np
import pytest

from discern.bundle.graph_safety.batch_multiple import BatchMultiple
from discern.bundle.graph_safety.graph_limits import OperatorFault
from discern.bundle.graph_safety.operator_call import Call, Tensor, find_axes, find_axis, fixed, known, positive
from discern.bundle.graph_safety.stored_tensor import FLOAT, INT64

CALL = Call(
    "Reshape",
    (Tensor(FLOAT, (BatchMultiple(1), 3)), None, known(INT64, np.array([1, 2])), known(FLOAT, np.ones(2))),
    {"axis": 1, "mode": "cubic"},
    1,
    18,
)


def test_inputs_are_found_by_their_place() -> None:
    assert CALL.input(0).size_in_bytes == 12
    assert CALL.optional(1) is None
    assert CALL.optional(9) is None
    assert CALL.sizes(2) == CALL.integers(2) == (1, 2)
    assert not CALL.constant


@pytest.mark.parametrize("place", [1, 9])
def test_a_missing_input_is_refused(place: int) -> None:
    with pytest.raises(OperatorFault, match=f"input {place + 1}"):
        CALL.input(place)


def test_sizes_must_be_known_integers() -> None:
    with pytest.raises(OperatorFault, match="cannot be bounded: it depends on the picture"):
        CALL.sizes(0)
    with pytest.raises(OperatorFault, match="no integers"):
        CALL.sizes(3)
    with pytest.raises(OperatorFault, match="every number of pictures"):
        fixed((1, BatchMultiple(1)))


def test_attributes_have_defaults_and_choices() -> None:
    assert (CALL.number("axis", 0), CALL.number("other", 7), CALL.numbers("pads", (1, 2))) == (1, 7, (1, 2))
    assert CALL.choice("mode", "linear", "cubic") == "cubic"
    assert CALL.choice("other", "linear", "cubic") == "linear"
    with pytest.raises(OperatorFault, match="the mode 'cubic', which is not allowed"):
        CALL.choice("mode", "linear")


def test_axes_are_counted_from_both_ends_and_only_once() -> None:
    assert [find_axis(axis, 4) for axis in (0, 3, -1, -4)] == [0, 3, 3, 0]
    assert find_axes((1, -1), 4) == (1, 3)
    for axis in (4, -5, 2**62):
        with pytest.raises(OperatorFault, match="for a tensor of 4 axes"):
            find_axis(axis, 4)
    with pytest.raises(OperatorFault, match="twice"):
        find_axes((3, -1), 4)
    with pytest.raises(OperatorFault, match="9 axes"):
        find_axes((0,) * 9, 4)


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 3), (1, 0), (1, -1), (1, 2**62)])
def test_lists_of_sizes_are_positive_and_of_the_right_length(sizes: tuple[int, ...]) -> None:
    assert positive((3, 4), "strides", 2) == (3, 4)
    with pytest.raises(OperatorFault, match="the strides"):
        positive(sizes, "strides", 2)


def test_half_precision_counts_as_single() -> None:
    assert Tensor(10, (BatchMultiple(1), 5)).size_in_bytes == 20
    assert Tensor(11, (5,)).size_in_bytes == 40
