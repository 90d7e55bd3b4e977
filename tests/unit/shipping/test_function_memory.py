"""Memory of a function: as measured, with something to spare, and never less than the model needs."""

import pytest

from discern.errors import BundleError, UsageError
from discern.shipping.function_memory import function_megabytes, recommended_megabytes


@pytest.mark.parametrize(
    ("needed", "megabytes"), [(0.1, 1769), (1.2, 1769), (2.0, 2880), (7.0, 10_048), (7.5, 10_240), (10.7, 10_240)]
)
def test_a_function_gets_half_as_much_again_and_at_least_one_core(needed: float, megabytes: int) -> None:
    assert function_megabytes(needed) == megabytes == recommended_megabytes(needed)


def test_no_function_is_given_more_than_there_is() -> None:
    with pytest.raises(BundleError, match="needs 10,300 MB of memory, and a function has 10,240 MB at most"):
        function_megabytes(10.8)
    assert recommended_megabytes(10.8) == 10_300


def test_a_given_memory_must_hold_the_model() -> None:
    assert function_megabytes(0.23, 256) == 256
    with pytest.raises(UsageError, match="128 MB do not hold the model, which was measured to need 219 MB") as raised:
        function_megabytes(0.23, 128)
    assert raised.value.hint == "Pass --memory 1769, or omit it."


def test_a_memory_that_is_not_measured_must_be_given() -> None:
    assert function_megabytes(None, 512) == 512
    with pytest.raises(BundleError, match="cannot be measured") as raised:
        function_megabytes(None)
    assert "--memory" in raised.value.hint
