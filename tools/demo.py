"""The whole path on real input, offline: scanned digits with known flaws, planted against found; or anyone's folder.

Usage: python tools/demo.py [FOLDER]. Leaves runs/demo/report.html.
"""

import shutil
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

import discern
from discern.cli.bars import bars

RUNS = Path("runs")
SIDE = 96


def main() -> None:
    """Train on the folder named, or on digits with planted flaws."""
    shutil.rmtree(RUNS / "demo", ignore_errors=True)
    if len(sys.argv) > 1:
        train(Path(sys.argv[1]))
        return
    data, strangers = RUNS / "demo-data" / "digits", RUNS / "demo-data" / "strangers"
    shutil.rmtree(RUNS / "demo-data", ignore_errors=True)
    write_digits(data)
    planted = plant(data)
    write_strangers(strangers)
    shutil.rmtree(RUNS / "demo-check", ignore_errors=True)
    with bars() as progress:
        checked = discern.check(data, name="demo-check", runs=RUNS, progress=progress)
    print_found(planted, checked)
    result = train(data)
    explain(result, data, strangers)


def train(source: Path) -> discern.TrainResult:
    """Train, and say what came of it."""
    with bars() as progress:
        result = discern.train(source, name="demo", runs=RUNS, progress=progress)
    for name in ("leak_free", "naive", "given"):
        if figure := result.accuracy[name]:
            print(f"accuracy, {name:<9}  {figure['value']:.4f}  ({figure['low']:.4f} to {figure['high']:.4f})")
    print(f"wall time {sum(result.seconds.values()):.1f} s   {result.seconds}")
    print(f"report    {result.report}\nbundle    {result.bundle}\n")
    return result


def write_digits(folder: Path) -> None:
    """Write scikit-learn's 1,797 scanned digits as 96 px PNGs: 1,497 to train, 300 to test."""
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        part = "train" if number < 1497 else "test"
        path = folder / part / str(label) / f"scan-{number * 7919 % 10007:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray(np.uint8(255 - pixels * 15.9))
        grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB").save(path)


def plant(folder: Path) -> dict[str, int]:
    """Plant known flaws; gives how many of each check's kind."""
    random = np.random.default_rng(7)
    train = sorted(folder.glob("train/*/*.png"))
    chosen = [train[index] for index in random.choice(len(train), 30, replace=False)]
    for path in chosen[:12]:
        shutil.copy(path, folder / "test" / path.parent.name / f"again-{path.name}")
    for path in chosen[12:15]:
        other = str((int(path.parent.name) + 1) % 10)
        shutil.copy(path, folder / "train" / other / f"also-{path.name}")
    whole = chosen[15].read_bytes()
    (folder / "train/0/cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "train/1/empty.png").write_bytes(b"")
    (folder / "train/2/bomb.png").write_bytes(bomb())
    (folder / "train/3/notes.jpg").write_text("this is no picture")
    moved = chosen[16]
    moved.rename(moved.with_suffix(".jpg"))
    return {"exact_copy": 15, "label_conflict": 3, "part_leak": 12, "unreadable": 4, "wrong_suffix": 1}


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def write_strangers(folder: Path) -> None:
    """Draw 20 pictures that are no digits: coloured checks, rings and stripes."""
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


def print_found(planted: dict[str, int], checked: discern.CheckResult) -> None:
    """Print what was planted against what was found."""
    print(f"\n{checked.pictures} pictures; page {checked.page}\n{'flaw':<16}{'planted':>8}{'found':>8}")
    for name, found in checked.findings.items():
        print(f"{name:<16}{planted.get(name, 0):>8}{found:>8}")
    print()


def explain(result: discern.TrainResult, data: Path, strangers: Path) -> None:
    """Answer unseen pictures, and show a sure, a doubtful and an unknown one."""
    model = discern.load(result.bundle)
    answers = [answer for answer in discern.predict(model, [data / "test"]) if answer.prediction]
    known = sorted((a for a in answers if a.prediction.decision != "unknown"), key=lambda a: a.prediction.confidence)
    strange = [answer for answer in discern.predict(model, [strangers]) if answer.prediction]
    rejected = [answer for answer in strange if answer.prediction.decision == "unknown"]
    print(f"of {len(strange)} pictures that are no digits, {len(rejected)} were answered `unknown`")
    print(f"of {len(answers)} test digits, {len(answers) - len(known)} were\n")
    picks = {"sure": known[-1], "doubtful": known[0]} | ({"unknown": rejected[0]} if rejected else {})
    for kind, answer in picks.items():
        prediction = answer.prediction
        best = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])[:3]
        print(f"{kind}: {Path(answer.path).relative_to(data.parent.absolute())}\n   {prediction.message}")
        print("   " + ", ".join(f"{label} {share:.1%}" for label, share in best), end="; ")
        print(f"unknown score {prediction.unknown_score:.2f} against {model.manifest.thresholds.unknown:.2f}\n")
    print(f"bundle whole and answering as made: {discern.verify(result.bundle).passed}")


if __name__ == "__main__":
    main()
