import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from discern.errors import DamagedPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture import SCAN_MIN_SIDE, Limits, open_picture, read_header
from discern.picture.decode import opened

HEIC = Path(__file__).with_name("turned.heic")
LOSSLESS = [
    ("PNG", {}),
    ("WEBP", {"lossless": True, "exact": True}),
    ("BMP", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)


@pytest.mark.parametrize(("name", "options"), LOSSLESS)
def test_lossless_formats_decode_exactly(pixels, name, options):
    decoded = open_picture(_encode(pixels, name, **options))
    assert np.array_equal(decoded, pixels)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("name", ["JPEG", "AVIF", "WEBP"])
def test_lossy_formats_decode_approximately(name):
    smooth = np.add.outer(np.arange(64), np.arange(80))[..., None].repeat(3, axis=2).astype(np.uint8)
    assert np.abs(open_picture(_encode(smooth, name, quality=95)).astype(int) - smooth).mean() < 3


def test_heic_is_decoded_upright():
    """Decode 24 x 16 pixels (white over blue on the left, red on the right), stored by libheif with a quarter turn."""
    header, decoded = read_header(HEIC.read_bytes()), open_picture(HEIC.read_bytes())
    assert (header.format, header.width, header.height) == ("HEIF", 16, 24)
    assert decoded.shape == (24, 16, 3)
    for (row, column), colour in {(2, 2): (20, 60, 220), (2, 13): (255, 255, 255), (20, 8): (200, 30, 40)}.items():
        assert np.abs(decoded[row, column].astype(int) - colour).max() <= 4


def test_the_heic_decoder_is_imported_on_demand():
    program = (
        "import sys; from pathlib import Path; from discern.picture import open_picture\n"
        "assert 'pi_heif' not in sys.modules and 'PIL.EpsImagePlugin' not in sys.modules\n"
        f"open_picture(Path({str(HEIC)!r}).read_bytes())\n"
        "assert 'pi_heif' in sys.modules\n"
        "from PIL import Image; assert not Image.OPEN.get('HEIF') and 'EPS' not in Image.OPEN\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(name, orientation):
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24], upright[:16, 24:], upright[16:, :24] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = Image.fromarray(upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = stored.transpose(Image.Transpose(back[orientation])) if orientation in back else stored
    decoded = open_picture(_encode(np.asarray(stored), name, exif=exif))
    assert decoded.shape == upright.shape
    assert np.abs(decoded[4::24, 4::36].astype(int) - upright[4::24, 4::36]).max() < 30


@pytest.mark.parametrize("min_side", [1, 50, 100, 200, 399, 400, 401, 5000])
def test_a_jpeg_is_never_reduced_below_the_requested_size(min_side):
    data = _encode(np.full((400, 601, 3), 90, np.uint8), "JPEG")
    height, width, _ = open_picture(data, min_side=min_side).shape
    assert height >= min(min_side, 400)
    assert height < 2 * min_side or height == 50
    assert abs(width / height - 601 / 400) < 0.02


def test_other_formats_are_never_reduced():
    pixels = np.full((400, 601, 3), 90, np.uint8)
    assert open_picture(_encode(pixels, "PNG"), min_side=10).shape == pixels.shape


def test_a_picture_below_the_scan_size_is_never_reduced():
    pixels = np.full((SCAN_MIN_SIDE * 2 - 1, 1600, 3), 90, np.uint8)
    assert open_picture(_encode(pixels, "JPEG"), min_side=SCAN_MIN_SIDE).shape == pixels.shape


def test_the_first_picture_of_a_multi_picture_jpeg_is_opened():
    file = BytesIO()
    Image.new("RGB", (20, 20), "red").save(
        file, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 20), "blue")]
    )
    assert open_picture(file.getvalue())[10, 10, 0] > 200


def test_a_damaged_exif_block_is_ignored():
    data = _encode(np.full((16, 16, 3), 90, np.uint8), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x13" * 40)
    assert open_picture(data).shape == (16, 16, 3)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_picture_that_ends_early_is_truncated(pixels, name):
    data = _encode(pixels, name)
    has_rows = name in ("JPEG", "PNG")
    message = rf"^This {name} ends " + (r"after (\d|1\d|20) of 30 rows\." if has_rows else "before the picture does")
    with pytest.raises(TruncatedPicture, match=message) as caught:
        open_picture(data[: len(data) * 2 // 3])
    assert caught.value.hint
    assert caught.value.__cause__ is not None or name in ("JPEG", "PNG", "TIFF")


def test_a_truncated_compressed_tiff_is_detected_before_libtiff_prints(pixels, capfd):
    image = Image.fromarray(pixels)
    file = BytesIO()
    image.save(file, "TIFF", compression="tiff_lzw", strip_size=2**20)
    head = file.getvalue()
    directory = int.from_bytes(head[4:8], "little")
    if directory > 100:
        data = head[:4] + (8).to_bytes(4, "little") + head[directory : directory + 200]
        with pytest.raises(PictureError):
            open_picture(data)
    with pytest.raises(TruncatedPicture):
        open_picture(head[: directory + 4])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_a_picture_with_overwritten_content_is_damaged(pixels, name):
    data = _encode(pixels, name)
    overwritten = data[:20] + b"\x5a" * (len(data) - 24) + data[-4:]
    with pytest.raises((DamagedPicture, TruncatedPicture)) as caught:
        open_picture(overwritten)
    assert caught.value.hint


def test_nothing_is_printed_or_logged(pixels, capfd, caplog):
    with caplog.at_level(logging.INFO):
        open_picture(_encode(pixels, "TIFF"))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_the_global_state_of_pillow_is_unchanged(pixels):
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN))
    for name in ("JPEG", "PNG", "TIFF"):
        open_picture(_encode(pixels, name))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN)) == before


