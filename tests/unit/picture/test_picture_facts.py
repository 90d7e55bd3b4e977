import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from discern.errors import NotAPicture
from discern.picture import Limits, open_picture, pixel_hash, thumbnail
from discern.picture.picture_facts import decode_facts, read_facts
from discern.picture.sharpness import sharpness

LIMITS = Limits()


def encoded(side: int, form: str = "JPEG", **options: object) -> bytes:
    """Encode slightly blurred noise of `side` x `side + 10` pixels."""
    noise = np.random.default_rng(side).integers(0, 256, (side, side + 10, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1)).save(file, form, **options)
    return file.getvalue()


def test_properties_of_a_picture():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "EOS 80D", 6
    found = decode_facts(encoded(40, exif=exif), LIMITS)
    facts = found.facts[0]
    assert (int(facts["width"]), int(facts["height"])) == (40, 50)
    assert (facts["format"], facts["mode"], facts["camera"]) == (b"JPEG", b"RGB", b"Canon EOS 80D")
    assert len(facts["pixels"]) == 64
    assert found.thumbs.shape == (1, 64, 64, 3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_batch_equals_single_files(form):
    files = [encoded(side, form) for side in (40, 20, 12, 40, 300, 20)]
    found = read_facts(files, LIMITS)
    for at, data in enumerate(files):
        pixels = open_picture(data)
        assert found.facts["pixels"][at].decode() == pixel_hash(pixels)
        assert np.array_equal(found.thumbs[at], thumbnail(pixels))
        sharp = sharpness(pixels)
        np.testing.assert_equal(found.facts["sharpness"][at], np.float32(np.nan if sharp is None else sharp))


def test_the_pixel_hash_does_not_depend_on_the_container():
    png, bmp = read_facts([encoded(30, "PNG"), encoded(30, "BMP")], LIMITS).facts["pixels"]
    assert png == bmp


def test_only_unusable_files_have_a_problem():
    found = read_facts([encoded(30), b"hello", b"", encoded(31)], LIMITS)
    assert {at: problem.code for at, problem in found.problems.items()} == {1: "not_a_picture", 2: "empty"}
    assert found.facts["width"].tolist() == [40, 0, 0, 41]
    assert not found.thumbs[1].any()


def test_a_single_unusable_file_is_an_error():
    with pytest.raises(NotAPicture):
        decode_facts(b"hello", LIMITS)


def test_no_files_give_no_rows():
    assert len(read_facts([], LIMITS).facts) == 0


def test_the_values_of_one_file_can_be_replaced():
    strict = Limits(max_pixels=100)
    found = read_facts([encoded(30), encoded(31), b"no"], strict)
    assert [found.problems[at].code for at in range(3)] == ["too_large", "too_large", "not_a_picture"]
    found.replace(1, read_facts([encoded(31)], LIMITS))
    found.replace(0, read_facts([b""], LIMITS))
    assert {at: problem.code for at, problem in found.problems.items()} == {0: "empty", 2: "not_a_picture"}
    assert found.facts["width"].tolist() == [0, 41, 0]
