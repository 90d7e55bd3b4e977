"""Outputs of an exported network for pictures of a catalog: what judges a network is the graph that ships."""

from contextlib import closing

import numpy as np

from discern.bundle import open_runtime
from discern.catalog import Catalog
from discern.parallel import ThreadExecutor, count_cores, map_in_order
from discern.picture import Recipe, load_input

_IN_FLIGHT = 64  # not tuned


def run_graph(
    graph: bytes, outputs: tuple[str, ...], catalog: Catalog, rows: np.ndarray, recipe: Recipe
) -> list[np.ndarray]:
    """Run an ONNX graph on pictures, each preprocessed by the recipe, and return some of its outputs.

    Args:
        graph: ONNX model from `pixels`.
        outputs: names of the outputs to return.
        catalog: the pictures.
        rows: int `[n]`, at least one row, each readable.
        recipe: preprocessing.
    """
    runtime = open_runtime(graph, threads=1)

    def run(row: int) -> list[np.ndarray]:
        found = runtime.run({"pixels": load_input(catalog.read_one(row), recipe)[None]})
        return [found[name] for name in outputs]

    with (
        ThreadExecutor(count_cores()) as executor,
        closing(map_in_order(run, rows.tolist(), executor=executor, window=_IN_FLIGHT)) as found,
    ):
        return [np.concatenate(each) for each in zip(*found, strict=True)]
