"""Demo on scanned digits with planted flaws, or on a folder of your own; needs no network.

Usage: python tools/demo.py [FOLDER]. Writes runs/demo/report.html.
"""

import csv
import shutil
import struct
import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image
from sklearn.datasets import load_digits

import discern
from discern.cli.exit_codes import exit_codes
from discern.display.progress_bar import progress_bar

RUNS = Path("runs")
PATTERNS = RUNS / "demo-data" / "patterns"
SIDE = 96


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A planted flaw.

    Attributes:
        name: description of the flaw.
        check: name of the check that has to find it.
        paths: affected files, relative to the folder of pictures.
    """

    name: str
    check: str
    paths: tuple[str, ...]


def main() -> None:
    """Train on the given folder, or on digits with planted flaws, and predict a few pictures."""
    began = time.monotonic()
    for previous in ("demo", "demo-data"):
        shutil.rmtree(RUNS / previous, ignore_errors=True)
    write_patterns(PATTERNS)
    source, planted = (Path(sys.argv[1]), []) if len(sys.argv) > 1 else write_flawed_digits(RUNS / "demo-data/digits")
    print_heading(f"Training on {source}: check, split, fit, evaluate, pack")
    with progress_bar() as progress:
        result = discern.train(source, name="demo", runs=RUNS, progress=progress)
    found = read_fixes(result.run / "fixes.csv")
    print_recall(planted, found) if planted else print_findings(found)
    print_accuracy(result)
    print_examples(result, source)
    print_heading("Done")
    print(f"report   {relative(result.report)}\nbundle   {relative(result.bundle)}, ", end="")
    print("verified" if discern.verify(result.bundle).passed else "VERIFICATION FAILED")
    print(f"took     {time.monotonic() - began:.0f} s")


def write_flawed_digits(folder: Path) -> tuple[Path, list[Flaw]]:
    """Write the digits, plant the flaws and return both."""
    print_heading(f"Writing 1,797 scanned digits with planted flaws to {folder}")
    write_digits(folder)
    return folder, plant(folder)


def write_digits(folder: Path) -> None:
    """Write the 1,797 scanned digits of scikit-learn as PNGs of 96 px: 1,497 for training, 300 for testing."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        part = "train" if number < 1497 else "test"
        path = folder / part / str(label) / f"scan-{number * 7919 % 10007:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray(np.uint8(255 - pixels * 15.9))
        grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB").save(path)


