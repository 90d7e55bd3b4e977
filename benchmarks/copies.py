"""Recall and precision of near-copy detection, on altered copies planted among real pictures.

    python benchmarks/copies.py --packs imagenette160 trashnet --seed 100 --json copies.json --sheets sheets/
    python benchmarks/copies.py --packs trashnet xrays --kinds squashed [--grey]

Recall is over planted copies, by type of alteration. Precision is over all pairs found: a pair is correct when its
pictures are planted copies of one picture, or real copies in the packs (confirmed by eye, listed in `REAL`). All others
count as wrong and are drawn on a contact sheet, for inspection.

`--kinds squashed` plants copies of another aspect ratio, alone and together with other changes; `--grey` does so in
grey versions of the packs; the pack `xrays` is synthetic: pictures of one anatomy and low contrast.

The baseline is ImageHash: perceptual and difference hashes (64 bits) within a Hamming distance, on the same pictures.
It needs `pip install -e '.[bench]'`, and is skipped without.
"""

import argparse
import hashlib
import io
import json
import math
import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from photographs import list_photographs
from PIL import Image, ImageDraw, ImageOps

from discern.catalog import Catalog, scan
from discern.grouping import find_edges, form_groups

try:
    import imagehash
except ImportError:
    imagehash = None

PLAIN = ("re-encoded", "resized", "cropped", "cropped deeply", "brightened", "rotated", "mirrored")
TURNED = ("turned", "turned, canvas grown", "turned, corners cut")
SQUASHED = tuple(
    f"{shape}{besides}"
    for shape in ("squared", "stretched")
    for besides in ("", ", re-encoded", ", grey", ", cropped", ", mirrored", ", rotated", ", all")
)
KINDS = {"plain": PLAIN + TURNED, "squashed": (*SQUASHED, "grey")}
XRAYS = "xrays"
PACKS = ("imagenette160", "trashnet", "fruits360_varieties", "clothing_small", "furniture7")
HAMMING = (0, 4, 8, 12)
MIN_SQUASH = 0.15  # natural logarithm of the change of aspect ratio
# Films of one fruit: the same frames under two names, or the same film cropped to another size.
SAME_FILM = (
    {"Apple 21", "Apple Rotten 1"},
    {"Apple 22", "Apple worm 1"},
    {"Cherry 2", "Cherry 4"},
)
REAL: dict[str, tuple[tuple[str, str], ...]] = {}


@dataclass(frozen=True, kw_only=True)
class Planted:
    copy: str
    source: str
    kind: str


def encode(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def crop(image: Image.Image, rng: np.random.Generator, *, deeply: bool) -> Image.Image:
    """Crop 6-12 % of width and height at a random position; deeply: 6-12 % off each of the four sides."""
    width, height = image.size
    if deeply:
        share = rng.uniform(0.06, 0.12)
        return image.crop(
            (round(width * share), round(height * share), round(width * (1 - share)), round(height * (1 - share)))
        )
    kept = [round(size * (1 - rng.uniform(0.06, 0.12))) for size in image.size]
    left, top = (int(rng.integers(0, size - keep + 1)) for size, keep in zip(image.size, kept, strict=True))
    return image.crop((left, top, left + kept[0], top + kept[1]))


def turn(image: Image.Image, kind: str, rng: np.random.Generator) -> Image.Image:
    """Rotate by 5-45 degrees in either direction."""
    width, height = image.size
    angle = float(rng.uniform(5, 45) * rng.choice([-1, 1]))
    mean = tuple(int(value) for value in np.asarray(image).reshape(-1, 3).mean(axis=0))
    fill = ((255, 255, 255), (0, 0, 0), mean, None)[rng.integers(4)]
    if kind == "turned, corners cut":
        sine, cosine = math.sin(math.radians(abs(angle))), math.cos(math.radians(angle))
        share = min(width / (width * cosine + height * sine), height / (width * sine + height * cosine))
        kept = int(width * share), int(height * share)
        left, top = (width - kept[0]) // 2, (height - kept[1]) // 2
        return image.rotate(angle, Image.Resampling.BICUBIC).crop((left, top, left + kept[0], top + kept[1]))
    if fill is None and kind == "turned":
        pad = max(image.size)
        wide = Image.fromarray(np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), "edge"))
        return wide.rotate(angle, Image.Resampling.BICUBIC).crop((pad, pad, pad + width, pad + height))
    return image.rotate(
        angle, Image.Resampling.BICUBIC, expand=kind == "turned, canvas grown", fillcolor=fill or (255, 255, 255)
    )


