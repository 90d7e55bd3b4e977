"""Jobs run side by side, in order, and what fails is heard of."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from discern.cores import one_core_each, side_by_side


def blas_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_results_come_in_the_order_of_the_jobs():
    first_may_end = threading.Event()

    def first() -> str:
        first_may_end.wait(5)
        return "first"

    def second() -> str:
        first_may_end.set()
        return "second"

    assert list(side_by_side([first, second], threads=2)) == ["first", "second"]


def test_no_jobs_are_no_work():
    assert list(side_by_side([])) == []


def test_an_error_in_a_job_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda: 1, lambda: 1 // 0], threads=1))


def test_each_product_uses_one_core_and_all_of_them_again_afterwards():
    before = blas_threads()
    with one_core_each():
        assert blas_threads() == {1}
    assert blas_threads() == before
    assert list(side_by_side([blas_threads], threads=1)) == [{1}]
    assert blas_threads() == before
