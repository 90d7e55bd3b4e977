"""Function that builds an HNSW graph for the search of nearest neighbours."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from usearch.index import Index

_SIGNS = 16  # 10 are slower by a tenth
_FIRST_OF = 10
_ADDED_AT_ONCE = 4096


def build_graph(
    rows: np.ndarray,
    *,
    dtype: str,
    connectivity: int,
    expansion_add: int,
    expansion_search: int,
    order: np.ndarray | None = None,
    copy: bool = True,
) -> "Index":
    """Build a graph of rows (Malkov and Yashunin 2016) by a single thread, so that the same rows give the same graph.

    Args:
        rows: vectors of unit length in the graph's type, [n, D]; their keys are their positions.
        dtype: type of the graph's numbers, `f32` or `i8`.
        connectivity: links of each row.
        expansion_add: rows considered for the links of a new one.
        expansion_search: rows considered in a search.
        order: positions of the rows in the order in which they are added, int [n]; None for their own.
        copy: whether the graph holds a copy of the rows; it does if an order is given.
    """
    import discern.bundle.runtime  # noqa: F401, PLC0415 - ONNX Runtime crashes if it is loaded after usearch

    # isort: split
    from usearch.index import Index  # noqa: PLC0415 - only large sets need HNSW

    graph = Index(
        ndim=rows.shape[1],
        metric="ip",
        dtype=dtype,
        connectivity=connectivity,
        expansion_add=expansion_add,
        expansion_search=expansion_search,
        enable_key_lookups=False,
    )
    if order is None:
        graph.add(np.arange(len(rows)), rows, threads=1, copy=copy)
        return graph
    for start in range(0, len(order), _ADDED_AT_ONCE):
        at = order[start : start + _ADDED_AT_ONCE]
        graph.add(at, rows[at], threads=1)
    return graph


def order_nearby(rows: np.ndarray) -> np.ndarray:
    """Order rows such that similar ones are near each other in memory, int [n].

    A graph is built and searched in that order in half the time, since the processor's cache holds what a search visits
    (benchmarks/neighbour_order.py). The order is that of a Gray code (Gray 1953) of the signs of their first 16
    numbers, so that successive rows differ in the sign of one. Every tenth row comes first: a graph that grows from one
    corner finds fewer neighbours.

    Args:
        rows: vectors whose first numbers vary most, such as principal components, [n, D].
    """
    code = np.zeros(len(rows), np.int64)
    for column in rows[:, :_SIGNS].T:
        code = (code << 1) | (column > 0)
    for shift in (1, 2, 4, 8):  # from the code to its rank
        code ^= code >> shift
    order = np.argsort(code, kind="stable")
    is_first = np.arange(len(order)) % _FIRST_OF == 0
    return np.concatenate([order[is_first], order[~is_first]])