def alter(image: Image.Image, kind: str, rng: np.random.Generator) -> bytes:
    """Encode an altered copy."""
    shape, *besides = kind.split(", ") if kind in SQUASHED else (kind,)
    if besides == ["all"]:
        besides = ["grey", "cropped", "re-encoded"]
    for change in (shape, *besides):
        image = change_image(image, kind if kind in TURNED else change, rng)
    return encode(image, int(rng.integers(40, 91)) if "re-encoded" in (shape, *besides) else 92)


def change_image(image: Image.Image, change: str, rng: np.random.Generator) -> Image.Image:
    """Change an image in one way."""
    if change == "re-encoded":
        return image
    if change == "resized":
        return image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)
    if change in ("squared", "stretched"):
        return squash(image, change, rng)
    if change == "grey":
        return image.convert("L").convert("RGB")
    if change.startswith("cropped"):
        return crop(image, rng, deeply=change == "cropped deeply")
    if change == "brightened":
        gain = rng.uniform(1.1, 1.4)
        return image.point(lambda value: min(255, int(value * gain)))
    if change == "rotated":
        turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
        return image.transpose(turns[rng.integers(3)])
    if change == "mirrored":
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return turn(image, change, rng)


def squash(image: Image.Image, change: str, rng: np.random.Generator) -> Image.Image:
    """Resize to a square of 224 pixels, or to another aspect ratio between 1:2.5 and 2.5:1 and up to as many pixels."""
    if change == "squared":
        return image.resize((224, 224), Image.Resampling.BICUBIC)
    own = image.width / image.height
    aspect = own
    while abs(math.log(aspect / own)) < MIN_SQUASH:
        aspect = 2.5 ** rng.uniform(-1, 1)
    side = math.sqrt(image.width * image.height * rng.uniform(0.3, 1))
    size = max(round(side * math.sqrt(aspect)), 32), max(round(side / math.sqrt(aspect)), 32)
    return image.resize(size, Image.Resampling.BICUBIC)


def draw_xray(rng: np.random.Generator) -> Image.Image:
    """Draw something like a chest X-ray: common anatomy, smooth differences of low contrast, and fine noise."""
    width, height = (int(size) for size in rng.integers(240, 420, 2))
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    y, x = (axis * rng.uniform(0.95, 1.05) + rng.normal(0, 0.03) for axis in (y, x))
    lungs = sum(np.exp(-(((x - side * 0.42) / 0.27) ** 4) - (y / 0.65) ** 4) for side in (-1, 1))
    body = 170 - 90 * lungs + 10 * np.sin(20 * y - 7 * np.abs(x) ** 1.5) + 60 * np.exp(-((x / 0.1) ** 2))
    for cells, weight in ((6, 10), (16, 5), (40, 2)):
        coarse = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
        body = body + weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    noisy = body + rng.normal(0, 2, body.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).convert("RGB")


def lay_out(pack: Path, folder: Path, *, seed: int, grey: bool) -> list[Path]:
    """Link the pictures of a pack into `folder`, or write their grey versions or synthetic X-rays."""
    if pack.name == XRAYS:
        rng = np.random.default_rng([7, seed])
        (folder / "chest").mkdir(parents=True)
        for number in range(400):
            (folder / f"chest/{name_of(f'{seed} {number}')}.jpg").write_bytes(encode(draw_xray(rng), 92))
    elif grey:
        for path in list_photographs(pack):
            target = folder / path.relative_to(pack).with_suffix(f"{path.suffix}.jpg")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(encode(ImageOps.exif_transpose(Image.open(path)).convert("RGB").convert("L"), 95))
    else:
        shutil.copytree(pack, folder, copy_function=lambda a, b: Path(b).symlink_to(Path(a).resolve()))
    return list_photographs(folder)


def name_of(text: str) -> str:
    """Return a name without digits, which would pass for the number of a frame."""
    digits = hashlib.sha256(text.encode()).hexdigest()[:12]
    return digits.translate(str.maketrans("0123456789", "ghijklmnop"))


def plant(
    pack: Path, folder: Path, *, seed: int, each: int, kinds: tuple[str, ...], grey: bool = False
) -> list[Planted]:
    """Lay out a pack in `folder`, and add altered copies next to their sources under meaningless names."""
    files = lay_out(pack, folder, seed=seed, grey=grey)
    rng = np.random.default_rng(seed)
    planted = []
    for number, at in enumerate(rng.permutation(len(files))[: each * len(kinds)]):
        kind, source = kinds[number % len(kinds)], files[at]
        image = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
        copy = source.with_name(f"{name_of(f'{seed} {source.name}')}.jpg")
        copy.write_bytes(alter(image, kind, rng))
        planted.append(
            Planted(copy=copy.relative_to(folder).as_posix(), source=source.relative_to(folder).as_posix(), kind=kind)
        )
    return planted


