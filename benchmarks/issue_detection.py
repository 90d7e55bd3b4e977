"""Plants faults among real pictures and counts which are found, and what is told of pictures as they are.

    python benchmarks/issue_detection.py --packs trashnet --sheets sheets/

Recall is over planted faults, precision over what the check told: whatever it tells of other pictures counts against
it, also where it is right. What it tells without any fault planted is listed, and drawn on contact sheets.
"""

import argparse
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from planted_packs import DATA, Seen, copy, glance, open_upright, save, see
from planted_shortcuts import plant_shortcuts

from discern.catalog import Catalog
from discern.checking import Finding, count_findings

OUT = Path(__file__).parent / "out"
TUNED_ON = ("furniture7", "trashnet", "clothing_small")
BLIND = ("imagenette160", "hymenoptera", "fruits360_varieties", "cifar10", "scones_bicycle_motorcycle")
SMALL = 64
KINDS = ("labels", "looks", "strangers", "shortcuts")
NOT_LABELLED = {"dirty_samples", "negatives_imagenet"}
SHARE = 0.05
SUFFIXES = {".jpg", ".jpeg", ".png"}

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]


def blur(share: float) -> Alter:
    """Gaussian, its deviation a share of the shorter side."""
    return lambda image, _: image.filter(ImageFilter.GaussianBlur(share * min(image.size)))


def scale(gain: float, offset: float = 0) -> Alter:
    return lambda image, _: image.point(lambda value: max(0, min(255, int(value * gain + offset))))


