"""The whole path on real input, offline: scanned digits with known flaws, planted against found; or anyone's folder.

Usage: python tools/demo.py [FOLDER]. Leaves runs/demo/report.html.
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
from discern.cli.progress_bar import progress_bar

RUNS = Path("runs")
STRANGERS = RUNS / "demo-data" / "strangers"
SIDE = 96


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Something wrong that was planted.

    Attributes:
        what: what it is, in words.
        check: the check that has to find it.
        paths: the files, relative to the folder of pictures.
    """

    what: str
    check: str
    paths: tuple[str, ...]


def main() -> None:
    """Train on the folder named, or on digits with planted flaws; then ask the model."""
    began = time.monotonic()
    for former in ("demo", "demo-data"):
        shutil.rmtree(RUNS / former, ignore_errors=True)
    write_strangers(STRANGERS)
    source, planted = (Path(sys.argv[1]), []) if len(sys.argv) > 1 else write_flawed_digits(RUNS / "demo-data/digits")
    say(f"Training on {source}: check, split, fit, evaluate, pack")
    with progress_bar() as progress:
        result = discern.train(source, name="demo", runs=RUNS, progress=progress)
    found = read_fixes(result.run / "fixes.csv")
    print_planted(planted, found) if planted else print_found(found)
    print_figures(result)
    explain(result, source)
    say("Done")
    print(f"report   {near(result.report)}\nbundle   {near(result.bundle)}, ", end="")
    print("whole, and answers as when it was made" if discern.verify(result.bundle).passed else "NOT as it was made")
    print(f"took     {time.monotonic() - began:.0f} s")


def write_flawed_digits(folder: Path) -> tuple[Path, list[Flaw]]:
    """Write the digits and plant the flaws."""
    say(f"Writing 1,797 scanned digits to {folder}, and planting flaws among them")
    write_digits(folder)
    return folder, plant(folder)