class Same:
    """Ground truth of copies: planted, exact, or confirmed by eye."""

    def __init__(self, catalog: Catalog, pack: str, planted: list[Planted]) -> None:
        self.paths = catalog.table["path"].to_list()
        row = {path: number for number, path in enumerate(self.paths)}
        self._above = list(range(len(self.paths)))
        self.source = {p.copy: p.source for p in planted}
        first: dict[str, int] = {}
        for number, pixels in enumerate(catalog.table["pixels"]):
            if pixels is not None:
                self._join(number, first.setdefault(pixels, number))
        self.exact = [self.root(number) for number in range(len(self.paths))]
        for one, other in [*((p.copy, p.source) for p in planted), *REAL.get(pack, ())]:
            if one in row and other in row:
                self._join(row[one], row[other])

    def root(self, number: int) -> int:
        while self._above[number] != number:
            number = self._above[number]
        return number

    def _join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._above[high] = low

    def film(self, number: int) -> str:
        path = self.paths[number]
        return self.source.get(path, path).split("/")[-2]

    def __call__(self, one: int, other: int, pack: str) -> bool:
        if self.root(one) == self.root(other):
            return True
        films = {self.film(one), self.film(other)}
        return pack == "fruits360_varieties" and (len(films) == 1 or films in SAME_FILM)


