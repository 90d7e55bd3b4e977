"""Where catalogs are made, and how."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from discern.catalog import Catalog, scan


@pytest.fixture
def look_at(tmp_path) -> Callable[[Path], Catalog]:
    return partial(scan, cache=tmp_path / "cache", threads=2)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "photos"
    path.mkdir()
    return path
