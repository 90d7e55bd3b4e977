"""Cached edges are reused for the same pictures and embeddings only."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.unit.grouping.synthetic_images import catalog_of, mirrored, re_encoded, scene

from discern.catalog import scan
from discern.grouping import find_edges, find_edges_cached


@pytest.fixture
def catalog(tmp_path):
    pictures = {f"{name}.png": scene(seed) for seed, name in enumerate("abcde")}
    pictures |= {"same.png": pictures["b.png"], "mirrored.png": mirrored(pictures["c.png"])}
    return catalog_of(tmp_path, pictures | {"worse.jpg": re_encoded(70)(pictures["d.png"])})


def record(steps):
    return lambda *step: steps.append(step)


def test_cached_edges_equal_computed_ones(catalog, tmp_path):
    expected = find_edges(catalog)
    assert len(expected) == 3
    for _ in range(2):
        found = find_edges_cached(catalog, cache=tmp_path / "edges")
        assert found.schema == expected.schema
        assert found.equals(expected)


def test_a_second_call_compares_nothing(catalog, tmp_path):
    first, second = [], []
    find_edges_cached(catalog, cache=tmp_path / "edges", progress=record(first))
    find_edges_cached(catalog, cache=tmp_path / "edges", progress=record(second))
    assert first
    assert not second


def test_other_embeddings_are_compared_again(catalog, tmp_path):
    steps = []
    find_edges_cached(catalog, cache=tmp_path / "edges", embeddings_key="one")
    embeddings = np.random.default_rng(0).standard_normal((len(catalog), 8)).astype(np.float32)
    find_edges_cached(
        catalog, embeddings=embeddings, embeddings_key="another", cache=tmp_path / "edges", progress=record(steps)
    )
    assert steps


def test_an_added_picture_is_compared(catalog, tmp_path):
    find_edges_cached(catalog, cache=tmp_path / "edges")
    mirrored(scene(0)).save(catalog.root / "more.png")
    more = scan(catalog.root, cache=tmp_path / "cache")
    assert len(find_edges_cached(more, cache=tmp_path / "edges")) == 4


def test_an_empty_result_is_cached(tmp_path):
    catalog, steps = catalog_of(tmp_path, {"a.png": scene(0), "b.png": scene(1)}), []
    assert len(find_edges_cached(catalog, cache=tmp_path / "edges")) == 0
    assert len(find_edges_cached(catalog, cache=tmp_path / "edges", progress=record(steps))) == 0
    assert not steps


def test_a_damaged_cache_is_recomputed(catalog, tmp_path):
    expected = find_edges_cached(catalog, cache=tmp_path / "edges")
    for path in (tmp_path / "edges").rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[-9] ^= 1
            path.write_bytes(data)
    assert find_edges_cached(catalog, cache=tmp_path / "edges").equals(expected)


def test_edges_of_other_times_of_capture_are_computed_again(catalog, tmp_path):
    later = replace(catalog, table=catalog.table.with_columns(taken=pl.int_range(pl.len())))
    steps = []
    find_edges_cached(catalog, cache=tmp_path / "edges")
    find_edges_cached(later, cache=tmp_path / "edges", progress=record(steps))
    assert steps
