"""Outputs of a graph for pictures of a catalog, in their order."""

from pathlib import Path

import numpy as np
import pytest

from discern.errors import PictureError
from discern.training.methods.graph_outputs import run_graph
from tests.unit.training.factories import load_data, write_colours


def test_the_outputs_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    data, _ = load_data(write_colours(tmp_path / "pictures", each=3), tmp_path / "cache")
    rows = np.array([7, 0, 3, 3])
    (embedding,) = run_graph(data.backbone.graph, ("embedding",), data.catalog, rows, data.recipe)
    np.testing.assert_allclose(embedding, data.rows(rows)[np.arange(4)], atol=1e-6)


def test_only_the_outputs_that_were_asked_for_are_kept_in_the_given_order(tmp_path: Path) -> None:
    data, _ = load_data(write_colours(tmp_path / "pictures", each=2), tmp_path / "cache")
    maps, embedding = run_graph(data.backbone.graph, ("map", "embedding"), data.catalog, np.array([1]), data.recipe)
    assert maps.shape == (1, 2, 2, 3)
    assert embedding.shape == (1, 9)


def test_a_picture_that_was_damaged_since_is_an_error(tmp_path: Path) -> None:
    folder = write_colours(tmp_path / "pictures", each=2)
    data, _ = load_data(folder, tmp_path / "cache")
    Path(folder, data.catalog.table["path"][0]).write_bytes(b"no picture")
    with pytest.raises(Exception, match=r"changed|picture|read") as caught:
        run_graph(data.backbone.graph, ("embedding",), data.catalog, np.array([0, 1]), data.recipe)
    assert isinstance(caught.value, PictureError) or "changed" in str(caught.value)
