"""Plants faults among real pictures and counts which are found, and what is told of pictures as they are.

    python benchmarks/faults.py --packs trashnet --sheets sheets/

Recall is over planted faults, precision over what the check told: whatever it tells of other pictures counts against
it, also where it is right. What it tells without any fault planted is listed, and drawn on contact sheets.
"""

import argparse
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from discern.catalog import Catalog, scan
from discern.checking import Finding, count, find_faults
from discern.features import extract, load_backbone
from discern.grouping import Groups, find_edges, form_groups
from discern.heads import Opinions
from discern.picture import choose_recipe
from discern.splitting import cross_split
from discern.training import Material, opine

DATA = Path(__file__).resolve().parent.parent / os.environ.get("DISCERN_TEST_DATA", "../shared/data")
OUT = Path(__file__).parent / "out"
PLANTED = ("furniture7", "trashnet", "clothing_small")
NOT_LABELLED = {"dirty_samples", "negatives_imagenet"}
SHARE = 0.05
SUFFIXES = {".jpg", ".jpeg", ".png"}

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A pack with all that checks look at."""

    catalog: Catalog
    edges: pl.DataFrame
    groups: Groups
    material: Material
    opinions: Opinions | None

    def findings(self) -> list[Finding]:
        return find_faults(self.catalog, self.edges, self.groups, opinions=self.opinions)

    def labelled(self, labels: np.ndarray) -> "Seen":
        """The same pictures under other labels int [N], judged anew."""
        names = pl.Series("label", [self.catalog.labels[label] for label in labels.tolist()], pl.String)
        catalog = replace(self.catalog, table=self.catalog.table.with_columns(names))
        material = replace(self.material, catalog=catalog)
        opinions = opine(material, cross_split(catalog, self.groups))
        return replace(self, catalog=catalog, material=material, opinions=opinions)


def see(folder: Path, cache: Path) -> Seen:
    """Scan, see, group and answer."""
    catalog, backbone = scan(folder, cache=cache), load_backbone("lite0")
    rows = np.flatnonzero(catalog.readable)
    table = catalog.table[rows]
    recipe = choose_recipe(list(zip(table["width"].to_list(), table["height"].to_list(), strict=True)), backbone.size)
    position = np.full(len(catalog), -1)
    position[rows] = np.arange(len(rows))
    features = extract(catalog, rows.tolist(), backbone, recipe, cache=cache)
    edges = find_edges(catalog)
    groups = form_groups(catalog, edges)
    material = Material(catalog=catalog, features=features, position=position, backbone=backbone, recipe=recipe)
    opinions = opine(material, cross_split(catalog, groups))
    return Seen(catalog=catalog, edges=edges, groups=groups, material=material, opinions=opinions)


def glance(folder: Path, cache: Path) -> tuple[Catalog, list[Finding]]:
    """What is told of looks and files alone: no picture is compared with another, and no label is doubted."""
    catalog = scan(folder, cache=cache)
    nothing = pl.DataFrame(schema={"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64})
    return catalog, find_faults(catalog, nothing, form_groups(catalog, nothing))


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


def save(image: Image.Image, path: Path, form: str = "JPEG") -> None:
    buffer = io.BytesIO()
    image.save(buffer, form, **({"quality": 92} if form == "JPEG" else {"compress_level": 1}))
    path.unlink(missing_ok=True)
    path.write_bytes(buffer.getvalue())


def copy(seen: Seen, folder: Path) -> list[str]:
    """Link the different pictures of a pack into a folder of its own; their paths."""
    pixels = seen.catalog.table["pixels"].fill_null("").to_numpy().astype(str)
    _, first = np.unique(pixels, return_index=True)
    paths = seen.catalog.table["path"][np.intersect1d(first, np.flatnonzero(seen.catalog.readable))].to_list()
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(Path(seen.catalog.root, path).resolve())
    return paths


def open_upright(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


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


def by_class(clean: Seen, cache: Path, name: str, chosen: set[str] | None = None) -> dict[str, Any]:
    """Another format for some classes, every second one unless they are named; or a frame in each class's colour."""
    labels = dict(zip(clean.catalog.table["path"], clean.catalog.table["label"], strict=True))
    wanted = set(clean.catalog.labels[::2]) if chosen is None else chosen
    palette = np.random.default_rng(1).integers(0, 256, (len(clean.catalog.labels), 3))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path in copy(clean, folder):
            image, label = open_upright(folder / path), labels[path]
            if "format" in name and label in wanted:
                save(image, folder / path, "PNG")
            elif "border" in name:
                frame = max(2, min(image.size) // 40)
                colour = tuple(palette[clean.catalog.labels.index(label)].tolist())
                save(ImageOps.expand(ImageOps.crop(image, frame), frame, colour), folder / path)
        _, findings = glance(folder, cache)
    return {name: {"check": "shortcut", "told": [finding.why for finding in findings if finding.check == "shortcut"]}}


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
    parser.add_argument("--packs", nargs="*", default=list(PLANTED), help="where faults are planted")
    parser.add_argument("--clean", nargs="*", default=every, help="what is looked at as it is")
    parser.add_argument("--seed", type=int, default=100, help="0-9 are for development, 100 is what is reported")
    parser.add_argument("--sheets", type=Path)
    wanted = parser.parse_args()
    cache, result = OUT / "cache", {"seed": wanted.seed, "clean": {}, "planted": {}}
    for pack in dict.fromkeys([*wanted.clean, *wanted.packs]):
        seen = see(DATA / pack, cache)
        if pack in wanted.clean:
            result["clean"][pack] = tell(pack, seen, wanted.sheets)
        if pack in wanted.packs:
            result["planted"][pack] = plant(pack, seen, cache, wanted.seed)
    OUT.mkdir(exist_ok=True)
    (OUT / "faults.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def tell(pack: str, seen: Seen, sheets: Path | None) -> dict[str, Any]:
    findings = seen.findings()
    counts = {check: number for check, number in count(findings).items() if number}
    print(f"{pack}, {len(seen.catalog)} pictures as they are: {counts}", flush=True)
    sets = [f"{finding.check}: {finding.why}" for finding in findings if len(finding.rows) > 2]
    for why in sets[:12]:
        print(f"    {why}", flush=True)
    if sheets:
        copies = {"exact_copy", "near_copy", "unreadable"}
        draw(seen, [finding for finding in findings if finding.check not in copies], sheets / f"{pack}.png")
    return {"pictures": len(seen.catalog), "counts": counts, "of_many": sets}


def plant(pack: str, clean: Seen, cache: Path, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        copy(clean, Path(temporary))
        rows = plant_labels(see(Path(temporary), cache), seed)
    rows |= plant_looks(clean, cache, seed) | plant_strangers(clean, cache, seed)
    rows |= by_class(clean, cache, "format of every second class")
    rows |= by_class(clean, cache, "format of one class", {clean.catalog.labels[0]})
    rows |= by_class(clean, cache, "border in the class's colour")
    for name, row in rows.items():
        said = {key: value for key, value in row.items() if key != "check"}
        print(f"{pack:<16} {name:<32} {row['check']:<20} {said}", flush=True)
    return rows


if __name__ == "__main__":
    main()
