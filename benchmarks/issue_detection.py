"""Precision and recall of the checks on issues planted in real packs, and their findings on the packs as they are.

    python benchmarks/issue_detection.py --packs trashnet --contact-sheets sheets/

A finding on any other picture counts against precision, even if it is correct. Findings on the unmodified packs are
listed, and drawn on contact sheets.
"""

import argparse
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from photographs import list_photographs
from PIL import Image, ImageDraw, ImageFilter
from planted_packs import DATA, CheckedPack, check_files, link_unique, open_upright, prepare_pack, save
from planted_shortcuts import plant_shortcuts

from discern.catalog import Catalog
from discern.checking import Finding, count_findings

OUT = Path(__file__).parent / "out"
TUNED_ON = ("furniture7", "trashnet", "clothing_small")
BLIND = ("imagenette160", "hymenoptera", "fruits360_varieties", "cifar10", "scones_bicycle_motorcycle")
SMALL = 64
KINDS = ("labels", "image_quality", "outliers", "shortcuts")
NOT_LABELLED = {"dirty_samples", "negatives_imagenet"}
SHARE = 0.05

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]


def blur(share: float) -> Alter:
    """Return a Gaussian blur whose sigma is a share of the shorter side."""
    return lambda image, _: image.filter(ImageFilter.GaussianBlur(share * min(image.size)))


def scale(gain: float, offset: float = 0) -> Alter:
    return lambda image, _: image.point(lambda value: max(0, min(255, int(value * gain + offset))))


