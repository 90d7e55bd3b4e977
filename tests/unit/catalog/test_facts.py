import hashlib
import io

import numpy as np
from PIL import Image

from discern.catalog.facts import KnownPictures
from discern.picture import Limits
from discern.picture.looking import look
from tests.unit.catalog.built import picture

LIMITS = Limits()


def content(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def add(known: KnownPictures, *files: bytes) -> list[str]:
    contents, looks = [content(data) for data in files], look(files, LIMITS)
    known.add(contents, looks.facts, looks.thumbs)
    return contents


def remember(known: KnownPictures, *numbers: int) -> list[str]:
    return add(known, *map(picture, numbers))


def test_the_camera_and_the_sharpness_are_noted(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "Canon EOS 80D", 6
    image = Image.new("RGB", (40, 20))
    image.paste("white", (0, 0, 21, 20))
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, quality=95)
    known = KnownPictures(tmp_path, LIMITS)
    add(known, file.getvalue(), picture(3))
    known.keep()
    noted = known.facts([content(file.getvalue()), content(picture(3))])
    assert noted["camera"].to_list() == ["Canon EOS 80D", None]
    assert noted["width"].to_list() == [20, 12]
    assert noted["sharpness"][0] > 0.8
    assert noted["sharpness"][1] is None


def test_pictures_are_known_at_once_and_kept_for_later(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    contents = remember(known, 1, 2)
    assert contents[0] in known
    assert contents[0] not in KnownPictures(tmp_path, LIMITS)
    known.keep()
    later = KnownPictures(tmp_path, LIMITS)
    assert contents[0] in later
    assert later.facts(contents)["width"].to_list() == [12, 12]
    assert np.array_equal(later.thumbs(contents)[1], look([picture(2)], LIMITS).thumbs[0])


def test_thumbnails_of_what_is_no_picture_are_black(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    contents = remember(known, 200)
    known.keep()
    thumbs = known.thumbs([None, *contents, None])
    assert thumbs.shape == (3, 64, 64, 3)
    assert [bool(thumb.any()) for thumb in thumbs] == [False, True, False]


def test_missing_thumbnails(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    (kept,) = remember(known, 1)
    known.keep()
    assert known.missing_thumbs([None, "0" * 63 + "1", kept, None, "0" * 63 + "1"]) == [1]


def test_other_limits_know_other_pictures(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    (kept,) = remember(known, 1)
    known.keep()
    assert kept not in KnownPictures(tmp_path, Limits(max_pixels=5))


def test_no_facts_of_no_pictures(tmp_path):
    assert KnownPictures(tmp_path, LIMITS).facts([]).shape == (0, 7)


def test_what_comes_twice_is_kept_once(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    (kept,) = set(remember(known, 1, 1) + remember(known, 1))
    known.keep()
    assert known.facts([kept])["width"].to_list() == [12]
    assert sum(path.stat().st_size for path in tmp_path.glob("thumbs-*/*")) < 2 * 64 * 64 * 3
