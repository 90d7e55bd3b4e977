"""What was found between the same pictures is not sought again, and nothing else is mistaken for it."""

import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import catalog_of, mirrored, re_encoded, scene

from discern.catalog import scan
from discern.grouping import find_edges, find_edges_cached


@pytest.fixture
def catalog(tmp_path):
    pictures = {f"{name}.png": scene(seed) for seed, name in enumerate("abcde")}
    pictures |= {"same.png": pictures["b.png"], "turned.png": mirrored(pictures["c.png"])}
    return catalog_of(tmp_path, pictures | {"worse.jpg": re_encoded(70)(pictures["d.png"])})


def tell(steps):
    return lambda *step: steps.append(step)


def test_they_are_those_that_are_found_without_a_cache(catalog, tmp_path):
    expected = find_edges(catalog)
    assert len(expected) == 3
    for _ in range(2):
        found = find_edges_cached(catalog, cache=tmp_path / "kept")
        assert found.schema == expected.schema
        assert found.equals(expected)


def test_the_second_time_nothing_is_compared(catalog, tmp_path):
    first, second = [], []
    find_edges_cached(catalog, cache=tmp_path / "kept", progress=tell(first))
    find_edges_cached(catalog, cache=tmp_path / "kept", progress=tell(second))
    assert first
    assert not second


def test_other_eyes_look_again(catalog, tmp_path):
    steps = []
    find_edges_cached(catalog, cache=tmp_path / "kept", seen_by="one")
    seen = np.random.default_rng(0).standard_normal((len(catalog), 8)).astype(np.float32)
    find_edges_cached(catalog, embeddings=seen, seen_by="another", cache=tmp_path / "kept", progress=tell(steps))
    assert steps


def test_another_picture_is_another_set(catalog, tmp_path):
    find_edges_cached(catalog, cache=tmp_path / "kept")
    mirrored(scene(0)).save(catalog.root / "more.png")
    more = scan(catalog.root, cache=tmp_path / "cache")
    assert len(find_edges_cached(more, cache=tmp_path / "kept")) == 4


def test_no_edges_are_kept_as_well(tmp_path):
    catalog, steps = catalog_of(tmp_path, {"a.png": scene(0), "b.png": scene(1)}), []
    assert len(find_edges_cached(catalog, cache=tmp_path / "kept")) == 0
    assert len(find_edges_cached(catalog, cache=tmp_path / "kept", progress=tell(steps))) == 0
    assert not steps


def test_a_damaged_cache_is_no_answer(catalog, tmp_path):
    expected = find_edges_cached(catalog, cache=tmp_path / "kept")
    for path in (tmp_path / "kept").rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[-9] ^= 1
            path.write_bytes(data)
    assert find_edges_cached(catalog, cache=tmp_path / "kept").equals(expected)
