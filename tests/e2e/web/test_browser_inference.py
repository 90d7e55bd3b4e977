"""An exported site predicts like Python, and no picture leaves the device."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import discern
from discern.inference.localisation import localise
from discern.picture import choose_recipe, read_header
from tests.e2e.chromium import hosted
from tests.e2e.web.site_api import OPEN, encode, predict, scene
from tests.e2e.web.test_offline import wait_until
from tests.unit.bundle.factories import SIZE, write_small
from tests.unit.picture.test_colour import swapped_profile

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(bundle: Path) -> discern.Model:
    return discern.load(bundle)


@pytest.fixture(scope="module")
def page(chromium_browser: Any, address: str) -> Iterator[Any]:
    """The site's page with an open model."""
    page = chromium_browser.new_page()
    page.goto(address)
    page.about = page.evaluate(OPEN)
    yield page
    page.close()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def add_alpha(pixels: np.ndarray) -> np.ndarray:
    """Add an alpha channel that grows from left to right."""
    alpha = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    return np.dstack([pixels, np.broadcast_to(alpha, pixels.shape[:2])])


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png_with_chunk(name: bytes, data: bytes) -> bytes:
    """Encode a PNG with a colour chunk that Pillow ignores."""
    info = PngImagePlugin.PngInfo()
    info.add(name, data)
    return encode(scene(), pnginfo=info)


PICTURES = {
    "png": encode(scene()),
    "tall png": encode(scene(40, 300)),
    "one pixel": encode(scene()[:1, :1]),
    "grey png": encode(scene(), mode="L"),
    "palette": encode(scene(), mode="P"),
    "clear png": encode(add_alpha(scene())),
    "sixteen bits": encode(np.uint16(scene()[..., 0]) * 257),
    "bright png": png_with_chunk(b"gAMA", (100_000).to_bytes(4, "big")),
    "dark png": png_with_chunk(b"gAMA", (20_000).to_bytes(4, "big")),
    "high dynamic png": png_with_chunk(b"cICP", bytes([9, 16, 0, 1])),
    "png without its end": encode(scene())[:-12],
    "webp": encode(scene(), "WEBP", lossless=True),
    "clear webp": encode(add_alpha(scene()), "WEBP", lossless=True),
    "gif": encode(scene(), "GIF"),
    "bmp": encode(scene(), "BMP"),
    "jpeg": encode(scene(), "JPEG", quality=95),
    "grey jpeg": encode(scene(), "JPEG", mode="L"),
    "progressive": encode(scene(200, 150), "JPEG", progressive=True),
    "profiled": encode(scene(), "JPEG", icc_profile=profile()),
    "other primaries": encode(scene(), "PNG", icc_profile=swapped_profile()),
    "other primaries in a jpeg": encode(scene(), "JPEG", subsampling=0, icc_profile=swapped_profile()),
    "broken profile": encode(scene(), icc_profile=b"x" * 3000),
    "profile for other colours": encode(scene(), mode="L", icc_profile=swapped_profile()),
    "cmyk": encode(scene(), "JPEG", mode="CMYK"),
    "avif": encode(scene(), "AVIF"),
    **{
        f"turned {orientation}": encode(scene(), "JPEG", subsampling=0, exif=exif(orientation))
        for orientation in range(1, 9)
    },
    **{
        f"large {orientation}": encode(scene(331, 402), "JPEG", subsampling=0, exif=exif(orientation))
        for orientation in range(1, 9)
    },
    **{f"turned png {orientation}": encode(scene(), exif=exif(orientation)) for orientation in (2, 6)},
    **{
        f"turned webp {orientation}": encode(scene(), "WEBP", lossless=True, exif=exif(orientation))
        for orientation in range(1, 9)
    },
    "very large": encode(scene(2001, 1503), "JPEG"),
    "very large, without its last rows": encode(scene(2001, 1503), "JPEG")[:-2000],
}


def test_the_golden_vectors_hold_in_the_browser(page: Any, model: discern.Model) -> None:
    assert page.about["verified"]["passed"] is True
    assert page.about["verified"]["worst_difference"] < 1e-5
    assert (page.about["fingerprint"], page.about["labels"]) == (model.fingerprint, ["dark", "red"])


@pytest.mark.parametrize("name", PICTURES)
def test_predictions_equal_python_s(name: str, page: Any, model: discern.Model) -> None:
    expected, prediction = model(PICTURES[name]).to_json(), predict(page, PICTURES[name])
    assert len(prediction.pop("id")) == len(expected.pop("id"))
    # Browsers store premultiplied colours with less precision.
    tolerance = 5e-3 if name.startswith("clear") else 2e-3
    for key in ("probabilities", "unknown_score", "confidence"):
        assert prediction.pop(key) == pytest.approx(expected.pop(key), abs=tolerance), key
    assert prediction == expected


