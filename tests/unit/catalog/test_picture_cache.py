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


def add(cache: PictureCache, *files: bytes) -> list[str]:
    contents, found = [content(data) for data in files], read_facts(files, LIMITS)
    for row in zip(contents, found.facts, found.thumbs, strict=True):
        cache.add(*row)
    return contents


def add_pictures(cache: PictureCache, *numbers: int) -> list[str]:
    return add(cache, *map(picture, numbers))


def test_camera_and_sharpness_are_stored(tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "Canon EOS 80D", 6
    image = Image.new("RGB", (40, 20))
    image.paste("white", (0, 0, 21, 20))
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, quality=95)
    cache = PictureCache(tmp_path, LIMITS)
    add(cache, file.getvalue(), picture(3))
    cache.flush()
    stored = cache.facts([content(file.getvalue()), content(picture(3))])
    assert stored["camera"].tolist() == [b"Canon EOS 80D", b""]
    assert stored["width"].tolist() == [20, 12]
    assert stored["sharpness"][0] > 0.8
    assert np.isnan(stored["sharpness"][1])


def test_pictures_are_cached_at_once_and_on_disk_after_a_flush(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    contents = add_pictures(cache, 1, 2)
    assert cache.contains([*contents, "0" * 64]) == [True, True, False]
    assert PictureCache(tmp_path, LIMITS).contains(contents) == [False, False]
    cache.flush()
    later = PictureCache(tmp_path, LIMITS)
    assert later.contains(contents) == [True, True]
    assert later.facts(contents)["width"].tolist() == [12, 12]
    assert np.array_equal(later.thumbs(contents)[1], read_facts([picture(2)], LIMITS).thumbs[0])


def test_pending_rows_are_flushed_in_batches(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    contents = add_pictures(cache, *range(600))
    assert sum(PictureCache(tmp_path, LIMITS).contains(contents)) >= 512
    cache.flush()
    later = PictureCache(tmp_path, LIMITS)
    assert np.array_equal(later.thumbs(contents)[599], read_facts([picture(599)], LIMITS).thumbs[0])
    assert len(set(later.facts(contents)["pixels"])) == 600


def test_files_verified_by_another_process_are_not_verified_again(tmp_path):
    cache, other = PictureCache(tmp_path, LIMITS), PictureCache(tmp_path, LIMITS)
    contents = add_pictures(other, 1, 2)
    other.flush()
    cache.mark_verified(other.verified())
    for path in tmp_path.glob("facts-*/*.shelf"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")  # detected by any verification
    assert cache.facts(contents)["width"].tolist() == [12, 12]
    assert PictureCache(tmp_path, LIMITS).missing(contents) == [0, 1]


def test_thumbnails_of_other_files_are_black(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    contents = add_pictures(cache, 200)
    cache.flush()
    thumbs = cache.thumbs([None, *contents, None])
    assert thumbs.shape == (3, 64, 64, 3)
    assert [bool(thumb.any()) for thumb in thumbs] == [False, True, False]


def test_missing_contents_are_found(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    (kept,) = add_pictures(cache, 1)
    cache.flush()
    assert cache.missing([None, "0" * 63 + "1", kept, None, "0" * 63 + "1"]) == [1]


def test_limits_have_separate_entries(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    (kept,) = add_pictures(cache, 1)
    cache.flush()
    assert PictureCache(tmp_path, Limits(max_pixels=5)).contains([kept]) == [False]


def test_facts_of_no_pictures(tmp_path):
    assert PictureCache(tmp_path, LIMITS).facts([]).shape == (0,)


def test_duplicates_are_stored_once(tmp_path):
    cache = PictureCache(tmp_path, LIMITS)
    (kept,) = set(add_pictures(cache, 1, 1) + add_pictures(cache, 1))
    cache.flush()
    assert cache.facts([kept])["width"].tolist() == [12]
    assert sum(path.stat().st_size for path in tmp_path.glob("thumbs-*/*")) < 2 * 64 * 64 * 3