def test_threads_may_open_pictures_concurrently(pixels):
    files = [_encode(pixels, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")] + [
        HEIC.read_bytes()
    ]
    expected = [open_picture(data) for data in files]
    with ThreadPoolExecutor(4) as pool:
        concurrent = list(pool.map(open_picture, files * 8))
    assert all(np.array_equal(decoded, expected[n % len(files)]) for n, decoded in enumerate(concurrent))


@pytest.mark.real
def test_real_files_with_wrong_or_missing_suffixes_open(real_data):
    for path in sorted((real_data / "dirty_samples" / "odd_format").iterdir()):
        header, decoded = read_header(path.read_bytes()), open_picture(path.read_bytes())
        assert decoded.shape == (header.height, header.width, 3)


@pytest.mark.real
def test_real_files_of_other_content_are_rejected(real_data):
    for path in sorted((real_data / "dirty_samples" / "not_images").iterdir()):
        with pytest.raises(PictureError):
            open_picture(path.read_bytes())


@pytest.mark.real
def test_real_phone_pictures_have_the_aspect_ratio_of_their_headers(real_data):
    paths = [path for path in sorted((real_data / "banana_ripeness").rglob("*")) if path.is_file()][::6]
    for path in paths:
        data = path.read_bytes()
        header = read_header(data)
        height, width, _ = open_picture(data, min_side=SCAN_MIN_SIDE).shape
        assert abs(np.log(width / height) - np.log(header.width / header.height)) < 0.02
        assert min(width, height) >= min(SCAN_MIN_SIDE, header.width, header.height)


def _encode(pixels, name, **options):
    file = BytesIO()
    Image.fromarray(pixels).save(file, name, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 2}])
def test_the_fast_path_for_small_jpegs_equals_the_full_parser_even_on_damaged_files(options):
    """Compare the pixels and errors of decoding without and with Pillow's header parser."""
    random = np.random.default_rng(0)
    intact = _encode(random.integers(0, 256, (40, 33, 3), np.uint8), "JPEG", **options)
    for _ in range(150):
        data = bytearray(intact[: random.integers(1, len(intact) + 1)] if random.random() < 0.3 else intact)
        for offset in random.integers(0, len(data), random.integers(0, 3)):
            data[offset] = random.choice([0, 255, 0xD9, 0xDA, 0xC0, 0xC4, random.integers(256)])
        assert _outcome(bytes(data), thorough=False) == _outcome(bytes(data), thorough=True)


def _outcome(data: bytes, *, thorough: bool) -> tuple[object, ...]:
    try:
        with opened(data, Limits(), thorough=thorough) as picture:
            return picture.size, picture.mode, picture.decode(20).tobytes()
    except PictureError as error:
        return error.code, str(error)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")
def test_a_jpeg_of_200_megapixels_is_read_at_a_reduced_scale_in_bounded_memory(tmp_path):
    """Camera phones take 16,320 x 12,240 pixels, which would need 600 MB at full size."""
    Image.linear_gradient("L").resize((16_320, 12_240)).save(tmp_path / "large.jpg")
    program = (
        "import sys; from pathlib import Path; from discern.picture import Limits, Recipe, load_input\n"
        "from discern.picture.picture_facts import decode_facts\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "data, before = Path(sys.argv[1]).read_bytes(), peak()\n"
        "assert load_input(data, Recipe(size=192, resize=219)).shape == (192, 192, 3)\n"
        "facts = decode_facts(data, Limits()).facts[0]\n"
        "assert (facts['width'], facts['height']) == (16_320, 12_240)\n"
        "assert peak() - before < 100_000, (before, peak())\n"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "large.jpg")]
    subprocess.run(command, check=True, timeout=120)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError("out of memory when reading image file"),
        ValueError("Failed to decode frame 0: Out of memory"),
    ],
)
def test_a_picture_is_not_called_damaged_where_memory_is_short(pixels, error):
    with (
        pytest.raises(PictureTooLarge, match="needs more memory than is available"),
        opened(_encode(pixels, "PNG"), Limits()),
    ):
        raise error
