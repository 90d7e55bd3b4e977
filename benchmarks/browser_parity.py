"""Parity of predictions in the browser and in Python, and the time that each takes.

    python benchmarks/browser_parity.py [--count 500] [--packs PACK ...] [--runtime onnxruntime-web-VERSION.tgz]

For each pack, a bundle is trained and exported to a static site, and the same files, spread evenly over the pack, are
predicted in Chromium and in Python; one bundle also predicts negatives. Then photographs of 0.6 to 12 megapixels, which
Python decodes at reduced scale: the large ones of the packs, and larger ones synthesised from them (scaled up, with
sensor noise, in four EXIF orientations).

A flip is a different decision or label. Each is listed with Python's distance to the boundary: to the threshold that
was crossed, or to the probability of the second label. Needs Chromium, playwright, npm, and DISCERN_TEST_DATA (default
../shared/data).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import discern

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.e2e.chromium import browser, hosted

OUT = Path(__file__).parent / "out"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data")).resolve()
PACKS = ("banana_ripeness", "imagenette160", "trashnet", "clothing_small", "furniture7")
NEGATIVES = {"imagenette160": "negatives_imagenet"}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
LARGE = 600_000
PREDICT = """async (url) => {
  const blob = await (await fetch(url)).blob();
  const started = performance.now();
  try {
    return { answer: await window.api.predict(blob), milliseconds: performance.now() - started };
  } catch (error) {
    return { error: String(error.code ?? error) };
  }
}"""
OPEN = """async () => {
  const config = await (await fetch(new URL("page/config.json", document.baseURI))).json();
  const module = await import(new URL("page/api/browser_api.js", document.baseURI));
  window.api = await module.openBrowserApi(config);
  return window.api.modelInfo();
}"""


def main() -> None:
    options = parse_arguments()
    tables = []
    with tempfile.TemporaryDirectory() as scratch, browser() as chromium:
        for name in options.packs:
            workdir = Path(scratch) / name
            bundle = options.runs / name / "model.discern" if options.runs else train(name, workdir)
            for field, files in picture_sets(name, workdir, options):
                tables.append({"pictures": field, **measure(bundle, files, workdir, chromium, options.runtime)})
                print_table(tables[-1])
    print_totals(tables)


def picture_sets(name: str, workdir: Path, options: argparse.Namespace) -> Iterator[tuple[str, list[Path]]]:
    """Yield the sets of pictures that a pack's bundle predicts, with their titles."""
    share = -(-options.count // len(options.packs))
    yield name, select_evenly(list_pictures(DATA / name), share)
    if name in NEGATIVES:
        yield NEGATIVES[name], select_evenly(list_pictures(DATA / NEGATIVES[name]), share)
    if name == "banana_ripeness":
        yield from large_pictures(workdir / "large", options.large)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--large", type=int, default=48, help="number of large pictures to synthesise")
    parser.add_argument("--packs", nargs="+", default=PACKS)
    parser.add_argument("--runs", type=Path, help="use the bundles RUNS/PACK/model.discern instead of training")
    parser.add_argument("--runtime", type=Path)
    return parser.parse_args()


def train(name: str, workdir: Path) -> Path:
    return discern.train(DATA / name, name=name, runs=workdir / "runs").bundle


def list_pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def select_evenly(files: Sequence[Path], count: int) -> list[Path]:
    indices = np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)
    return [files[index] for index in np.unique(indices)]


