import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from discern.errors import NotAPicture
from discern.picture import Limits, open_picture, pixel_hash, thumbnail
from discern.picture.picture_facts import decode_facts, read_facts
from discern.picture.sharpness import sharpness

LIMITS = Limits()


def coded(side: int, form: str = "JPEG", **options: object) -> bytes:
    """Noise of some size, a little blurred."""
    noise = np.random.default_rng(side).integers(0, 256, (side, side + 10, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1)).save(file, form, **options)
    return file.getvalue()


def test_what_is_noted_of_a_picture():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "EOS 80D", 6
    looks = decode_facts(coded(40, exif=exif), LIMITS)
    facts = looks.facts[0]
    assert (int(facts["width"]), int(facts["height"])) == (40, 50)
    assert (facts["format"], facts["mode"], facts["camera"]) == (b"JPEG", b"RGB", b"Canon EOS 80D")
    assert len(facts["pixels"]) == 64
    assert looks.thumbs.shape == (1, 64, 64, 3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_many_together_are_seen_as_each_alone(form):
    files = [coded(side, form) for side in (40, 20, 12, 40, 300, 20)]
    looks = read_facts(files, LIMITS)
    for at, data in enumerate(files):
        pixels = open_picture(data)
        assert looks.facts["pixels"][at].decode() == pixel_hash(pixels)
        assert np.array_equal(looks.thumbs[at], thumbnail(pixels))
        sharp = sharpness(pixels)
        np.testing.assert_equal(looks.facts["sharpness"][at], np.float32(np.nan if sharp is None else sharp))


def test_containers_do_not_matter_to_the_pixels_hash():
    png, bmp = read_facts([coded(30, "PNG"), coded(30, "BMP")], LIMITS).facts["pixels"]
    assert png == bmp


def test_what_is_no_picture_has_a_problem_and_the_others_none():
    looks = read_facts([coded(30), b"hello", b"", coded(31)], LIMITS)
    assert {at: problem.code for at, problem in looks.problems.items()} == {1: "not_a_picture", 2: "empty"}
    assert looks.facts["width"].tolist() == [40, 0, 0, 41]
    assert not looks.thumbs[1].any()


def test_what_is_no_picture_is_refused_where_it_stands_alone():
    with pytest.raises(NotAPicture):
        decode_facts(b"hello", LIMITS)


def test_no_files_are_no_looks():
    assert len(read_facts([], LIMITS).facts) == 0


def test_one_file_may_be_looked_at_again():
    strict = Limits(max_pixels=100)
    looks = read_facts([coded(30), coded(31), b"no"], strict)
    assert [looks.problems[at].code for at in range(3)] == ["too_large", "too_large", "not_a_picture"]
    looks.replace(1, read_facts([coded(31)], LIMITS))
    looks.replace(0, read_facts([b""], LIMITS))
    assert {at: problem.code for at, problem in looks.problems.items()} == {0: "empty", 2: "not_a_picture"}
    assert looks.facts["width"].tolist() == [0, 41, 0]
