"""Data sets come from a local copy, a mirror or their place; without one, the message says where it is."""

from pathlib import Path

import pytest

from discern.collecting.collection import open_collection
from discern.collecting.datasets.collect_dataset import DatasetOrigin, collect_dataset
from discern.collecting.datasets.copy_pictures import PictureChoice
from discern.collecting.datasets.published_dataset import find_dataset
from discern.errors import CatalogError, UsageError
from tests.unit.collecting.datasets.original_forms import fruits360_archive, nursing_home_archive
from tests.unit.collecting.downloads.web_server import web_server


def collect(name: str, out: Path, **origin: object) -> int:
    dataset = find_dataset(name)
    choice = PictureChoice(inside=dataset.inside)
    with open_collection(out) as collection:
        records = collect_dataset(dataset, collection, DatasetOrigin(**origin), choice)
    return sum(len(record.pictures) for record in records)


def test_a_mirror_is_asked_once_and_its_archive_is_removed(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        server.files["f.zip"] = fruits360_archive()
        origin = {"address": server.url("/files/f.zip"), "allow_hosts": ("127.0.0.1",)}
        assert collect("fruits360", tmp_path / "out", **origin) == 8
        assert collect("fruits360", tmp_path / "out", **origin) == 8
    assert server.times("/files/f.zip") == 1
    assert not (tmp_path / "out/.downloads").exists()


def test_a_local_archive_and_its_folder(tmp_path: Path) -> None:
    (tmp_path / "n.zip").write_bytes(nursing_home_archive())
    assert collect("mynursinghome", tmp_path / "out", path=tmp_path / "n.zip") == 6
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"bed", "chair", "metadata.csv"}


@pytest.mark.parametrize(
    ("name", "origin", "error", "message"),
    [
        ("mynursinghome", {}, CatalogError, "given out by Mendeley Data"),
        ("cifar100", {"address": "kaggle"}, UsageError, "not collected from Kaggle"),
        (
            "fruits360",
            {"address": "kaggle", "environment": {}, "home": Path("/nonexistent")},
            UsageError,
            "needs a token",
        ),
        ("fruits360", {"path": Path("/nonexistent/f.zip")}, CatalogError, "no copy of Fruits-360"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, name: str, origin: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        collect(name, tmp_path / "out", **origin)
    assert "--from" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_mirror_that_fails_names_the_public_place(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server, pytest.raises(CatalogError, match="cannot be downloaded") as caught:
        collect("cifar100", tmp_path / "out", address=server.url("/missing/"), allow_hosts=("127.0.0.1",))
    assert "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz" in caught.value.hint
    assert "eb9058c3a382ffc7106e4002c42a8d85" in caught.value.hint
