"""Pictures that a model was made with are found by content and by pixels, also in files of older versions."""

import hashlib
import io

import numpy as np
import pytest

from discern.bundle import PictureHashes, SeenPictures
from discern.bundle.seen_pictures import write_seen


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def hashes(*names: str) -> PictureHashes:
    return PictureHashes([digest(f"{name} file") for name in names], [digest(f"{name} pixels") for name in names])


@pytest.fixture
def seen() -> SeenPictures:
    return SeenPictures.from_bytes(write_seen(hashes("a", "b"), hashes("c")))


def test_training_pictures_are_found_by_content_or_pixels(seen: SeenPictures) -> None:
    again = PictureHashes([digest("other"), digest("b file"), ""], [digest("a pixels"), digest("other"), ""])
    assert seen.trained_on(again).tolist() == [True, True, False]
    assert seen.trained_on(hashes("c", "d")).tolist() == [False, False]
    assert seen.set_thresholds(again).tolist() == [False, False, False]


def test_pictures_that_set_thresholds_are_found_by_content_or_pixels(seen: SeenPictures) -> None:
    again = PictureHashes([digest("other"), digest("c file"), ""], [digest("c pixels"), digest("other"), ""])
    assert seen.set_thresholds(again).tolist() == [True, True, False]
    assert seen.trained_on(again).tolist() == [False, False, False]


def test_a_hash_of_pixels_is_no_hash_of_content(seen: SeenPictures) -> None:
    swapped = PictureHashes(hashes("a", "c").pixels, hashes("a", "c").content)
    assert not seen.trained_on(swapped).any()


def test_contents_are_the_training_pictures_alone(seen: SeenPictures) -> None:
    assert [bytes(row).hex() for row in seen.contents] == sorted(digest(f"{name} file")[:16] for name in "ab")


def test_the_order_of_pictures_does_not_matter() -> None:
    assert write_seen(hashes("a", "b"), hashes("c", "d")) == write_seen(hashes("b", "a", "a"), hashes("d", "c"))


def test_files_of_older_versions_know_contents_alone() -> None:
    buffer = io.BytesIO()
    rows = [bytes.fromhex(digest(f"{name} file")[:16]) for name in "ab"]
    np.save(buffer, np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 8))
    old = SeenPictures.from_bytes(buffer.getvalue())
    assert (len(old.contents), old.digests) == (2, None)
    assert old.trained_on(hashes("a", "c")).tolist() == [True, False]
    assert not old.trained_on(PictureHashes([digest("other")], [digest("a pixels")])).any()
    assert not old.set_thresholds(hashes("a", "c")).any()


def test_no_pictures_are_no_error() -> None:
    empty = SeenPictures.from_bytes(write_seen(PictureHashes(), PictureHashes()))
    assert empty.digests is not None
    assert (len(empty.contents), len(empty.digests)) == (0, 0)
    assert empty.trained_on(PictureHashes()).shape == (0,)