def write_digits(folder: Path) -> None:
    """Write scikit-learn's 1,797 scanned digits as 96 px PNGs: 1,497 to train, 300 to test."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        part = "train" if number < 1497 else "test"
        path = folder / part / str(label) / f"scan-{number * 7919 % 10007:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray(np.uint8(255 - pixels * 15.9))
        grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB").save(path)


def plant(folder: Path) -> list[Flaw]:
    """Plant known flaws."""
    random = np.random.default_rng(7)
    scans = sorted(folder.glob("train/*/*.png"))
    *copied, conflicting, cut, lying = (scans[place] for place in random.choice(len(scans), 15, replace=False))
    leaks = [shutil.copy(path, folder / "test" / path.parent.name / f"again-{path.name}") for path in copied]
    other = str((int(conflicting.parent.name) + 1) % 10)
    conflict = shutil.copy(conflicting, folder / "train" / other / f"also-{conflicting.name}")
    whole = cut.read_bytes()
    files = {name: folder / "train" / name for name in ("0/cut.png", "1/empty.png", "2/bomb.png", "3/notes.jpg")}
    for path, content in zip(files.values(), (whole[: len(whole) // 2], b"", bomb(), b"no picture"), strict=True):
        path.write_bytes(content)
    lying = lying.rename(lying.with_suffix(".jpg"))
    planted = {
        ("training pictures copied into the test part", "exact_copy"): leaks,
        ("picture copied under another label", "label_conflict"): [conflict],
        ("PNG cut in half", "unreadable"): [files["0/cut.png"]],
        ("empty file", "unreadable"): [files["1/empty.png"]],
        (f"PNG of {len(bomb())} bytes that claims 60,000 x 60,000 px", "unreadable"): [files["2/bomb.png"]],
        ("text named .jpg", "unreadable"): [files["3/notes.jpg"]],
        ("PNG named .jpg", "wrong_suffix"): [lying],
    }
    return [
        Flaw(what=what, check=check, paths=tuple(path.relative_to(folder).as_posix() for path in paths))
        for (what, check), paths in planted.items()
    ]


def bomb() -> bytes:
    """A tiny PNG that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def write_strangers(folder: Path) -> None:
    """Draw 20 pictures that are nobody's class: coloured checks, rings and stripes."""
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
    """What was found: each row's check and the files that it names."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["why"].split(":")[0], {row["path"], row["with"]} - {""}) for row in csv.DictReader(file)]


def print_planted(planted: list[Flaw], found: list[tuple[str, set[str]]]) -> None:
    """Print what was planted against what was found, file by file."""
    say("Planted against found")
    print(f"{'planted':>7}  {'':<54}{'found':>5}")
    for flaw in planted:
        hits = sum(any(check == flaw.check and path in named for check, named in found) for path in flaw.paths)
        print(f"{len(flaw.paths):>7}  {flaw.what:<54}{hits:>5}")
    everything = {path for flaw in planted for path in flaw.paths}
    others = sum(not named & everything for _, named in found)
    print(f"{0:>7}  {'anything else: the digits as they were scanned':<54}{others:>5}")


def print_found(found: list[tuple[str, set[str]]]) -> None:
    """Print how many proposals each check makes."""
    say("Found, and proposed in runs/demo/fixes.csv")
    for check, number in Counter(check for check, _ in found).most_common():
        print(f"{number:>7}  {check.replace('_', ' ')}")
    if not found:
        print("nothing")


def print_figures(result: discern.TrainResult) -> None:
    """Print the honest accuracy beside the others."""
    say("How good it is, with 95 % intervals")
    names = {"leak_free": "nothing leaked", "naive": "a random split claims", "given": "the given parts claim"}
    for key, name in names.items():
        figure = result.accuracy[key]
        if figure and figure["value"] is not None:
            ends = (
                "too few for an interval" if figure["low"] is None else f"{figure['low']:.1%} to {figure['high']:.1%}"
            )
            print(f"{name:<24}{figure['value']:>7.1%}   ({ends})")
    if result.policy:
        print(f"without a person        {result.policy['share']:>7.1%}   {result.policy['sentence']}")


def explain(result: discern.TrainResult, source: Path) -> None:
    """Show a sure and a doubtful held-out picture, and an unknown one."""
    model = discern.load(result.bundle)
    held = pl.read_parquet(result.run / "answers.parquet").sort("confidence")
    known = held.filter(pl.col("unknown_score") <= pl.col("t_unknown"))
    strange = [answer for answer in discern.predict(model, [STRANGERS]) if answer.prediction]
    rejected = [answer for answer in strange if answer.prediction.decision == "unknown"]
    say("Three pictures")
    for kind, rows in (("sure", known.tail(1)), ("doubtful", known.head(1))):
        for row in rows.iter_rows(named=True):
            show(kind, source / row["path"], model, truth=row["label"], held=row)
    for answer in rejected[:1]:
        show("unknown", Path(answer.path), model)
    say("Answered `unknown`")
    print(f"{len(rejected):>7} of {len(strange)} drawn patterns, which are none of the labels")
    print(f"{len(held) - len(known):>7} of {len(held)} held-out pictures, which it should have known")


def show(kind: str, path: Path, model: discern.Model, *, truth: str = "", held: dict | None = None) -> None:
    """Print one answer in words and figures; `held` is what was answered while the picture was held out."""
    prediction = model(path)
    best = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])[:3]
    limit = model.manifest.thresholds.unknown
    print(f"{kind:<10}{near(path)}" + (f'  (labelled "{truth}")' if truth else ""))
    if held and abs(held["confidence"] - prediction.confidence) > 0.005:
        print(f'{"":<10}Held out, it was called "{held["answer"]}" ({held["confidence"]:.0%}). Learned from since:')
    print(f"{'':<10}{prediction.message}")
    print(f"{'':<10}" + ", ".join(f'"{label}" {share:.1%}' for label, share in best), end="; ")
    print(f"unknown score {prediction.unknown_score:.2f}" + ("" if limit is None else f", unknown above {limit:.2f}"))


def near(path: Path) -> Path:
    """A path as seen from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def say(heading: str) -> None:
    """Print a heading."""
    print(f"\n{heading}\n{'-' * len(heading)}", flush=True)


if __name__ == "__main__":
    with exit_codes():
        main()
