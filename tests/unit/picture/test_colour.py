from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from discern.picture import open_picture
from discern.picture.colour import to_srgb

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBX", "RGBA", "RGBa", "LA", "La", "PA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16"]
)
def test_every_mode_becomes_rgb_of_the_same_size(mode):
    assert to_srgb(Image.new(mode, (7, 5)), b"").mode == "RGB"
    assert to_srgb(Image.new(mode, (7, 5)), b"").size == (7, 5)


@pytest.mark.parametrize(("name", "order"), [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2")])
def test_sixteen_bits_are_scaled_and_not_clipped(name, order):
    stored = (RAMP.astype(np.uint16) * 257).astype(order)
    assert np.array_equal(reopened(Image.fromarray(stored), name)[..., 0], RAMP)


def test_sixteen_bits_are_rounded_to_nearest():
    stored = np.array([[128, 129, 65535, 65406, 65407, 32768]], np.uint16)
    assert reopened(Image.fromarray(stored), "PNG")[0, :, 0].tolist() == [0, 1, 255, 254, 255, 128]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
        (np.array([[0, 257, 65535]], np.float32), [0, 1, 255]),
        (np.array([[-10, 0, 10]], np.float32), [0, 128, 255]),
        (np.array([[-np.inf, 0, 1, np.nan, np.inf]], np.float32), [0, 0, 255, 0, 255]),
        (np.array([[np.nan, np.nan]], np.float32), [0, 0]),
        (np.array([[3e38, 3e38, -3e38]], np.float32), [255, 255, 0]),
        (np.array([[0, 100, 255]], np.int32), [0, 100, 255]),
        (np.array([[0, 25700, 65535]], np.int32), [0, 100, 255]),
        (np.array([[0, 10**9, 2 * 10**9]], np.int32), [0, 128, 255]),
        (np.array([[-5, 5, -5]], np.int32), [0, 255, 0]),
    ],
)
def test_greys_without_a_fixed_range_are_scaled_to_one_that_fits(values, expected):
    assert reopened(Image.fromarray(values), "TIFF")[0, :, 0].tolist() == expected


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_composited_over_white(name):
    image = Image.new("RGBA", (6, 4), (200, 0, 100, 255))
    image.paste((0, 0, 0, 0), (0, 0, 2, 4))
    image.paste((100, 100, 100, 128), (2, 0, 4, 4))
    pixels = reopened(image, name, **({"lossless": True, "exact": True} if name == "WEBP" else {}))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert np.abs(pixels[0, 2].astype(int) - 177).max() <= 1
    assert pixels[0, 5].tolist() == [200, 0, 100]


@pytest.mark.parametrize("mode", ["LA", "PA", "La"])
def test_transparency_of_other_modes_is_composited_over_white(mode):
    image = Image.new("LA", (2, 1), (50, 255))
    image.putpixel((0, 0), (0, 0))
    image = image.convert("RGBA").convert("PA") if mode == "PA" else image.convert(mode)
    pixels = np.asarray(to_srgb(image, b""))
    assert pixels[0, 0].tolist() == [255] * 3
    assert np.abs(pixels[0, 1].astype(int) - 50).max() <= 3


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255]), bytes([255, 0])])
@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_a_transparent_palette_entry_becomes_white(transparency, name):
    if name == "GIF" and isinstance(transparency, bytes):
        pytest.skip("a GIF has one transparent entry")
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    pixels = reopened(image, name, transparency=transparency)
    assert pixels[0].tolist() == [[10, 20, 30], [255, 255, 255], [70, 80, 90]]


@pytest.mark.parametrize(
    ("image", "transparency", "expected"),
    [
        (Image.fromarray(np.array([[7, 8]], np.uint8)), 7, [255, 8]),
        (Image.fromarray(np.array([[257, 65535, 5140]], np.uint16)), 257, [255, 255, 20]),
        (Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1"), 0, [255, 255]),
    ],
)
def test_the_transparent_grey_of_a_png_becomes_white(image, transparency, expected):
    assert reopened(image, "PNG", transparency=transparency)[0, :, 0].tolist() == expected


def test_the_transparent_colour_of_a_png_becomes_white():
    image = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    assert reopened(image, "PNG", transparency=(1, 2, 3))[0].tolist() == [[255] * 3, [4, 5, 6]]


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(name):
    pixels = reopened(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), name)
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 3


def test_a_profile_with_other_primaries_is_applied():
    image = Image.new("RGB", (8, 8), (0, 200, 0))
    plain, converted = reopened(image, "PNG"), reopened(image, "PNG", icc_profile=swapped_profile())
    assert plain[0, 0].tolist() == [0, 200, 0]
    assert converted[0, 0].argmax() == 0


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_the_profile_of_every_container_is_applied(name):
    pixels = reopened(Image.new("RGB", (16, 16), (0, 200, 0)), name, icc_profile=swapped_profile())
    assert pixels[8, 8].argmax() == 0


@pytest.mark.parametrize("profile", [b"junk", b"\0" * 200, b"x" * 3000])
def test_an_invalid_profile_is_ignored(profile):
    image = Image.new("RGB", (8, 8), (10, 200, 30))
    assert reopened(image, "PNG", icc_profile=profile)[0, 0].tolist() == [10, 200, 30]


def test_a_profile_for_another_colour_space_is_ignored():
    assert reopened(Image.new("L", (8, 8), 77), "PNG", icc_profile=swapped_profile())[0, 0].tolist() == [77] * 3


def test_an_srgb_profile_changes_no_value():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert np.array_equal(reopened(Image.fromarray(pixels), "PNG", icc_profile=srgb), pixels)


def test_threads_may_share_transforms():
    pixels = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    profile = swapped_profile()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: np.asarray(to_srgb(Image.fromarray(pixels), profile)), range(16)))
    assert all(np.array_equal(results[0], other) for other in results)


def swapped_profile():
    """Exchange the primaries of red and green in the sRGB profile."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")


def reopened(image, name, **options):
    file = BytesIO()
    image.save(file, name, **options)
    return open_picture(file.getvalue())