def empty(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a picture of one colour with sensor noise."""
    pixels = rng.integers(0, 256, 3) + rng.normal(0, 3, (image.height, image.width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


QUALITY_ISSUES: dict[str, tuple[str, Alter]] = {
    "blur, 1 % of the side": ("blurred", blur(0.01)),
    "blur, 2 % of the side": ("blurred", blur(0.02)),
    "blur, 4 % of the side": ("blurred", blur(0.04)),
    "a quarter of the light": ("dark", scale(0.25)),
    "a tenth of the light": ("dark", scale(0.1)),
    "two and a half times the light": ("bright", scale(2.5)),
    "washed out": ("bright", scale(0.25, 191)),
    "one colour": ("blank", empty),
}


def score(catalog: Catalog, findings: list[Finding], check: str, planted: set[str]) -> dict[str, Any]:
    """Return precision and recall of a check's findings on single pictures."""
    found = [finding for finding in findings if finding.check == check]
    flagged = {catalog.table["path"][finding.rows[0]] for finding in found if len(finding.rows) == 1}
    right = len(flagged & planted)
    return {
        "planted": len(planted),
        "flagged": len(flagged),
        "precision": round(right / len(flagged), 3) if flagged else None,
        "recall": round(right / len(planted), 3),
    }


def plant_quality_issues(clean: CheckedPack, cache: Path, seed: int) -> dict[str, Any]:
    result = {}
    for name, (check, alter) in QUALITY_ISSUES.items():
        with tempfile.TemporaryDirectory() as temporary:
            folder, rng = Path(temporary), np.random.default_rng(seed)
            paths = link_unique(clean, folder)
            planted = {paths[at] for at in rng.permutation(len(paths))[: round(SHARE * len(paths))]}
            for path in sorted(planted):
                save(alter(open_upright(folder / path), rng), folder / path)
            result[name] = {"check": check} | score(*check_files(folder, cache), check, planted)
    return result


def plant_labels(distinct: CheckedPack, seed: int) -> dict[str, Any]:
    """Plant wrong labels drawn at random, and wrong labels of the class that each is most often confused with."""
    result, truth, classes = {}, distinct.catalog.label_index, len(distinct.catalog.labels)
    assert distinct.predictions is not None
    confused = np.zeros((classes, classes))
    np.add.at(confused, truth, np.nan_to_num(distinct.predictions.probabilities))
    confused += confused.T
    np.fill_diagonal(confused, -1)
    rng = np.random.default_rng(seed)
    for name in ("wrong labels at random", "wrong labels among look-alikes"):
        rows = rng.permutation(len(truth))[: round(SHARE * len(truth))]
        labels = truth.copy()
        random = (truth[rows] + rng.integers(1, classes, len(rows))) % classes
        labels[rows] = random if "random" in name else confused.argmax(axis=1)[truth[rows]]
        noisy = distinct.relabelled(labels)
        findings = noisy.findings()
        planted = set(distinct.catalog.table["path"][rows].to_list())
        row = score(noisy.catalog, findings, "likely_wrong_label", planted)
        proposed = {finding.rows[0]: finding.value for finding in findings if finding.check == "likely_wrong_label"}
        right = [proposed[at] == distinct.catalog.labels[truth[at]] for at in rows.tolist() if at in proposed]
        accuracy = round(float(np.mean(right)), 3) if right else None
        result[name] = {"check": "likely_wrong_label"} | row | {"proposals_right": accuracy}
    return result


def plant_outliers(clean: CheckedPack, cache: Path, seed: int) -> dict[str, Any]:
    """Plant unrelated photographs, saved at the size of the pack's own, in random classes."""
    others = list_photographs(DATA / "negatives_imagenet")
    with tempfile.TemporaryDirectory() as temporary:
        folder, rng = Path(temporary), np.random.default_rng(seed)
        paths, planted = link_unique(clean, folder), set()
        for at in rng.permutation(len(others))[: round(SHARE * len(paths))].tolist():
            neighbour = Path(paths[rng.integers(len(paths))])
            path = neighbour.with_name(f"{rng.integers(10**9)}.jpg")
            save(open_upright(others[at]), folder / path)
            planted.add(path.as_posix())
        pack = prepare_pack(folder, cache)
        row = score(pack.catalog, pack.findings(), "odd_one_out", planted)
        return {"unrelated photographs": {"check": "odd_one_out"} | row}


def draw_contact_sheet(
    pack: CheckedPack, findings: list[Finding], path: Path, *, side: int = 130, most: int = 96
) -> None:
    """Draw a contact sheet of the findings on single pictures."""
    shown = [finding for finding in findings if len(finding.rows) == 1][:most]
    sheet = Image.new("RGB", (12 * (side + 4), max(1, -(-len(shown) // 12)) * (side + 26)), "grey")
    for number, finding in enumerate(shown):
        left, top = number % 12 * (side + 4), number // 12 * (side + 26)
        image = Image.open(io.BytesIO(pack.catalog.read_one(finding.rows[0]))).convert("RGB")
        image.thumbnail((side, side))
        sheet.paste(image, (left, top))
        label = pack.catalog.table["label"][finding.rows[0]]
        caption = f"{finding.check} {finding.score:.2f}\n{label} {finding.value}"
        ImageDraw.Draw(sheet).text((left, top + side), caption, fill="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_LABELLED)
    parser.add_argument("--packs", nargs="*", default=[*TUNED_ON, *BLIND], help="packs to plant issues in")
    parser.add_argument("--clean", nargs="*", default=every, help="packs to check as they are")
    parser.add_argument("--plant", nargs="*", choices=KINDS, default=list(KINDS), help="issues to plant")
    parser.add_argument("--seed", type=int, default=100, help="0-9: development; 100: reported results")
    parser.add_argument("--contact-sheets", type=Path, help="folder to write contact sheets of the findings to")
    args = parser.parse_args()
    cache, result = OUT / "cache", {"seed": args.seed, "clean": {}, "planted": {}}
    for name in dict.fromkeys([*args.clean, *args.packs]):
        pack = prepare_pack(DATA / name, cache)
        if name in args.clean:
            result["clean"][name] = run_checks(name, pack, args.contact_sheets)
        if name in args.packs:
            result["planted"][name] = measure_planted(name, pack, cache, args.seed, args.plant)
    OUT.mkdir(exist_ok=True)
    (OUT / "issue_detection.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def run_checks(name: str, pack: CheckedPack, sheets: Path | None) -> dict[str, Any]:
    findings = pack.findings()
    counts = {check: number for check, number in count_findings(findings).items() if number}
    print(f"{name}, {len(pack.catalog)} pictures as they are: {counts}", flush=True)
    sets = [f"{finding.check}: {finding.why}" for finding in findings if len(finding.rows) > 2]
    for why in sets[:12]:
        print(f"    {why}", flush=True)
    if sheets:
        copies = {"exact_copy", "near_copy", "unreadable"}
        draw_contact_sheet(
            pack, [finding for finding in findings if finding.check not in copies], sheets / f"{name}.png"
        )
    return {"pictures": len(pack.catalog), "counts": counts, "of_many": sets}


def measure_planted(name: str, clean: CheckedPack, cache: Path, seed: int, kinds: list[str]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    large = np.median(clean.catalog.table["width"].drop_nulls().to_numpy()) > SMALL
    if "labels" in kinds:
        with tempfile.TemporaryDirectory() as temporary:
            link_unique(clean, Path(temporary))
            rows |= plant_labels(prepare_pack(Path(temporary), cache), seed)
    if "image_quality" in kinds and large:
        rows |= plant_quality_issues(clean, cache, seed)
    if "outliers" in kinds and large:
        rows |= plant_outliers(clean, cache, seed)
    if "shortcuts" in kinds:
        rows |= plant_shortcuts(clean, cache)
    blind = "" if name in TUNED_ON else " (blind)"
    for issue, row in rows.items():
        shown = {key: value for key, value in row.items() if key not in ("check", "why")}
        print(f"{name + blind:<34} {issue:<32} {row['check']:<20} {shown}", flush=True)
    return rows


if __name__ == "__main__":
    main()
