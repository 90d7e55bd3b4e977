"""A graph finds the nearest rows, is the same each time, and does not break what is loaded after it."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from discern.grouping.neighbour_graph import build_graph, order_nearby

GRAPH = """
import numpy as np
from discern.grouping.near_copies.candidates import CandidateIndex
CandidateIndex(np.ones((8001, 4), np.float32))
import onnxruntime
"""


def test_a_runtime_loaded_after_a_graph_does_not_crash() -> None:
    """The libraries of both crash the process if that of the graph is loaded first."""
    assert subprocess.run([sys.executable, "-c", GRAPH], check=False).returncode == 0


@pytest.mark.parametrize(
    ("copy", "order"), [(True, None), (False, None), (True, np.random.default_rng(4).permutation(600))]
)
def test_the_nearest_rows_are_found_and_the_same_each_time(copy: bool, order: np.ndarray | None) -> None:
    rows = np.random.default_rng(3).normal(size=(600, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    def search() -> np.ndarray:
        graph = build_graph(
            rows, dtype="f32", connectivity=16, expansion_add=64, expansion_search=48, order=order, copy=copy
        )
        return graph.search(rows, 5).keys.astype(np.int64)

    found = search()
    nearest = np.argsort(-(rows @ rows.T), axis=1)[:, :5]
    assert np.array_equal(found[:, 0], np.arange(600))
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in zip(found, nearest, strict=True)]) > 0.95
    assert np.array_equal(search(), found)


def test_successive_rows_are_alike_and_the_first_tenth_is_spread() -> None:
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=6)))
    shuffled = np.random.default_rng(1).permutation(signs)
    ordered = shuffled[order_nearby(shuffled)]
    assert set(map(tuple, ordered)) == set(map(tuple, signs))
    first, others = ordered[:7], ordered[7:]
    assert ((others[1:] != others[:-1]).sum(axis=1) <= 2).all()
    assert (np.abs(first.sum(axis=0)) < 7).all()
