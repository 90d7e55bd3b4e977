"""A small catalog, shared by all tests."""

import pytest

from discern.catalog import Catalog, scan
from discern.picture import open_picture
from discern.reporting.gallery import Gallery
from tests.unit.reporting.factories import write_pictures


@pytest.fixture(scope="session")
def catalog(tmp_path_factory) -> Catalog:
    folder = write_pictures(tmp_path_factory.mktemp("trees"))
    (folder / "train" / "ash" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return scan(folder, cache=tmp_path_factory.mktemp("cache"), threads=1)


@pytest.fixture
def opened(catalog):
    return lambda row: open_picture(catalog.read_one(row))


@pytest.fixture
def gallery(catalog, opened) -> Gallery:
    return Gallery(catalog, opened)