def measure(
    pack: str, data: Path, *, seed: int, each: int, sheets: Path | None, kinds: tuple[str, ...], grey: bool
) -> dict:
    """Plant copies in a pack, search for them, and count what is found."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pictures"
        planted = plant(data / pack, folder, seed=seed, each=each, kinds=kinds, grey=grey)
        catalog = scan(folder, cache=Path(temporary) / "cache")
        started = time.process_time()
        edges = find_edges(catalog)
        seconds = time.process_time() - started
        groups = form_groups(catalog, edges)
        same = Same(catalog, pack, planted)
        row = {path: number for number, path in enumerate(same.paths)}
        near = edges.filter(edges["kind"] == "near").select("first", "second", "score").rows()
        linked = {frozenset((same.exact[a], same.exact[b])) for a, b, _ in near}
        found = recovered(planted, same, linked)
        baseline = {} if imagehash is None else measure_hashes(catalog, same, planted, pack)
        missed = [p for p in planted if frozenset((same.exact[row[p.copy]], same.exact[row[p.source]])) not in linked]
        wrong = [(a, b, score) for a, b, score in near if not same(a, b, pack)]
        sown = {number for p in planted for number in (row[p.copy],)}
        besides = [(a, b, s) for a, b, s in near if same(a, b, pack) and not {a, b} & sown]
        if sheets:
            sheets.mkdir(parents=True, exist_ok=True)
            draw(catalog, wrong, sheets / f"{pack}-wrong.png")
            draw(catalog, besides, sheets / f"{pack}-real.png")
            draw(catalog, [(row[p.copy], row[p.source], 0.0) for p in missed], sheets / f"{pack}-missed.png")
    return {
        "pack": f"{pack}, grey" if grey else pack,
        "pictures": len(catalog),
        "seconds": round(seconds, 2),
        **recall(found, planted),
        "near": len(near),
        "precision": round(1 - len(wrong) / max(len(near), 1), 4),
        "real_besides": len(besides),
        "wrong": [[same.paths[a], same.paths[b], round(score, 3)] for a, b, score in wrong],
        "real": [[same.paths[a], same.paths[b], round(score, 3)] for a, b, score in besides][:60],
        "largest_group": int(groups.sizes.max()),
        "sequence": len(edges.filter(edges["kind"] == "sequence")),
        "imagehash": baseline,
    }


def recovered(planted: list[Planted], same: Same, linked: set[frozenset[int]]) -> Counter[str]:
    """Count the planted copies, by kind, that are linked with their sources."""
    row = {path: number for number, path in enumerate(same.paths)}
    return Counter(
        p.kind
        for p in planted
        if (ends := frozenset((same.exact[row[p.copy]], same.exact[row[p.source]]))) in linked or len(ends) == 1
    )


def recall(found: Counter[str], planted: list[Planted]) -> dict:
    """Compute the recall by kind and over families of kinds; brightened copies count in none."""
    total = Counter(p.kind for p in planted)
    families = {
        "plain": [kind for kind in PLAIN if kind != "brightened"],
        "turned": TURNED,
        "squashed": [kind for kind in SQUASHED if total[kind]],
    }
    return {
        "recall": {
            kind: round(found[kind] / total[kind], 3) for kind in (*PLAIN, *TURNED, *SQUASHED, "grey") if total[kind]
        },
        **{
            f"recall_{name}": round(sum(found[k] for k in kinds) / total_of, 4)
            for name, kinds in families.items()
            if (total_of := sum(total[k] for k in kinds))
        },
    }


def measure_hashes(catalog: Catalog, same: Same, planted: list[Planted], pack: str) -> dict:
    """Measure the hashes of ImageHash on the same pictures, within several Hamming distances."""
    rows = np.flatnonzero(catalog.readable)
    rows = rows[np.unique(np.array(same.exact)[rows], return_index=True)[1]]  # exact copies are found without hashes
    results = {}
    for name in ("phash", "dhash"):
        started = time.process_time()
        function = getattr(imagehash, name)
        images = (Image.open(io.BytesIO(catalog.read_one(int(row)))).convert("RGB") for row in rows)
        bits = np.stack([function(ImageOps.exif_transpose(image)).hash.ravel() for image in images]).astype(np.float32)
        distance = bits.shape[1] - bits @ bits.T - (1 - bits) @ (1 - bits).T
        first, second = np.nonzero(np.triu(distance <= max(HAMMING), 1))
        seconds = round(time.process_time() - started, 2)
        for most in HAMMING:
            close = distance[first, second] <= most
            pairs = list(zip(rows[first[close]].tolist(), rows[second[close]].tolist(), strict=True))
            linked = {frozenset((same.exact[a], same.exact[b])) for a, b in pairs}
            correct = sum(same(a, b, pack) for a, b in pairs)
            results[f"{name} <= {most}"] = {
                "seconds": seconds,
                **recall(recovered(planted, same, linked), planted),
                "near": len(pairs),
                "precision": round(correct / max(len(pairs), 1), 4),
            }
    return results


def draw(catalog: Catalog, pairs: list[tuple[int, int, float]], path: Path, *, side: int = 130, most: int = 60) -> None:
    """Draw a contact sheet of pairs."""
    pairs = sorted(pairs, key=lambda pair: -pair[2])[:most]
    sheet = Image.new("RGB", (5 * (2 * side + 10), max(-(-len(pairs) // 5), 1) * (side + 16)), "grey")
    for number, (*rows, score) in enumerate(pairs):
        left, top = number % 5 * (2 * side + 10), number // 5 * (side + 16)
        for place, at in enumerate(rows):
            image = Image.open(io.BytesIO(catalog.read_one(at))).convert("RGB")
            scale = side / max(image.size)
            sheet.paste(
                image.resize((max(int(image.width * scale), 1), max(int(image.height * scale), 1))),
                (left + place * side, top),
            )
        ImageDraw.Draw(sheet).text((left, top + side), f"{score:.2f} {rows[0]} {rows[1]}", fill="white")
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("DISCERN_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parent.parent / default)
    parser.add_argument("--packs", nargs="+", default=list(PACKS))
    parser.add_argument("--seed", type=int, default=100, help="0-2 are for development, 100 is reported")
    parser.add_argument("--each", type=int, default=30, help="planted copies per alteration")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--kinds", nargs="+", default=["plain"], help="plain, squashed or names of alterations")
    parser.add_argument("--grey", action="store_true", help="plant in grey versions of the packs")
    options = parser.parse_args()
    if imagehash is None:
        print("The ImageHash baseline is skipped. Install it with: pip install -e '.[bench]'")
    kinds = tuple(kind for name in options.kinds for kind in KINDS.get(name, (name,)))
    results = []
    for pack in options.packs:
        result = measure(
            pack,
            options.data,
            seed=options.seed,
            each=options.each,
            sheets=options.sheets,
            kinds=kinds,
            grey=options.grey,
        )
        results.append(result)
        print(f"{result['pack']}: {result['pictures']} pictures")
        for name, metrics in {"discern": result, **result["imagehash"]}.items():
            shares = [f"{share:.3f} {key[7:]}" for key, share in metrics.items() if key.startswith("recall_")]
            print(
                f"  {name}: recall {', '.join(shares)};"
                f" precision {metrics['precision']:.3f} of {metrics['near']} pairs; {metrics['seconds']} s"
            )
            print("    " + ", ".join(f"{kind} {share:.2f}" for kind, share in metrics["recall"].items()))
    if options.json:
        options.json.write_text(
            json.dumps({"seed": options.seed, "each": options.each, "packs": results}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
