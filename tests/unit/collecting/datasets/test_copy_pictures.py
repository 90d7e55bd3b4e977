"""Pictures of chosen classes are copied with their parts, whatever form the data set has."""

from pathlib import Path

import pytest

from discern.collecting.collection import count_left_out, open_collection
from discern.collecting.datasets.copy_pictures import PictureChoice, copy_pictures, find_copied
from discern.errors import CatalogError, UsageError
from tests.unit.collecting.datasets.original_forms import cifar100_archive, fruits360_archive

INSIDE = r"(?:.*/)?(?:Training|Test)/[^/]+/[^/]+\.jpe?g"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.parent != folder)


def test_classes_of_a_batch(tmp_path: Path) -> None:
    (tmp_path / "c.tar.gz").write_bytes(cifar100_archive())
    choice = PictureChoice(classes=("bicycle", "motorcycle"), per_class=3)
    with open_collection(tmp_path / "out") as collection:
        records = copy_pictures("cifar100", tmp_path / "c.tar.gz", collection, choice)
        assert find_copied("cifar100", collection, choice) == records
        assert find_copied("cifar100", collection, PictureChoice()) == []
    assert count_left_out(records) == {"class_not_chosen": 4, "above_per_class": 2}
    assert {path.rpartition("/")[0] for path in files(tmp_path / "out")} <= {
        f"{part}/{label}" for part in ("train", "test") for label in ("bicycle", "motorcycle")
    }
    assert len(files(tmp_path / "out")) == 6


def test_only_pictures_of_classes_are_taken(tmp_path: Path) -> None:
    (tmp_path / "f.zip").write_bytes(fruits360_archive())
    with open_collection(tmp_path / "out") as collection:
        records = copy_pictures("fruits360", tmp_path / "f.zip", collection, PictureChoice(inside=INSIDE))
    assert files(tmp_path / "out") == [
        f"{part}/{label}/{at}_100.jpg" for part in ("test", "train") for label in ("Banana", "Kiwi") for at in (1, 2)
    ]
    assert count_left_out(records) == {}


def test_an_unknown_class_and_another_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.tar.gz").write_bytes(cifar100_archive())
    (tmp_path / "empty").mkdir()
    with open_collection(tmp_path / "out") as collection:
        with pytest.raises(UsageError, match="bike"):
            copy_pictures("cifar100", tmp_path / "c.tar.gz", collection, PictureChoice(classes=("bike",)))
        with pytest.raises(CatalogError, match="no labelled picture"):
            copy_pictures("cifar100", tmp_path / "empty", collection, PictureChoice())
    assert not (tmp_path / "out").exists()


def test_pictures_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    for name in ("cat/a.jpg", "dog/b.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        (tmp_path / "in" / name).write_bytes(b"" if "cat" in name else b"x")
    with open_collection(tmp_path / "out") as collection:
        records = copy_pictures("set", tmp_path / "in", collection, PictureChoice())
    assert count_left_out(records) == {"empty": 1}
