"""Function that builds an HNSW graph for the search of nearest neighbours."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from usearch.index import Index


def build_graph(
    rows: np.ndarray, *, dtype: str, connectivity: int, expansion_add: int, expansion_search: int, copy: bool = True
) -> "Index":
    """Build a graph of rows (Malkov and Yashunin 2016) by a single thread, so that the same rows give the same graph.

    Args:
        rows: vectors of unit length in the graph's type, [n, D]; their keys are their positions.
        dtype: type of the graph's numbers, `f32` or `i8`.
        connectivity: links of each row.
        expansion_add: rows considered for the links of a new one.
        expansion_search: rows considered in a search.
        copy: whether the graph holds a copy of the rows.
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
    graph.add(np.arange(len(rows)), rows, threads=1, copy=copy)
    return graph