def empty(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """One colour with the noise of a sensor."""
    pixels = rng.integers(0, 256, 3) + rng.normal(0, 3, (image.height, image.width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


LOOKS: dict[str, tuple[str, Alter]] = {
    "blur, 1 % of the side": ("blurred", blur(0.01)),
    "blur, 2 % of the side": ("blurred", blur(0.02)),
    "blur, 4 % of the side": ("blurred", blur(0.04)),
    "a quarter of the light": ("dark", scale(0.25)),
    "a tenth of the light": ("dark", scale(0.1)),
    "two and a half times the light": ("bright", scale(2.5)),
    "washed out": ("bright", scale(0.25, 191)),
    "one colour": ("blank", empty),
}


def figures(catalog: Catalog, findings: list[Finding], check: str, planted: set[str]) -> dict[str, Any]:
    """Precision and recall of what a check told of single pictures."""
    found = [finding for finding in findings if finding.check == check]
    told = {catalog.table["path"][finding.rows[0]] for finding in found if len(finding.rows) == 1}
    right = len(told & planted)
    return {
        "planted": len(planted),
        "told": len(told),
        "precision": round(right / len(told), 3) if told else None,
        "recall": round(right / len(planted), 3),
    }


def plant_looks(clean: Seen, cache: Path, seed: int) -> dict[str, Any]:
    result = {}
    for name, (check, alter) in LOOKS.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder, rng = Path(temporary), np.random.default_rng(seed)
            paths = copy(clean, folder)
            planted = {paths[at] for at in rng.permutation(len(paths))[: round(SHARE * len(paths))]}
            for path in sorted(planted):
                save(alter(open_upright(folder / path), rng), folder / path)
            result[name] = {"check": check} | figures(*glance(folder, cache), check, planted)
    return result


def plant_labels(distinct: Seen, seed: int) -> dict[str, Any]:
    """Wrong labels at random, and each class under that which it is most often taken for."""
    result, truth, classes = {}, distinct.catalog.label_index, len(distinct.catalog.labels)
    assert distinct.opinions is not None
    mistaken = np.zeros((classes, classes))
    np.add.at(mistaken, truth, np.nan_to_num(distinct.opinions.probabilities))
    mistaken += mistaken.T
    np.fill_diagonal(mistaken, -1)
    rng = np.random.default_rng(seed)
    for name in ("wrong labels at random", "wrong labels among look-alikes"):
        rows = rng.permutation(len(truth))[: round(SHARE * len(truth))]
        labels = truth.copy()
        random = (truth[rows] + rng.integers(1, classes, len(rows))) % classes
        labels[rows] = random if "random" in name else mistaken.argmax(axis=1)[truth[rows]]
        noisy = distinct.labelled(labels)
        findings = noisy.findings()
        planted = set(distinct.catalog.table["path"][rows].to_list())
        row = figures(noisy.catalog, findings, "likely_wrong_label", planted)
        told = {finding.rows[0]: finding.value for finding in findings if finding.check == "likely_wrong_label"}
        mended = [told[at] == distinct.catalog.labels[truth[at]] for at in rows.tolist() if at in told]
        proposals = round(float(np.mean(mended)), 3) if mended else None
        result[name] = {"check": "likely_wrong_label"} | row | {"proposals_right": proposals}
    return result


def plant_strangers(clean: Seen, cache: Path, seed: int) -> dict[str, Any]:
    """Photographs of anything else, saved at the size of the pack's own, in random classes."""
    others = sorted(path for path in (DATA / "negatives_imagenet").rglob("*") if path.suffix.lower() in SUFFIXES)
    with tempfile.TemporaryDirectory() as temporary:
        folder, rng = Path(temporary), np.random.default_rng(seed)
        paths, planted = copy(clean, folder), set()
        for at in rng.permutation(len(others))[: round(SHARE * len(paths))].tolist():
            beside = Path(paths[rng.integers(len(paths))])
            path = beside.with_name(f"{rng.integers(10**9)}.jpg")
            save(open_upright(others[at]), folder / path)
            planted.add(path.as_posix())
        seen = see(folder, cache)
        row = figures(seen.catalog, seen.findings(), "odd_one_out", planted)
        return {"strangers": {"check": "odd_one_out"} | row}


def draw(seen: Seen, findings: list[Finding], path: Path, *, side: int = 130, most: int = 96) -> None:
    """A contact sheet of findings about single pictures, a few of each check."""
    shown = [finding for finding in findings if len(finding.rows) == 1][:most]
    sheet = Image.new("RGB", (12 * (side + 4), max(1, -(-len(shown) // 12)) * (side + 26)), "grey")
    for number, finding in enumerate(shown):
        left, top = number % 12 * (side + 4), number // 12 * (side + 26)
        image = Image.open(io.BytesIO(seen.catalog.read_one(finding.rows[0]))).convert("RGB")
        image.thumbnail((side, side))
        sheet.paste(image, (left, top))
        label = seen.catalog.table["label"][finding.rows[0]]
        said = f"{finding.check} {finding.score:.2f}\n{label} {finding.value}"
        ImageDraw.Draw(sheet).text((left, top + side), said, fill="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_LABELLED)
    parser.add_argument("--packs", nargs="*", default=[*TUNED_ON, *BLIND], help="where faults are planted")
    parser.add_argument("--clean", nargs="*", default=every, help="what is looked at as it is")
    parser.add_argument("--plant", nargs="*", choices=KINDS, default=list(KINDS), help="what is planted there")
    parser.add_argument("--seed", type=int, default=100, help="0-9 are for development, 100 is what is reported")
    parser.add_argument("--sheets", type=Path)
    wanted = parser.parse_args()
    cache, result = OUT / "cache", {"seed": wanted.seed, "clean": {}, "planted": {}}
    for pack in dict.fromkeys([*wanted.clean, *wanted.packs]):
        seen = see(DATA / pack, cache)
        if pack in wanted.clean:
            result["clean"][pack] = tell(pack, seen, wanted.sheets)
        if pack in wanted.packs:
            result["planted"][pack] = plant(pack, seen, cache, wanted.seed, wanted.plant)
    OUT.mkdir(exist_ok=True)
    (OUT / "issue_detection.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def tell(pack: str, seen: Seen, sheets: Path | None) -> dict[str, Any]:
    findings = seen.findings()
    counts = {check: number for check, number in count_findings(findings).items() if number}
    print(f"{pack}, {len(seen.catalog)} pictures as they are: {counts}", flush=True)
    sets = [f"{finding.check}: {finding.why}" for finding in findings if len(finding.rows) > 2]
    for why in sets[:12]:
        print(f"    {why}", flush=True)
    if sheets:
        copies = {"exact_copy", "near_copy", "unreadable"}
        draw(seen, [finding for finding in findings if finding.check not in copies], sheets / f"{pack}.png")
    return {"pictures": len(seen.catalog), "counts": counts, "of_many": sets}


def plant(pack: str, clean: Seen, cache: Path, seed: int, kinds: list[str]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    large = np.median(clean.catalog.table["width"].drop_nulls().to_numpy()) > SMALL
    if "labels" in kinds:
        with tempfile.TemporaryDirectory() as temporary:
            copy(clean, Path(temporary))
            rows |= plant_labels(see(Path(temporary), cache), seed)
    if "looks" in kinds and large:
        rows |= plant_looks(clean, cache, seed)
    if "strangers" in kinds and large:
        rows |= plant_strangers(clean, cache, seed)
    if "shortcuts" in kinds:
        rows |= plant_shortcuts(clean, cache)
    blind = "" if pack in TUNED_ON else " (blind)"
    for name, row in rows.items():
        said = {key: value for key, value in row.items() if key not in ("check", "why")}
        print(f"{pack + blind:<34} {name:<32} {row['check']:<20} {said}", flush=True)
    return rows


if __name__ == "__main__":
    main()
