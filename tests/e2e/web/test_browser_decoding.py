"""The page reads the same pictures as Python, however odd their files, and refuses others for the same reason."""

import base64
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import discern
from discern.errors import PictureError
from discern.picture import Limits
from discern.picture.decode import opened
from tests.e2e.chromium import hosted
from tests.e2e.web.page_decoder import DECODE
from tests.e2e.web.site_api import scene
from tests.unit.picture.deep_pictures import deep_png

pytestmark = pytest.mark.slow

PAGE = Path(discern.__file__).parent / "serving" / "page"
SIDE = 200
FILM = b"\0\0\0\x20ftypisom" + bytes(np.random.default_rng(0).integers(0, 256, 50_000, np.uint8))


@pytest.fixture(scope="module")
def page(chromium_browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page whose scripts are the product's; no model is needed."""
    folder = tmp_path_factory.mktemp("scripts")
    shutil.copytree(PAGE, folder / "page")
    (folder / "index.html").write_text("<title>x</title>")
    with hosted(folder) as host:
        page = chromium_browser.new_page()
        page.goto(host)
        yield page
        page.close()


def encode(kind: str = "JPEG", **options: Any) -> bytes:
    pixels = Image.fromarray(scene(320, 304)).resize((320, 304))
    gradient = Image.linear_gradient("L").resize((320, 304))
    file = io.BytesIO()
    Image.composite(pixels, Image.new("RGB", (320, 304), (40, 160, 90)), gradient).save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


JPEGS = {
    "baseline": encode(subsampling=0),
    "subsampled": encode(),
    "progressive": encode(progressive=True),
    "restarts": encode(restart_marker_rows=1),
    "turned": encode(exif=turned(6)),
}
CUTS: dict[str, Callable[[bytes], bytes]] = {
    "film": lambda data: data + FILM,
    "no end": lambda data: data[:-2],
    "no end, zeros": lambda data: data[:-2] + bytes(3000),
    "no end, film": lambda data: data[:-2] + b"\xff\xd8" + FILM,
    "few rows missing": lambda data: data[:-20],
    "few rows missing, end": lambda data: data[:-90] + b"\xff\xd9",
    "a third missing": lambda data: data[: len(data) * 2 // 3],
    "half missing, end": lambda data: data[: len(data) // 2] + b"\xff\xd9",
    "half missing, film": lambda data: data[: len(data) // 2] + b"\xff\xd8" + FILM,
}
FILES = {f"{name}, {cut}": change(data) for name, data in JPEGS.items() for cut, change in CUTS.items()}
FILES |= {
    f"png, {cut}": encode("PNG")[:-end] if end else encode("PNG") + FILM
    for cut, end in {
        "film": 0,
        "no end": 12,
        "no checksum": 20,
        "few rows missing": 300,
        "half missing": 20_000,
    }.items()
}
FILES |= {"gif, film": encode("GIF") + FILM, "gif, no end": encode("GIF")[:-1], "gif, no block end": encode("GIF")[:-2]}
FILES |= {"webp, film": encode("WEBP", lossless=True) + FILM, "bmp, film": encode("BMP") + FILM}

# The last scan of the progressive file is short, so that a few bytes are most of it.
REFUSED = [name for name in FILES if any(word in name for word in ("third", "half", "progressive, few"))]


def python(data: bytes, white: int = 65535) -> dict[str, Any]:
    try:
        with opened(data, Limits()) as picture:
            return {"pixels": np.asarray(picture.decode(SIDE, white)), "size": list(picture.size)}
    except PictureError as error:
        return {"code": error.code, "message": error.message}


def browser(page: Any, data: bytes, white: int = 65535) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(DECODE, [base64.b64encode(data).decode(), SIDE, white])
    if "data" not in answer:
        return answer
    pixels = np.frombuffer(base64.b64decode(answer["data"]), np.uint8).reshape(answer["height"], answer["width"], 4)
    return {"pixels": pixels[..., :3], "size": answer["size"]}


def require_same(page: Any, data: bytes, white: int = 65535, tolerance: int = 3) -> dict[str, Any]:
    expected, found = python(data, white), browser(page, data, white)
    if "pixels" not in expected:
        assert found == expected
    else:
        assert found.get("size") == expected["size"], found
        assert np.abs(found["pixels"].astype(int) - expected["pixels"]).max() <= tolerance
    return expected


@pytest.mark.parametrize("name", FILES)
def test_odd_files_are_read_or_refused_as_in_python(name: str, page: Any) -> None:
    expected = require_same(page, FILES[name])
    assert ("pixels" in expected) == (name not in REFUSED)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_sixteen_bits_are_scaled_as_in_python(channels: int, bits: int, page: Any) -> None:
    values = np.random.default_rng(0).integers(0, 1 << bits, (40, 60, channels), dtype=np.uint16)
    if channels in (2, 4):
        values[..., -1] = 65535
    expected = require_same(page, deep_png(values), white=(1 << bits) - 1, tolerance=0)
    assert expected["pixels"].max() > 220


def test_a_jpeg_of_a_large_camera_is_read_at_a_reduced_scale(page: Any) -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16_320, 12_240)).save(file, "JPEG", quality=60, exif=turned(6))
    expected = require_same(page, file.getvalue())
    assert expected["size"] == [12_240, 16_320]
    assert expected["pixels"].shape == (2040, 1530, 3)
    require_same(page, file.getvalue()[:-2])