@pytest.mark.parametrize(
    "name", ["png", "one pixel", *(name for name in PICTURES if "turned" in name or "large" in name)]
)
def test_localisation_equals_python_s(name: str, page: Any, model: discern.Model) -> None:
    picture = PICTURES[name]
    evidence = model.run(model.prepare(picture)[None])["evidence"][0]
    prediction = predict(page, picture, evidence=True)
    header = read_header(picture)
    label = model.labels.index(prediction["label"])
    expected = localise(evidence[..., label], model.manifest.recipe, (header.width, header.height))
    assert prediction["evidence"]["place"] == expected.place
    assert prediction["evidence"]["box"] == pytest.approx(expected.box)
    assert prediction["evidence"]["map"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (b"", "empty"),
        (b"no picture at all", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (PICTURES["png"][:60], "truncated"),
        (PICTURES["very large"][: len(PICTURES["very large"]) // 2], "truncated"),
        (PICTURES["webp"][:-20], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 500 + b"\xff\xd9", "damaged"),
        (encode(scene(), "TIFF"), "unsupported"),
    ],
    ids=["empty", "words", "svg", "cut png", "cut jpeg", "cut webp", "no jpeg", "tiff"],
)
def test_unusable_pictures_are_errors(picture: bytes, code: str, page: Any) -> None:
    error = predict(page, picture)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["hint"]


def test_no_requests_are_sent_after_loading(chromium_browser: Any, address: str) -> None:
    page = chromium_browser.new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address)
    page.evaluate(OPEN)
    wait_until(page, "() => document.getElementById('model-summary').textContent.includes('red')")
    assert requested
    assert all(url.startswith((address, "blob:", "data:")) for url in requested), requested
    requested.clear()
    assert predict(page, PICTURES["jpeg"], evidence=True)["label"] == "dark"
    assert [url for url in requested if not url.startswith(("blob:", "data:"))] == []
    page.close()


def test_the_page_states_that_pictures_stay_on_the_device(chromium_browser: Any, address: str) -> None:
    page = chromium_browser.new_page()
    page.goto(address)
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": PICTURES["png"]})
    page.wait_for_selector("#answer h2:not(.waiting)")
    assert "Pictures stay on this device" in page.inner_text("#accuracy")
    assert page.is_hidden("#notice")
    page.close()


def test_the_page_mentions_no_server(chromium_browser: Any, address: str) -> None:
    page = chromium_browser.new_page(java_script_enabled=False)
    page.goto(address)
    assert page.is_hidden("#docs-link")
    page.close()
    page = chromium_browser.new_page()
    page.goto(address)
    page.wait_for_selector("#about-open")
    page.set_input_files("#files", {"name": "a.tiff", "mimeType": "image/tiff", "buffer": encode(scene(), "TIFF")})
    page.wait_for_selector("#answer h2.failed")
    page.wait_for_selector(".cannot-show")
    text = page.inner_text("main")
    assert "cannot show pictures in this format" in text
    assert [word for word in ("sent", "server", "network") if word in text.lower()] == []
    assert page.is_hidden("#docs-link")
    page.close()


def copy_with_damaged_file(root: Path, target: Path, name: str) -> Path:
    """Copy the site, and overwrite the start of one file with zeros."""
    shutil.copytree(root, target)
    path = target / "deep/site" / name
    data = bytearray(path.read_bytes())
    data[4:64] = bytes(60)
    path.write_bytes(data)
    return target


def test_a_browser_that_fails_verification_shows_a_warning(chromium_browser: Any, root: Path, tmp_path: Path) -> None:
    with hosted(copy_with_damaged_file(root, tmp_path / "hosted", "model/golden.bin")) as host:
        page = chromium_browser.new_page()
        page.goto(f"{host}deep/site/")
        verified = page.evaluate(OPEN)["verified"]
        page.wait_for_selector("#notice:not([hidden])")
        assert "Do not rely" in page.inner_text("#notice")
        page.close()
    assert verified["passed"] is False
    assert verified["worst_difference"] > 1e-4


def test_a_missing_file_is_named(chromium_browser: Any, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "hosted")
    (tmp_path / "hosted/deep/site/model/model.onnx").unlink()
    with hosted(tmp_path / "hosted") as host:
        page = chromium_browser.new_page()
        page.goto(f"{host}deep/site/")
        page.wait_for_selector("#notice:not([hidden])")
        assert "model.onnx cannot be loaded" in page.inner_text("#notice")
        page.close()


def test_multithreaded_inference_gives_the_same_probabilities(chromium_browser: Any, root: Path, page: Any) -> None:
    isolation_headers = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
    with hosted(root, isolation_headers) as host:
        other = chromium_browser.new_page()
        other.goto(f"{host}deep/site/")
        assert other.evaluate("crossOriginIsolated") is True
        assert other.evaluate(OPEN)["verified"]["passed"] is True
        assert predict(other, PICTURES["png"])["probabilities"] == pytest.approx(
            predict(page, PICTURES["png"])["probabilities"]
        )
        other.close()
    assert page.evaluate("crossOriginIsolated") is False


def test_padded_pictures_are_those_of_python(chromium_browser: Any, runtime: Path, tmp_path: Path) -> None:
    recipe = choose_recipe([], SIZE, fit="pad")
    path = write_small(tmp_path / "model.discern", recipe=recipe)
    discern.export(path, tmp_path / "hosted" / "deep" / "site", runtime=runtime)
    model = discern.load(path)
    with hosted(tmp_path / "hosted") as host:
        page = chromium_browser.new_page()
        page.goto(f"{host}deep/site/")
        assert page.evaluate(OPEN)["verified"]["passed"] is True
        for name in ("png", "tall png", "turned 6", "large 1"):
            expected, prediction = model(PICTURES[name]).to_json(), predict(page, PICTURES[name], evidence=True)
            assert prediction["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-3), name
            evidence = model.run(model.prepare(PICTURES[name])[None])["evidence"][0]
            header = read_header(PICTURES[name])
            label = model.labels.index(prediction["label"])
            localised = localise(evidence[..., label], recipe, (header.width, header.height))
            assert prediction["evidence"]["place"] == localised.place
            assert prediction["evidence"]["box"] == pytest.approx(localised.box)
        page.close()
