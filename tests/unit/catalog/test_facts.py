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
    for row in zip(contents, looks.facts, looks.thumbs, strict=True):
        known.add(*row)
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
    assert noted["camera"].tolist() == [b"Canon EOS 80D", b""]
    assert noted["width"].tolist() == [20, 12]
    assert noted["sharpness"][0] > 0.8
    assert np.isnan(noted["sharpness"][1])


def test_pictures_are_known_at_once_and_kept_for_later(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    contents = remember(known, 1, 2)
    assert known.known([*contents, "0" * 64]) == [True, True, False]
    assert KnownPictures(tmp_path, LIMITS).known(contents) == [False, False]
    known.keep()
    later = KnownPictures(tmp_path, LIMITS)
    assert later.known(contents) == [True, True]
    assert later.facts(contents)["width"].tolist() == [12, 12]
    assert np.array_equal(later.thumbs(contents)[1], look([picture(2)], LIMITS).thumbs[0])


def test_many_are_written_as_they_come(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    contents = remember(known, *range(600))
    assert sum(KnownPictures(tmp_path, LIMITS).known(contents)) >= 512
    known.keep()
    later = KnownPictures(tmp_path, LIMITS)
    assert np.array_equal(later.thumbs(contents)[599], look([picture(599)], LIMITS).thumbs[0])
    assert len(set(later.facts(contents)["pixels"])) == 600


def test_what_another_process_has_proven_is_not_read_again(tmp_path):
    known, other = KnownPictures(tmp_path, LIMITS), KnownPictures(tmp_path, LIMITS)
    contents = remember(other, 1, 2)
    other.keep()
    known.trust(other.proven())
    for path in tmp_path.glob("facts-*/*.shelf"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")  # found out by whoever reads it
    assert known.facts(contents)["width"].tolist() == [12, 12]
    assert KnownPictures(tmp_path, LIMITS).missing(contents) == [0, 1]


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
    assert known.missing([None, "0" * 63 + "1", kept, None, "0" * 63 + "1"]) == [1]


def test_other_limits_know_other_pictures(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    (kept,) = remember(known, 1)
    known.keep()
    assert KnownPictures(tmp_path, Limits(max_pixels=5)).known([kept]) == [False]


def test_no_facts_of_no_pictures(tmp_path):
    assert KnownPictures(tmp_path, LIMITS).facts([]).shape == (0,)


def test_what_comes_twice_is_kept_once(tmp_path):
    known = KnownPictures(tmp_path, LIMITS)
    (kept,) = set(remember(known, 1, 1) + remember(known, 1))
    known.keep()
    assert known.facts([kept])["width"].tolist() == [12]
    assert sum(path.stat().st_size for path in tmp_path.glob("thumbs-*/*")) < 2 * 64 * 64 * 3