def plant(folder: Path) -> list[Flaw]:
    """Plant known flaws in a folder of digits."""
    random = np.random.default_rng(7)
    scans = sorted(folder.glob("train/*/*.png"))
    *copied, conflicting, truncated, misnamed = (scans[place] for place in random.choice(len(scans), 15, replace=False))
    leaks = [shutil.copy(path, folder / "test" / path.parent.name / f"again-{path.name}") for path in copied]
    other = str((int(conflicting.parent.name) + 1) % 10)
    conflict = shutil.copy(conflicting, folder / "train" / other / f"also-{conflicting.name}")
    complete = truncated.read_bytes()
    files = {name: folder / "train" / name for name in ("0/cut.png", "1/empty.png", "2/bomb.png", "3/notes.jpg")}
    for path, content in zip(
        files.values(), (complete[: len(complete) // 2], b"", decompression_bomb(), b"no picture"), strict=True
    ):
        path.write_bytes(content)
    misnamed = misnamed.rename(misnamed.with_suffix(".jpg"))
    planted = {
        ("training pictures copied into the test part", "exact_copy"): leaks,
        ("picture copied under another label", "label_conflict"): [conflict],
        ("PNG cut in half", "unreadable"): [files["0/cut.png"]],
        ("empty file", "unreadable"): [files["1/empty.png"]],
        (f"PNG of {len(decompression_bomb())} bytes that claims 60,000 x 60,000 px", "unreadable"): [
            files["2/bomb.png"]
        ],
        ("text named .jpg", "unreadable"): [files["3/notes.jpg"]],
        ("PNG named .jpg", "wrong_suffix"): [misnamed],
    }
    return [
        Flaw(name=name, check=check, paths=tuple(path.relative_to(folder).as_posix() for path in paths))
        for (name, check), paths in planted.items()
    ]


def decompression_bomb() -> bytes:
    """Return a tiny PNG that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def write_patterns(folder: Path) -> None:
    """Draw 20 pictures of none of the classes: coloured checks, rings and stripes."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(11)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    for number in range(20):
        period = random.uniform(5, 20)
        rings = np.hypot(x - random.uniform(0, SIDE), y - random.uniform(0, SIDE)) / period
        stripes = (x * random.uniform(-1, 1) + y * random.uniform(-1, 1)) / period
        pattern = (rings, stripes, x // period + y // period)[number % 3]
        colour = 127 + 127 * np.sin(pattern[..., None] + random.uniform(0, 6, 3))
        Image.fromarray(np.uint8(colour)).save(folder / f"pattern-{number:02d}.png")


def read_fixes(path: Path) -> list[tuple[str, set[str]]]:
    """Read the check and the files of each finding."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["why"].split(":")[0], {row["path"], row["with"]} - {""}) for row in csv.DictReader(file)]


def print_recall(planted: list[Flaw], found: list[tuple[str, set[str]]]) -> None:
    """Print the number of planted and of found files for each flaw."""
    print_heading("Planted and found")
    print(f"{'planted':>7}  {'':<54}{'found':>5}")
    for flaw in planted:
        hits = sum(any(check == flaw.check and path in named for check, named in found) for path in flaw.paths)
        print(f"{len(flaw.paths):>7}  {flaw.name:<54}{hits:>5}")
    affected = {path for flaw in planted for path in flaw.paths}
    others = sum(not named & affected for _, named in found)
    print(f"{0:>7}  {'findings in the original scans':<54}{others:>5}")


def print_findings(found: list[tuple[str, set[str]]]) -> None:
    """Print the number of findings by check."""
    print_heading("Findings, with proposals in runs/demo/fixes.csv")
    for check, number in Counter(check for check, _ in found).most_common():
        print(f"{number:>7}  {check.replace('_', ' ')}")
    if not found:
        print("none")


def print_accuracy(result: discern.TrainResult) -> None:
    """Print leak-free, random-split and given-split accuracy and the accept policy."""
    print_heading("Accuracy with 95 % intervals")
    names = {"leak_free": "leak-free", "naive": "random split", "given": "given parts"}
    for key, name in names.items():
        accuracy = result.accuracy[key]
        if accuracy and accuracy["value"] is not None:
            ends = (
                "too few for an interval"
                if accuracy["low"] is None
                else f"{accuracy['low']:.1%} to {accuracy['high']:.1%}"
            )
            print(f"{name:<24}{accuracy['value']:>7.1%}   ({ends})")
    if result.policy:
        print(f"accepted without review {result.policy['share']:>7.1%}   {result.policy['sentence']}")


def print_examples(result: discern.TrainResult, source: Path) -> None:
    """Print a confident and an uncertain held-out prediction, and an unknown picture."""
    model = discern.load(result.bundle)
    held_out = pl.read_parquet(result.run / "answers.parquet").sort("confidence")
    known = held_out.filter(pl.col("unknown_score") <= pl.col("t_unknown"))
    patterns = [each for each in discern.predict(model, [PATTERNS]) if each.prediction]
    rejected = [each for each in patterns if each.prediction.decision == "unknown"]
    print_heading("Three pictures")
    for kind, rows in (("confident", known.tail(1)), ("uncertain", known.head(1))):
        for row in rows.iter_rows(named=True):
            print_prediction(kind, source / row["path"], model, truth=row["label"], held_out=row)
    for each in rejected[:1]:
        print_prediction("unknown", Path(each.path), model)
    print_heading("Called unknown")
    print(f"{len(rejected):>7} of {len(patterns)} drawn patterns, which show none of the classes")
    print(f"{len(held_out) - len(known):>7} of {len(held_out)} held-out pictures, which show known classes")


def print_prediction(
    kind: str, path: Path, model: discern.Model, *, truth: str = "", held_out: dict | None = None
) -> None:
    """Print a prediction; `held_out` is the one of a model that was not trained on the picture."""
    prediction = model(path)
    best = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])[:3]
    threshold = model.manifest.thresholds.unknown
    print(f"{kind:<10}{relative(path)}" + (f'  (labelled "{truth}")' if truth else ""))
    if held_out and abs(held_out["confidence"] - prediction.confidence) > 0.005:
        print(f'{"":<10}Held out: "{held_out["answer"]}" ({held_out["confidence"]:.0%}). Now trained on it:')
    print(f"{'':<10}{prediction.message}")
    print(f"{'':<10}" + ", ".join(f'"{label}" {share:.1%}' for label, share in best), end="; ")
    print(
        f"unknown score {prediction.unknown_score:.2f}"
        + ("" if threshold is None else f", unknown above {threshold:.2f}")
    )


def relative(path: Path) -> Path:
    """Return a path relative to the working directory if it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def print_heading(heading: str) -> None:
    """Print an underlined heading."""
    print(f"\n{heading}\n{'-' * len(heading)}", flush=True)


if __name__ == "__main__":
    with exit_codes():
        main()
