"""Softmax and log-sum-exp stay finite for large logits."""

import numpy as np

from discern.bundle.heads import log_sum_exp, softmax


def test_softmax_is_stable_for_large_logits():
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0], [-1e9, -1e9]])), [[1, 0], [0.5, 0.5]])


def test_softmax_keeps_the_dtype():
    assert softmax(np.zeros((1, 2), np.float32)).dtype == np.float32


def test_log_sum_exp_accepts_large_and_infinite_logits():
    sums = log_sum_exp(np.array([[1000.0, 1000.0], [-np.inf, 2.0]]))
    np.testing.assert_allclose(sums, [1000 + np.log(2), 2])
