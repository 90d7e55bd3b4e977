"""Fixtures: an empty folder, and a function that scans a source."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from discern.catalog import Catalog, scan


@pytest.fixture
def scan_source(tmp_path) -> Callable[[Path], Catalog]:
    return partial(scan, cache=tmp_path / "cache", threads=2)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "photos"
    path.mkdir()
    return path