def large_pictures(folder: Path, count: int) -> Iterator[tuple[str, list[Path]]]:
    """Yield photographs that Python decodes at reduced scale."""
    originals = [path for path in list_pictures(DATA / "banana_ripeness") if count_pixels(path) > LARGE]
    yield "large, unmodified", originals
    folder.mkdir(parents=True)
    for megapixels in (2, 5, 12):
        synthesised = [
            synthesise(originals[number % len(originals)], folder / f"{megapixels}-{number}.jpg", megapixels, number)
            for number in range(count // 3)
        ]
        yield f"{megapixels} megapixels, synthesised", synthesised


def count_pixels(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height


def synthesise(source: Path, target: Path, megapixels: int, seed: int) -> Path:
    """Write an upscaled picture with noise, chroma subsampling and an EXIF orientation, as a camera would."""
    random = np.random.default_rng(seed)
    with Image.open(source) as image:
        scale = np.sqrt(megapixels * 1e6 / (image.width * image.height)) * random.uniform(0.97, 1.03)
        size = int(image.width * scale), int(image.height * scale)
        pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.int16)
    noise = random.normal(0, 4, (*pixels.shape[:2], 1)).astype(np.int16)
    exif = Image.Exif()
    exif[0x0112] = (1, 6, 3, 8)[seed % 4]
    noisy = Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
    noisy.save(target, quality=90, subsampling=(2, 0)[seed % 2], exif=exif)
    return target


def measure(bundle: Path, files: Sequence[Path], workdir: Path, chromium: Any, runtime: Path | None) -> dict[str, Any]:
    model = discern.load(bundle, threads=1)
    root = workdir / "hosted"
    exported = discern.export(bundle, root / "site", runtime=runtime).to_json()
    for number, path in enumerate(files):
        (root / "pictures").mkdir(exist_ok=True)
        (root / "pictures" / str(number)).write_bytes(path.read_bytes())
    rows = []
    with hosted(root) as address:
        page = chromium.new_page()
        page.goto(f"{address}site/")
        started = time.perf_counter()
        verified = page.evaluate(OPEN)["verified"]
        opened = time.perf_counter() - started
        for number, path in enumerate(files):
            rows.append(compare(model, path, page.evaluate(PREDICT, f"{address}pictures/{number}")))
        page.close()
    return {"bundle": exported, "verified": verified, "open_seconds": opened, **summarise(rows)}


def compare(model: discern.Model, path: Path, browser_result: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        prediction = model(path)
    except discern.DiscernError as error:
        return {"path": str(path), "python": error.code, "browser": browser_result.get("error", "answered")}
    milliseconds = 1000 * (time.perf_counter() - started)
    if "error" in browser_result:
        return {"path": str(path), "python": "answered", "browser": browser_result["error"]}
    browser_prediction = browser_result["answer"]
    changed = [field for field in ("decision", "label") if browser_prediction[field] != getattr(prediction, field)]
    return {
        "path": str(path),
        "difference": max(
            abs(browser_prediction["probabilities"][label] - p) for label, p in prediction.probabilities.items()
        ),
        "score_difference": abs(browser_prediction["unknown_score"] - prediction.unknown_score),
        "flips": {
            field: [
                getattr(prediction, field),
                browser_prediction[field],
                boundary_distance(field, prediction, browser_prediction, model),
            ]
            for field in changed
        },
        "milliseconds": [milliseconds, browser_result["milliseconds"]],
    }


def boundary_distance(
    field: str, prediction: discern.Prediction, browser_prediction: dict[str, Any], model: discern.Model
) -> float:
    """Return the distance of Python's prediction from the boundary that the browser's crossed."""
    thresholds = model.manifest.thresholds
    if field == "label":
        first, second = sorted(prediction.probabilities.values(), reverse=True)[:2]
        return first - second
    if "unknown" in (prediction.decision, browser_prediction["decision"]):
        assert thresholds.unknown is not None
        return abs(prediction.unknown_score - thresholds.unknown)
    assert thresholds.accept is not None
    return abs(prediction.confidence - thresholds.accept)


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pairs = [row for row in rows if "difference" in row]
    differences = np.array([row["difference"] for row in pairs])
    times = np.median([row["milliseconds"] for row in pairs], axis=0)
    return {
        "predicted_by_both": len(pairs),
        "failed": [row for row in rows if "difference" not in row],
        "flipped": sum(bool(row["flips"]) for row in pairs),
        "flips": [{"path": row["path"], **row["flips"]} for row in pairs if row["flips"]],
        "probability": {"mean": differences.mean(), "p95": np.quantile(differences, 0.95), "most": differences.max()},
        "unknown_score_most": max(row["score_difference"] for row in pairs),
        "milliseconds": {"python": times[0], "browser": times[1]},
    }


def print_table(table: dict[str, Any]) -> None:
    p, ms = table["probability"], table["milliseconds"]
    print(
        f"{table['pictures']:<24} {table['predicted_by_both']:>4} pictures  flips {table['flipped']:>2}  "
        f"|dp| mean {p['mean']:.5f} p95 {p['p95']:.4f} most {p['most']:.4f}  |dscore| most "
        f"{table['unknown_score_most']:.4f}  ms Python {ms['python']:.0f} browser {ms['browser']:.0f}",
        flush=True,
    )
    for flip in table["flips"]:
        for field in ("decision", "label"):
            if field in flip:
                before, after, margin = flip[field]
                print(f"    {field}: {before} -> {after}, {margin:.4f} from the boundary  {flip['path']}")
    for row in table["failed"]:
        if row["python"] != row["browser"]:
            print(f"    {row['path']}: Python {row['python']}, browser {row['browser']}")


def print_totals(tables: list[dict[str, Any]]) -> None:
    count, flipped = (sum(table[key] for table in tables) for key in ("predicted_by_both", "flipped"))
    exported = tables[0]["bundle"]["bytes"]
    print(f"\nall: {flipped} flips among {count} pictures ({flipped / count:.2%})")
    print(
        f"export: {exported['all'] / 1e6:.1f} MB, of these model {exported['model'] / 1e6:.1f}, "
        f"runtime {exported['runtime'] / 1e6:.1f}, page {exported['page'] / 1e6:.1f}"
    )
    OUT.mkdir(exist_ok=True)
    (OUT / "browser_parity.json").write_text(json.dumps(tables, indent=1, default=float))


if __name__ == "__main__":
    main()
