"""Example pictures: their choice, and small copies without metadata."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.errors import CatalogError, TruncatedPicture, UsageError
from discern.flow.find_examples import find_example_pictures
from discern.serving.example_pictures import MOST, SIDE


def paint(path: Path, size: tuple[int, int] = (40, 30), *, exif: Image.Exif | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 90, 10)).save(path, exif=exif or Image.Exif())
    return path


def names(folder: Path) -> list[str]:
    return [each.name for each in find_example_pictures(folder)]


def test_subfolders_are_taken_in_turn(tmp_path: Path) -> None:
    for label in ("green", "ripe"):
        for number in range(3):
            paint(tmp_path / label / f"{label} {number}.png")
    assert names(tmp_path) == ["green 0", "ripe 0", "green 1", "ripe 1", "green 2", "ripe 2"]


@pytest.mark.parametrize("folders", [1, 5, 20])
def test_at_most_a_dozen_are_taken(tmp_path: Path, folders: int) -> None:
    for folder in range(folders):
        for number in range(15):
            paint(tmp_path / str(folder) / f"{folder}-{number}.png")
    found = names(tmp_path)
    assert len(found) == len(set(found)) == MOST
    assert {name.split("-")[0] for name in found} == set(map(str, range(min(folders, MOST))))


def test_they_are_small_upright_and_without_location(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"  # where
    before = paint(tmp_path / "large.jpg", (2400, 1200), exif=exif)
    with Image.open(before) as kept:
        assert kept.getexif().get_ifd(0x8825)
    (example,) = find_example_pictures(tmp_path)
    with Image.open(io.BytesIO(example.jpeg)) as given:
        assert (given.format, given.size, dict(given.getexif())) == ("JPEG", (SIDE // 2, SIDE), {})
        np.testing.assert_allclose(np.asarray(given).mean((0, 1)), (200, 90, 10), atol=3)


def test_other_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("What these are.")
    paint(tmp_path / "one.png")
    assert names(tmp_path) == ["one"]


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    whole = paint(tmp_path / "ripe/one.jpg", (200, 200)).read_bytes()
    (tmp_path / "ripe/one.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TruncatedPicture, match=r"^ripe/one.jpg: "):
        find_example_pictures(tmp_path)


def test_a_folder_must_exist_and_contain_pictures(tmp_path: Path) -> None:
    assert find_example_pictures(None) == ()
    with pytest.raises(UsageError, match="There is no picture in"):
        find_example_pictures(tmp_path)
    for other in (tmp_path / "none", paint(tmp_path / "one.png")):
        with pytest.raises((UsageError, CatalogError), match="not found"):
            find_example_pictures(other)
