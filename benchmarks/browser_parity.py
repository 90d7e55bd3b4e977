"""The browser door beside Python: the same pictures through both, which answers flip, and how long each takes.

    python benchmarks/browser_parity.py [--count 500] [--packs banana_ripeness ...] [--runtime onnxruntime-web-VERSION.tgz]

For each pack a bundle is trained, exported to a static site, and asked in Chromium and in Python about the same files,
spread evenly over the pack; one is also asked about strangers. Then photographs of 0.6 to 12 megapixels, which Python
decodes at reduced scale: the large ones of the packs as they are, and larger ones drawn from them (scaled up, with a
sensor's noise, held in four ways).

A flip is another decision or another label. Each is listed with how far Python's answer stood from the line: from the
threshold it crossed, or from the second label. Needs Chromium, playwright, npm, and DISCERN_TEST_DATA (default
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
STRANGERS = {"imagenette160": "negatives_imagenet"}
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
LARGE = 600_000
ASK = """async (url) => {
  const blob = await (await fetch(url)).blob();
  const begun = performance.now();
  try {
    return { answer: await window.answerer.predict(blob), milliseconds: performance.now() - begun };
  } catch (error) {
    return { error: String(error.code ?? error) };
  }
}"""
OPEN = """async () => {
  const config = await (await fetch(new URL("page/config.json", document.baseURI))).json();
  const door = await import(new URL("page/api/browser_api.js", document.baseURI));
  window.answerer = await door.openBrowserApi(config);
  return window.answerer.modelInfo();
}"""


def main() -> None:
    options = parse()
    tables = []
    with tempfile.TemporaryDirectory() as scratch, browser() as chromium:
        for name in options.packs:
            desk = Path(scratch) / name
            bundle = options.runs / name / "model.discern" if options.runs else train(name, desk)
            for kind, files in asked(name, desk, options):
                tables.append({"pictures": kind, **measure(bundle, files, desk, chromium, options.runtime)})
                show(tables[-1])
    conclude(tables)


def asked(name: str, desk: Path, options: argparse.Namespace) -> Iterator[tuple[str, list[Path]]]:
    """The pictures that a pack's bundle is asked about, kind by kind."""
    each = -(-options.count // len(options.packs))
    yield name, spread(pictures(DATA / name), each)
    if name in STRANGERS:
        yield STRANGERS[name], spread(pictures(DATA / STRANGERS[name]), each)
    if name == "banana_ripeness":
        yield from large_ones(desk / "large", options.large)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--large", type=int, default=48, help="how many large pictures are drawn")
    parser.add_argument("--packs", nargs="+", default=PACKS)
    parser.add_argument("--runs", type=Path, help="take bundles from RUNS/PACK/model.discern")
    parser.add_argument("--runtime", type=Path)
    return parser.parse_args()


def train(name: str, desk: Path) -> Path:
    return discern.train(DATA / name, name=name, runs=desk / "runs").bundle


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def spread(files: Sequence[Path], count: int) -> list[Path]:
    places = np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)
    return [files[place] for place in np.unique(places)]


