"""An exported site answers in a real browser as Python answers, and nothing leaves the visitor's device."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import discern
from discern.inference.localisation import localise
from discern.picture import read_header
from tests.e2e.chromium import hosted
from tests.e2e.web.asking import OPEN, ask, encode, scene
from tests.unit.picture.test_colour import swapped_profile


@pytest.fixture(scope="module")
def model(bundle: Path) -> discern.Model:
    return discern.load(bundle)


@pytest.fixture(scope="module")
def page(visitor: Any, address: str) -> Iterator[Any]:
    """The site's page with an answerer of its own."""
    page = visitor.new_page()
    page.goto(address)
    page.about = page.evaluate(OPEN)
    yield page
    page.close()


def exif(turn: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = turn
    return made


def clear(pixels: np.ndarray) -> np.ndarray:
    """With a transparency that grows from left to right."""
    alpha = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    return np.dstack([pixels, np.broadcast_to(alpha, pixels.shape[:2])])


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tinted(name: bytes, data: bytes) -> bytes:
    """A PNG that says how its colours are to be shown, which Pillow passes over."""
    info = PngImagePlugin.PngInfo()
    info.add(name, data)
    return encode(scene(), pnginfo=info)


PICTURES = {
    "png": encode(scene()),
    "tall png": encode(scene(40, 300)),
    "one pixel": encode(scene()[:1, :1]),
    "grey png": encode(scene(), mode="L"),
    "palette": encode(scene(), mode="P"),
    "clear png": encode(clear(scene())),
    "sixteen bits": encode(np.uint16(scene()[..., 0]) * 257),
    "bright png": tinted(b"gAMA", (100_000).to_bytes(4, "big")),
    "dark png": tinted(b"gAMA", (20_000).to_bytes(4, "big")),
    "high dynamic png": tinted(b"cICP", bytes([9, 16, 0, 1])),
    "png without its end": encode(scene())[:-12],
    "webp": encode(scene(), "WEBP", lossless=True),
    "clear webp": encode(clear(scene()), "WEBP", lossless=True),
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
    **{f"turned {turn}": encode(scene(), "JPEG", subsampling=0, exif=exif(turn)) for turn in range(1, 9)},
    **{f"large {turn}": encode(scene(331, 402), "JPEG", subsampling=0, exif=exif(turn)) for turn in range(1, 9)},
    **{f"turned png {turn}": encode(scene(), exif=exif(turn)) for turn in (2, 6)},
    **{f"turned webp {turn}": encode(scene(), "WEBP", lossless=True, exif=exif(turn)) for turn in range(1, 9)},
    "very large": encode(scene(2001, 1503), "JPEG"),
}


def test_this_browser_answers_as_the_model_did_where_it_was_made(page: Any, model: discern.Model) -> None:
    assert page.about["verified"]["passed"] is True
    assert page.about["verified"]["worst_difference"] < 1e-5
    assert (page.about["fingerprint"], page.about["labels"]) == (model.fingerprint, ["dark", "red"])


@pytest.mark.parametrize("name", PICTURES)
def test_its_answer_is_python_s(name: str, page: Any, model: discern.Model) -> None:
    wanted, got = model(PICTURES[name]).to_json(), ask(page, PICTURES[name])
    assert len(got.pop("id")) == len(wanted.pop("id"))
    # Browsers keep transparent colours in fewer steps.
    most = 5e-3 if name.startswith("clear") else 2e-3
    for figure in ("probabilities", "unknown_score", "confidence"):
        assert got.pop(figure) == pytest.approx(wanted.pop(figure), abs=most), figure
    assert got == wanted


@pytest.mark.parametrize(
    "name", ["png", "one pixel", *(name for name in PICTURES if "turned" in name or "large" in name)]
)
def test_it_sees_the_answer_where_python_sees_it(name: str, page: Any, model: discern.Model) -> None:
    picture = PICTURES[name]
    evidence = model.run(model.prepare(picture)[None])["evidence"][0]
    got = ask(page, picture, evidence=True)
    header = read_header(picture)
    label = model.labels.index(got["label"])
    wanted = localise(evidence[..., label], model.manifest.recipe, (header.width, header.height))
    assert got["evidence"]["place"] == wanted.place
    assert got["evidence"]["box"] == pytest.approx(wanted.box)
    assert got["evidence"]["map"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (b"", "empty"),
        (b"no picture at all", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (PICTURES["png"][:60], "truncated"),
        (PICTURES["very large"][:-2000], "truncated"),
        (PICTURES["webp"][:-20], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 500 + b"\xff\xd9", "damaged"),
        (encode(scene(), "TIFF"), "unsupported"),
    ],
    ids=["empty", "words", "svg", "cut png", "cut jpeg", "cut webp", "no jpeg", "tiff"],
)
def test_what_is_no_usable_picture_is_said(picture: bytes, code: str, page: Any) -> None:
    error = ask(page, picture)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["hint"]


def test_nothing_is_asked_of_any_host_once_it_is_loaded(visitor: Any, address: str) -> None:
    page = visitor.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.evaluate(OPEN)
    page.wait_for_function("document.getElementById('model-summary').textContent.includes('red')")
    assert asked
    assert all(url.startswith((address, "blob:", "data:")) for url in asked), asked
    asked.clear()
    assert ask(page, PICTURES["jpeg"], evidence=True)["label"] == "dark"
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == []
    page.close()


def test_the_page_shows_its_answer_and_says_that_pictures_stay(visitor: Any, address: str) -> None:
    page = visitor.new_page()
    page.goto(address)
    page.set_input_files("#files", {"name": "a.png", "mimeType": "image/png", "buffer": PICTURES["png"]})
    page.wait_for_selector("#answer h2:not(.waiting)")
    assert "Pictures stay on this device" in page.inner_text("#accuracy")
    assert page.is_hidden("#notice")
    page.close()


def test_nothing_is_said_of_a_server_where_there_is_none(visitor: Any, address: str) -> None:
    page = visitor.new_page(java_script_enabled=False)
    page.goto(address)
    assert page.is_hidden("#docs-link")
    page.close()
    page = visitor.new_page()
    page.goto(address)
    page.wait_for_selector("#about-open")
    page.set_input_files("#files", {"name": "a.tiff", "mimeType": "image/tiff", "buffer": encode(scene(), "TIFF")})
    page.wait_for_selector("#answer h2.failed")
    page.wait_for_selector(".cannot-show")
    said = page.inner_text("main")
    assert "cannot show pictures in this format" in said
    assert [word for word in ("sent", "server", "network") if word in said.lower()] == []
    assert page.is_hidden("#docs-link")
    page.close()


def spoiled(root: Path, target: Path, name: str) -> Path:
    """A copy of the site in which one file is another."""
    shutil.copytree(root, target)
    path = target / "deep/site" / name
    data = bytearray(path.read_bytes())
    data[4:64] = bytes(60)
    path.write_bytes(data)
    return target


def test_a_browser_that_disagrees_is_told_of(visitor: Any, root: Path, tmp_path: Path) -> None:
    with hosted(spoiled(root, tmp_path / "hosted", "model/golden.bin")) as host:
        page = visitor.new_page()
        page.goto(f"{host}deep/site/")
        verified = page.evaluate(OPEN)["verified"]
        page.wait_for_selector("#notice:not([hidden])")
        assert "Do not rely" in page.inner_text("#notice")
        page.close()
    assert verified["passed"] is False
    assert verified["worst_difference"] > 1e-4


def test_a_site_that_lacks_a_file_says_which(visitor: Any, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "hosted")
    (tmp_path / "hosted/deep/site/model/model.onnx").unlink()
    with hosted(tmp_path / "hosted") as host:
        page = visitor.new_page()
        page.goto(f"{host}deep/site/")
        page.wait_for_selector("#notice:not([hidden])")
        assert "model.onnx cannot be loaded" in page.inner_text("#notice")
        page.close()


def test_several_cores_answer_the_same_where_the_host_allows_them(visitor: Any, root: Path, page: Any) -> None:
    together = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
    with hosted(root, together) as host:
        other = visitor.new_page()
        other.goto(f"{host}deep/site/")
        assert other.evaluate("crossOriginIsolated") is True
        assert other.evaluate(OPEN)["verified"]["passed"] is True
        assert ask(other, PICTURES["png"])["probabilities"] == pytest.approx(
            ask(page, PICTURES["png"])["probabilities"]
        )
        other.close()
    assert page.evaluate("crossOriginIsolated") is False
