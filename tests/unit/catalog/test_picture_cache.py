import hashlib
import io

import numpy as np
from PIL import Image

from discern.catalog.picture_cache import PictureCache
from discern.picture import Limits
from discern.picture.picture_facts import read_facts
from tests.unit.catalog.factories import picture

LIMITS = Limits()


def content(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def add(known: PictureCache, *files: bytes) -> list[str]:
    contents, looks = [content(data) for data in files], read_facts(files, LIMITS)
    for row in zip(contents, looks.facts, looks.thumbs, strict=True):
        known.add(*row)
    return contents


def remember(known: PictureCache, *numbers: int) -> list[str]:
    return add(known, *map(picture, numbers))


def test_the_camera_and_the_sharpness_are_noted(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "Canon EOS 80D", 6
    image = Image.new("RGB", (40, 20))
    image.paste("white", (0, 0, 21, 20))
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, quality=95)
    known = PictureCache(tmp_path, LIMITS)
    add(known, file.getvalue(), picture(3))
    known.keep()
    noted = known.facts([content(file.getvalue()), content(picture(3))])
    assert noted["camera"].tolist() == [b"Canon EOS 80D", b""]
    assert noted["width"].tolist() == [20, 12]
    assert noted["sharpness"][0] > 0.8
    assert np.isnan(noted["sharpness"][1])


def test_pictures_are_known_at_once_and_kept_for_later(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    contents = remember(known, 1, 2)
    assert known.known([*contents, "0" * 64]) == [True, True, False]
    assert PictureCache(tmp_path, LIMITS).known(contents) == [False, False]
    known.keep()
    later = PictureCache(tmp_path, LIMITS)
    assert later.known(contents) == [True, True]
    assert later.facts(contents)["width"].tolist() == [12, 12]
    assert np.array_equal(later.thumbs(contents)[1], read_facts([picture(2)], LIMITS).thumbs[0])


def test_many_are_written_as_they_come(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    contents = remember(known, *range(600))
    assert sum(PictureCache(tmp_path, LIMITS).known(contents)) >= 512
    known.keep()
    later = PictureCache(tmp_path, LIMITS)
    assert np.array_equal(later.thumbs(contents)[599], read_facts([picture(599)], LIMITS).thumbs[0])
    assert len(set(later.facts(contents)["pixels"])) == 600


def test_what_another_process_has_proven_is_not_read_again(tmp_path):
    known, other = PictureCache(tmp_path, LIMITS), PictureCache(tmp_path, LIMITS)
    contents = remember(other, 1, 2)
    other.keep()
    known.trust(other.proven())
    for path in tmp_path.glob("facts-*/*.shelf"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")  # found out by whoever reads it
    assert known.facts(contents)["width"].tolist() == [12, 12]
    assert PictureCache(tmp_path, LIMITS).missing(contents) == [0, 1]


def test_thumbnails_of_what_is_no_picture_are_black(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    contents = remember(known, 200)
    known.keep()
    thumbs = known.thumbs([None, *contents, None])
    assert thumbs.shape == (3, 64, 64, 3)
    assert [bool(thumb.any()) for thumb in thumbs] == [False, True, False]


def test_missing_thumbnails(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    (kept,) = remember(known, 1)
    known.keep()
    assert known.missing([None, "0" * 63 + "1", kept, None, "0" * 63 + "1"]) == [1]


def test_other_limits_know_other_pictures(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    (kept,) = remember(known, 1)
    known.keep()
    assert PictureCache(tmp_path, Limits(max_pixels=5)).known([kept]) == [False]


def test_no_facts_of_no_pictures(tmp_path):
    assert PictureCache(tmp_path, LIMITS).facts([]).shape == (0,)


def test_what_comes_twice_is_kept_once(tmp_path):
    known = PictureCache(tmp_path, LIMITS)
    (kept,) = set(remember(known, 1, 1) + remember(known, 1))
    known.keep()
    assert known.facts([kept])["width"].tolist() == [12]
    assert sum(path.stat().st_size for path in tmp_path.glob("thumbs-*/*")) < 2 * 64 * 64 * 3
