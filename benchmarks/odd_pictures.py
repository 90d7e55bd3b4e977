"""Pictures in odd files: which are read, which are refused and why, and whether the browser and Python agree.

    python benchmarks/odd_pictures.py [--count 1000] [--browser 60] [--pack imagenette160]

A third of the JPEGs each get random bytes behind their end, lose their end marker, or lose a few of their last bytes;
a control group loses a half. Then pictures of 12 bits in 16, and one JPEG of 16,320 x 12,240 pixels, baseline and
progressive. Each file is read as in a catalog scan and as a model's input; both must agree on what is missing. A sample
is also decoded by Chromium with the page's scripts. Needs DISCERN_TEST_DATA (default ../shared/data), and for the
browser Chromium and playwright.
"""

import argparse
import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import discern
from discern.errors import PictureError
from discern.picture import Limits, Recipe, choose_recipe, load_input
from discern.picture.decode import opened
from discern.picture.picture_facts import decode_facts

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.e2e.chromium import browser, hosted
from tests.e2e.web.page_decoder import DECODE

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data")).resolve()
RECIPE = Recipe(size=192, resize=219)
CODINGS: tuple[dict[str, Any], ...] = ({}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--browser", type=int, default=60)
    parser.add_argument("--pack", default="imagenette160")
    options = parser.parse_args()
    files = list(jpegs(options.pack, options.count))
    sixteen = list(sixteen_bits(options.pack))
    white = choose_recipe([(1, 1)], 64, peaks=[facts(data) for _, data in sixteen]).white
    recipe = Recipe(size=192, resize=219, white=white)
    print(f"white of the pictures of 12 bits: {white:,}")
    tell([(kind, *outcome(data, RECIPE)) for kind, data in files])
    tell([(kind, *outcome(data, recipe)) for kind, data in sixteen])
    step = max(1, len(files) // options.browser)
    sample = [(kind, data, 65535) for kind, data in files[::step]]
    compare(sample + [(kind, data, white) for kind, data in sixteen[::8] if kind.endswith("PNG")])
    for form in ("baseline", "progressive", "progressive 4:4:4"):
        print(run_alone(form))


def jpegs(pack: str, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the kind and content of JPEGs whose files are odd."""
    rng = np.random.default_rng(0)
    changes: dict[str, Callable[[bytes], bytes]] = {
        "bytes behind the end": lambda data: data + rng.bytes(int(rng.integers(1, 100_000))),
        "no end marker": lambda data: data[:-2],
        "a few rows missing": lambda data: data[: len(data) - int(len(data) * rng.uniform(0.002, 0.04)) - 2],
        "control: half missing": lambda data: data[: len(data) // 2],
    }
    for number, image in zip(range(count), pictures(pack, count), strict=False):
        file = io.BytesIO()
        coding = CODINGS[number // 4 % len(CODINGS)]
        image.save(file, "JPEG", quality=int(rng.integers(60, 96)), **coding)
        kind = list(changes)[number % 4 if number % 40 == 3 else number % 3]
        yield f"{kind}{', progressive' if 'progressive' in coding else ''}", changes[kind](file.getvalue())


def sixteen_bits(pack: str) -> Iterator[tuple[str, bytes]]:
    for image in pictures(pack, 40):
        values = np.asarray(image.convert("L")).astype(np.uint16) * 16
        for form in ("PNG", "TIFF"):
            file = io.BytesIO()
            Image.fromarray(values).save(file, form)
            yield f"12 bits in a {form}", file.getvalue()


def pictures(pack: str, count: int) -> Iterator[Image.Image]:
    paths = sorted(path for path in (DATA / pack).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with Image.open(path) as image:
            yield image.convert("RGB").resize((640, 480), Image.Resampling.BICUBIC)


def facts(data: bytes) -> int:
    return int(decode_facts(data, Limits()).facts["peak"][0])


def outcome(data: bytes, recipe: Recipe) -> tuple[str, bool]:
    """Return what became of a file, and whether the scan and a model agree on it."""
    scanned, loaded = (
        attempt(lambda: decode_facts(data, Limits()).facts["missing_rows"][0]),
        attempt(lambda: load_input(data, recipe).size and 0),
    )
    agree = scanned == loaded if isinstance(loaded, str) else not isinstance(scanned, str)
    if isinstance(scanned, str):
        return "refused: " + " ".join("N" if word.isdigit() else word for word in scanned.split()), agree
    return ("read" if scanned < 0 else "read, no end marker" if scanned == 0 else "read, rows filled in"), agree


def attempt(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except PictureError as error:
        return error.message


def tell(outcomes: list[tuple[str, str, bool]]) -> None:
    for (kind, became), count in sorted(Counter((kind, became) for kind, became, _ in outcomes).items()):
        print(f"{count:5}  {kind:45}  {became}")
    print(f"{sum(agree for *_, agree in outcomes)} of {len(outcomes)}: catalog scan and model input agree")


def compare(sample: list[tuple[str, bytes, int]]) -> None:
    """Decode a sample in Chromium and in Python."""
    same, means, other = 0, [0.0], []
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        shutil.copytree(Path(discern.__file__).parent / "serving" / "page", Path(folder) / "page")
        Path(folder, "index.html").write_text("<title>x</title>")
        with hosted(Path(folder)) as host:
            page = chromium.new_page()
            page.goto(host)
            for kind, data, white in sample:
                found = page.evaluate(DECODE, [base64.b64encode(data).decode(), RECIPE.resize, white])
                difference = differ(found, data, white)
                same += difference is not None
                means.append(difference or 0)
                other += [(kind, found.get("message"))] if difference is None else []
    print(f"{same} of {len(sample)}: Chromium reads or refuses as Python does; others: {other}")
    print(f"largest mean difference of a picture: {max(means):.3f} levels")


def differ(found: dict[str, Any], data: bytes, white: int) -> float | None:
    """Return the mean difference of the pixels, 0 for the same refusal, or None for another outcome."""
    try:
        with opened(data, Limits()) as picture:
            expected = np.asarray(picture.decode(RECIPE.resize, white)).astype(int)
    except PictureError as error:
        return 0 if found.get("message") == error.message else None
    if "data" not in found:
        return None
    pixels = np.frombuffer(base64.b64decode(found["data"]), np.uint8).reshape(found["height"], found["width"], 4)
    return float(np.abs(pixels[..., :3] - expected).mean()) if pixels.shape[:2] == expected.shape[:2] else None


def run_alone(form: str) -> str:
    """Read one very large JPEG in a fresh process and return the outcome with its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.jpg")
        image = next(pictures("banana_ripeness", 1)).resize((16_320, 12_240), Image.Resampling.BILINEAR)
        options = {"progressive": form != "baseline", "subsampling": 0 if form.endswith("4:4:4") else 2}
        image.save(path, "JPEG", quality=85, **options)
        del image
        program = f"from benchmarks.odd_pictures import read_large; read_large({str(path)!r}, {form!r})"
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent.parent,
        )
    return done.stdout.strip()


def read_large(path: str, form: str) -> None:
    """Read a very large picture as in a scan and as a model's input, and print the outcome and the peak memory."""
    data = Path(path).read_bytes()
    before = peak_memory()
    scanned = attempt(lambda: decode_facts(data, Limits()).facts["width"][0])
    loaded = attempt(lambda: load_input(data, RECIPE).shape)
    figures = f"peak {peak_memory() >> 10} MiB, {before >> 10} before"
    print(f"{form}, {len(data):,} bytes: scan {scanned}, input {loaded}; {figures}")


def peak_memory() -> int:
    """Return the peak memory of this process in KiB; that of `resource` includes its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