def large_ones(folder: Path, count: int) -> Iterator[tuple[str, list[Path]]]:
    """Photographs that Python decodes at reduced scale."""
    real = [path for path in pictures(DATA / "banana_ripeness") if area(path) > LARGE]
    yield "large, as they are", real
    folder.mkdir(parents=True)
    for megapixels in (2, 5, 12):
        drawn = [
            draw(real[number % len(real)], folder / f"{megapixels}-{number}.jpg", megapixels, number)
            for number in range(count // 3)
        ]
        yield f"{megapixels} megapixels, drawn", drawn


def area(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height


def draw(source: Path, target: Path, megapixels: int, seed: int) -> Path:
    """A larger picture of odd size, as a camera would write it."""
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


def measure(bundle: Path, files: Sequence[Path], desk: Path, chromium: Any, runtime: Path | None) -> dict[str, Any]:
    model = discern.load(bundle, threads=1)
    root = desk / "hosted"
    exported = discern.export(bundle, root / "site", runtime=runtime).to_json()
    for number, path in enumerate(files):
        (root / "pictures").mkdir(exist_ok=True)
        (root / "pictures" / str(number)).write_bytes(path.read_bytes())
    rows = []
    with hosted(root) as address:
        page = chromium.new_page()
        page.goto(f"{address}site/")
        begun = time.perf_counter()
        verified = page.evaluate(OPEN)["verified"]
        opened = time.perf_counter() - begun
        for number, path in enumerate(files):
            rows.append(compare(model, path, page.evaluate(ASK, f"{address}pictures/{number}")))
        page.close()
    return {"bundle": exported, "verified": verified, "open_seconds": opened, **sum_up(rows)}


def compare(model: discern.Model, path: Path, here: dict[str, Any]) -> dict[str, Any]:
    begun = time.perf_counter()
    try:
        answer = model(path)
    except discern.DiscernError as error:
        return {"path": str(path), "python": error.code, "browser": here.get("error", "answered")}
    milliseconds = 1000 * (time.perf_counter() - begun)
    if "error" in here:
        return {"path": str(path), "python": "answered", "browser": here["error"]}
    there = here["answer"]
    kinds = [kind for kind in ("decision", "label") if there[kind] != getattr(answer, kind)]
    return {
        "path": str(path),
        "difference": max(abs(there["probabilities"][label] - p) for label, p in answer.probabilities.items()),
        "score_difference": abs(there["unknown_score"] - answer.unknown_score),
        "flips": {kind: [getattr(answer, kind), there[kind], distance(kind, answer, there, model)] for kind in kinds},
        "milliseconds": [milliseconds, here["milliseconds"]],
    }


def distance(kind: str, answer: discern.Prediction, there: dict[str, Any], model: discern.Model) -> float:
    """How far Python's answer stood from the line that the browser's crossed."""
    thresholds = model.manifest.thresholds
    if kind == "label":
        first, second = sorted(answer.probabilities.values(), reverse=True)[:2]
        return first - second
    if "unknown" in (answer.decision, there["decision"]):
        assert thresholds.unknown is not None
        return abs(answer.unknown_score - thresholds.unknown)
    assert thresholds.accept is not None
    return abs(answer.confidence - thresholds.accept)


def sum_up(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    both = [row for row in rows if "difference" in row]
    differences = np.array([row["difference"] for row in both])
    times = np.median([row["milliseconds"] for row in both], axis=0)
    return {
        "answered_by_both": len(both),
        "refused": [row for row in rows if "difference" not in row],
        "flipped": sum(bool(row["flips"]) for row in both),
        "flips": [{"path": row["path"], **row["flips"]} for row in both if row["flips"]],
        "probability": {"mean": differences.mean(), "p95": np.quantile(differences, 0.95), "most": differences.max()},
        "unknown_score_most": max(row["score_difference"] for row in both),
        "milliseconds": {"python": times[0], "browser": times[1]},
    }


def show(table: dict[str, Any]) -> None:
    p, ms = table["probability"], table["milliseconds"]
    print(
        f"{table['pictures']:<24} {table['answered_by_both']:>4} pictures  flips {table['flipped']:>2}  "
        f"|dp| mean {p['mean']:.5f} p95 {p['p95']:.4f} most {p['most']:.4f}  |dscore| most "
        f"{table['unknown_score_most']:.4f}  ms Python {ms['python']:.0f} browser {ms['browser']:.0f}",
        flush=True,
    )
    for flip in table["flips"]:
        for kind in ("decision", "label"):
            if kind in flip:
                before, after, far = flip[kind]
                print(f"    {kind}: {before} -> {after}, {far:.4f} from the line  {flip['path']}")
    for row in table["refused"]:
        if row["python"] != row["browser"]:
            print(f"    {row['path']}: Python {row['python']}, browser {row['browser']}")


def conclude(tables: list[dict[str, Any]]) -> None:
    count, flipped = (sum(table[key] for table in tables) for key in ("answered_by_both", "flipped"))
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
