"""Training pictures are found by their digests, wherever they lie in a folder."""

import hashlib
from pathlib import Path

from discern.flow.watch.training_pictures import nearest_images, nearest_prefixes
from discern.progress import silent
from tests.unit.catalog.factories import picture, write_files

FILES = {"a/1.png": picture(1), "b/c/2.png": picture(2), "3.png": picture(3), "text.png": b"no picture"}
PREFIX = {name: hashlib.sha256(data).hexdigest()[:16] for name, data in FILES.items()}


def test_the_nearest_picture_that_is_there_is_shown(tmp_path: Path) -> None:
    folder = write_files(tmp_path, FILES)
    nearest = {
        "x": [PREFIX["b/c/2.png"], PREFIX["3.png"]],
        "y": ["00" * 8, PREFIX["3.png"]],
        "none": ["00" * 8],
        "broken": [PREFIX["text.png"]],
    }
    images = nearest_images(folder, nearest, progress=silent)
    assert {each: image.alt for each, image in images.items()} == {
        "x": "Training picture b/c/2.png",
        "y": "Training picture 3.png",
    }
    assert all(image.uri.startswith("data:image/jpeg;base64,") for image in images.values())


def test_folders_behind_links_are_searched(tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", FILES)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/class").symlink_to(tmp_path / "elsewhere/b")
    images = nearest_images(tmp_path / "photos", {"x": [PREFIX["b/c/2.png"]]}, progress=silent)
    assert images["x"].alt == "Training picture class/c/2.png"


def test_nothing_is_read_if_nothing_is_wanted(tmp_path: Path) -> None:
    read: list[str] = []
    assert nearest_images(tmp_path, {}, progress=lambda stage, done, total: read.append(stage)) == {}
    assert read == []


def test_the_evidence_of_an_alarm_names_them() -> None:
    evidence = {"nearest": [{"id": "x", "pictures": [{"content": "ab", "index": 3}, {"content": "cd", "index": 1}]}]}
    assert nearest_prefixes(evidence) == {"x": ["ab", "cd"]}
    assert nearest_prefixes({"against": 30.0}) == {}
