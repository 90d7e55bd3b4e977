"""Alarms of drift: how rarely they are false, how soon true ones come, and what they say about changed pictures.

Usage: python benchmarks/watching_drift.py quiet|delays|changes|all [--years N] [--runs N] [--packs PACK ...]

quiet: simulated years of 52 weekly looks without any drift. `normal`: normally distributed signals. Each pack: pictures
that the model never saw, in a random order with another mix of classes on each weekday, every tenth one in a burst of
five near-copies. Beside them, on the same exchanges: a Kolmogorov-Smirnov test of each week's unknown scores at .05,
and an alarm beyond the 95th percentile of the bootstrapped distance between mean embeddings, as Evidently 0.7 has it.
delays: pictures until the alarm of a shift of one signal by 1, .5 and .25 standard deviations.
changes: blur, dark, a new camera and a new class at three strengths on packs: pictures until the alarm, what it names,
and the accuracy. A plot is written beside the table.

Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from scipy.special import logsumexp
from scipy.stats import ks_2samp
from watching_streams import Learnt, Observed, learn

from discern.bundle.reference_pictures import SIGNALS, ReferencePictures, project, restore_units
from discern.watching.drift.class_ranks import ClassRanks
from discern.watching.drift.conformal_martingale import ConformalMartingale
from discern.watching.drift.drift_monitor import LEVEL, PICTURES_ERROR, SIGNALS_ERROR, DriftMonitor
from discern.watching.drift.drift_signals import SIDES
from discern.watching.drift.rank_bets import TILTS, bet_on_ranks, make_bets

YEAR, WEEKDAYS, BEGIN = 52, 7, 1.8e9
PER_WEEK = 20
PACKS = ("imagenette160", "furniture7", "cifar10", "trashnet")
CHANGED = ("imagenette160", "furniture7")
_SPLITS, _BURSTS, _BURST = 2, 0.1, 5
_BOOTSTRAPS = 200


class NormalStream:
    """Monitor of six normally distributed signals, without classes and embeddings, for many simulated years."""

    def __init__(self, reference: int, random: np.random.Generator) -> None:
        self._random = random
        label = np.zeros(reference, np.int64)
        self.references = [random.normal(size=reference) for _ in SIGNALS]
        self._ranks = [ClassRanks(each, label, random.random(reference)) for each in self.references]
        bets = sum(map(len, SIDES.values())) * len(TILTS)
        self._bets = make_bets(reference, TILTS, SIGNALS_ERROR / bets)
        shares = [1 / 7 / len(sides) / len(TILTS) for sides in SIDES.values() for _ in range(len(sides) * len(TILTS))]
        self._martingale = ConformalMartingale(np.array([*shares, 1 / 7]))  # the last one: the classifier stays out

    def first_alarm(self, signals: np.ndarray) -> int | None:
        """Return the number of pictures `[g, 6]` until the alarm, or None without one."""
        label = np.zeros(len(signals), np.int64)
        factors = [
            bet_on_ranks(ranks.rank(signals[:, at], label, self._random.random(len(signals))), sides, self._bets)
            for at, (ranks, sides) in enumerate(zip(self._ranks, SIDES.values(), strict=True))
        ]
        capitals = self._martingale.foresee(np.concatenate([*factors, np.zeros((len(signals), 1))], axis=1))
        alarms = np.flatnonzero(logsumexp(capitals, axis=1) >= -np.log(LEVEL - SIGNALS_ERROR - PICTURES_ERROR))
        return int(alarms[0]) + 1 if len(alarms) else None


def quiet_normal(years: int, *, reference: int = 500) -> dict[str, Any]:
    """Count the years with an alarm for normally distributed signals."""
    random = np.random.default_rng(1)
    mine, weekly = 0, 0
    for _ in range(years):
        stream = NormalStream(reference, random)
        signals = random.normal(size=(YEAR * PER_WEEK, len(SIGNALS)))
        mine += stream.first_alarm(signals) is not None
        weeks = signals[:, 0].reshape(YEAR, PER_WEEK)
        weekly += any(ks_2samp(week, stream.references[0]).pvalue < 0.05 for week in weeks)
    return {"stream": "normal", "years": years, "alarms": mine, "weekly_ks": weekly, "embedding_check": None}


def weekday_order(truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return pictures in an order whose mix of classes differs between weekdays, until a class runs out."""
    classes, place = np.unique(truth, return_inverse=True)
    waiting = [random.permutation(np.flatnonzero(place == each)).tolist() for each in range(len(classes))]
    shares = np.bincount(place) / len(place)
    mixes = [random.dirichlet(4 * len(classes) * shares) for _ in range(WEEKDAYS)]
    mean = np.mean(mixes, axis=0)
    mixes = [mix / mean * shares / np.sum(mix / mean * shares) for mix in mixes]
    per_day = max(1, PER_WEEK // WEEKDAYS)
    order: list[int] = []
    while True:
        chosen = random.choice(len(classes), p=mixes[len(order) // per_day % WEEKDAYS])
        if not waiting[chosen]:
            return np.array(order)
        order.append(waiting[chosen].pop())


def with_bursts(order: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeat every tenth picture within a second; return rows, whether each is a repetition, and times."""
    times = np.where(random.random(len(order)) < _BURSTS, _BURST, 1)
    rows = np.repeat(order, times)
    first = np.repeat(np.arange(len(order)) * 1800.0, times)
    within = np.concatenate([np.arange(each) for each in times])
    return rows, within > 0, BEGIN + first + 0.2 * within


def near_copies(observed: Observed, is_copy: np.ndarray, random: np.random.Generator) -> Observed:
    """Move the embeddings and scores of repeated pictures slightly, as saving them again does."""
    noise = is_copy[:, None] * random.normal(0, 0.002, observed.values[:, :4].shape)
    scale = 0.02 * np.abs(observed.embedding).mean()
    moved = random.normal(0, scale, observed.embedding.shape)
    values = observed.values.copy()
    values[:, :4] += noise
    return Observed(
        truth=observed.truth,
        label=observed.label,
        values=values,
        embedding=observed.embedding + (is_copy[:, None] * moved).astype(np.float32),
    )


def embedding_check(embedding: np.ndarray, reference: ReferencePictures, random: np.random.Generator) -> bool:
    """Return whether a week's mean embedding is beyond the 95th percentile of bootstrapped ones."""
    known, size = restore_units(reference.projected), len(embedding)
    centre = known.mean(axis=0)
    drawn = known[random.integers(0, len(known), (_BOOTSTRAPS, size))]
    null = np.linalg.norm(drawn.mean(axis=1) - centre, axis=1)
    found = np.linalg.norm(project(embedding, known.shape[1]).mean(axis=0) - centre)
    return bool(found > np.quantile(null, 0.95))


def quiet_pack(pack: str, years: int, workdir: Path, out: Path) -> dict[str, Any]:
    """Count the years with an alarm for pictures of a pack that the model never saw."""
    mine = weekly = checked = pictures = 0
    kinds: dict[str, int] = {}
    for split in range(_SPLITS):
        learnt = learn(pack, split, workdir)
        observed, reference = observe(learnt, f"{pack}-{split}", out), reference_of(learnt)
        for year in range(years // _SPLITS):
            random = np.random.default_rng([split, year])
            order = weekday_order(observed.truth, random)
            rows, is_copy, times = with_bursts(order, random)
            stream = near_copies(observed.take(rows), is_copy, random)
            monitor = DriftMonitor(reference, learnt.model.labels)
            monitor.update(stream.columns(np.arange(len(stream)), times))
            mine += bool(monitor.alarms())
            pictures += monitor.independent
            for alarm in monitor.alarms():
                kinds[alarm.kind] = kinds.get(alarm.kind, 0) + 1
            weeks = np.array_split(np.arange(len(stream)), YEAR)
            weekly += any(ks_2samp(stream.values[week, 0], reference.signals[:, 0]).pvalue < 0.05 for week in weeks)
            checked += any(embedding_check(stream.embedding[week], reference, random) for week in weeks)
    done = years // _SPLITS * _SPLITS
    return {
        "stream": pack,
        "years": done,
        "alarms": mine,
        "kinds": kinds,
        "weekly_ks": weekly,
        "embedding_check": checked,
        "pictures_a_year": pictures // done,
    }


def reference_of(learnt: Learnt) -> ReferencePictures:
    """Return the reference of a model."""
    assert learnt.model.reference is not None
    return learnt.model.reference


def observe(learnt: Learnt, name: str, out: Path, change: "Change | None" = None) -> Observed:
    """Let a model classify pictures, or read what it did before."""
    path = out / f"{name}.npz"
    if path.is_file():
        with np.load(path) as kept:
            return Observed(**dict(kept))
    observed = learnt.observe(change)
    np.savez(path, **vars(observed))
    return observed


def quiet(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure false alarms."""
    rows = [quiet_normal(options.years), quiet_normal(options.years, reference=2000)]
    rows[1]["stream"] = "normal, reference 2,000"
    for pack in options.packs or PACKS:
        rows.append(quiet_pack(pack, options.years, options.workdir, options.out))
        print(json.dumps(rows[-1]), flush=True)
    return rows


def delays(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure delays for shifts of one signal, after none, 200 and 1,000 pictures without drift."""
    rows = []
    for reference in (500, 2000):
        for shift in (1.0, 0.5, 0.25):
            for before in (0, 200, 1000):
                rows.append(_delay(reference, shift, before, options.runs))
                print(json.dumps(rows[-1]), flush=True)
    return rows


def _delay(reference: int, shift: float, before: int, runs: int) -> dict[str, Any]:
    random = np.random.default_rng([reference, int(100 * shift), before])
    found, early = [], 0
    for run in range(runs):
        stream = NormalStream(reference, random)
        signals = random.normal(size=(before + 1500, len(SIGNALS)))
        at = run % len(SIGNALS)
        signals[before:, at] += shift * list(SIDES.values())[at][0]
        alarm = stream.first_alarm(signals)
        early += alarm is not None and alarm <= before
        found.append(np.inf if alarm is None else alarm - before)
    delayed = np.sort([each for each in found if each > 0])
    return {
        "reference": reference,
        "shift": shift,
        "after": before,
        "runs": runs,
        "early": early,
        "median": _finite(delayed[len(delayed) // 2]),
        "90%": _finite(delayed[int(0.9 * len(delayed))]),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def blur(strength: int) -> Change:
    """Blur by 1, 2 or 4 % of the shorter side."""
    return lambda image, _: image.filter(ImageFilter.GaussianBlur(min(image.size) * (0.005, 0.01, 0.02)[strength]))


def dark(strength: int) -> Change:
    """Darken to 75, 50 or 25 %."""
    return lambda image, _: image.point(lambda value: value * (0.75, 0.5, 0.25)[strength])


def camera(strength: int) -> Change:
    """Change the camera: a colour cast, noise, fewer pixels and stronger compression."""

    def change(image: Image.Image, random: np.random.Generator) -> Image.Image:
        cast = 1 + np.array([0.06, 0.0, -0.08]) * (strength + 1)
        pixels = np.asarray(image) * cast + random.normal(0, 4 * (strength + 1), (image.height, image.width, 3))
        noisy = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        side = (0.9, 0.75, 0.5)[strength]
        small = noisy.resize((max(8, int(image.width * side)), max(8, int(image.height * side))))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=(80, 60, 40)[strength])
        return Image.open(buffer).convert("RGB")

    return change


CHANGES: dict[str, Callable[[int], Change]] = {"blur": blur, "dark": dark, "camera": camera}
NEW_SHARES = (0.05, 0.15, 0.4)


def changes(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure delays, names and accuracy for changed pictures."""
    rows = []
    for pack in options.packs or CHANGED:
        learnt = learn(pack, 0, options.workdir)
        plain = observe(learnt, f"{pack}-0", options.out)
        for name, make in CHANGES.items():
            for strength in range(3):
                changed = observe(learnt, f"{pack}-{name}-{strength}", options.out, make(strength))
                rows.append(_change(pack, f"{name} {strength + 1}", learnt, plain, changed, options.runs))
                print(json.dumps(rows[-1]), flush=True)
        without = sorted(set(plain.truth.tolist()))[-1]
        learnt = learn(pack, 0, options.workdir, without=without)
        every = observe(learnt, f"{pack}-without", options.out)
        is_new = every.truth == without
        for strength, share in enumerate(NEW_SHARES):
            rows.append(_new_class(pack, strength, share, learnt, every, is_new, options.runs))
            print(json.dumps(rows[-1]), flush=True)
    draw(rows, options.out / "changes.svg")
    return rows


def _change(pack: str, name: str, learnt: Learnt, plain: Observed, changed: Observed, runs: int) -> dict[str, Any]:
    """Change all pictures after a third of the stream."""
    begin, found = len(plain) // 3, []
    for run in range(runs):
        order = np.random.default_rng(run).permutation(len(plain))
        stream = plain.take(order[:begin]).join(changed.take(order[begin:]))
        found.append(_watch(learnt, stream, begin))
    return _row(pack, name, found, plain.accuracy, changed.accuracy)


def _new_class(
    pack: str, strength: int, share: float, learnt: Learnt, every: Observed, is_new: np.ndarray, runs: int
) -> dict[str, Any]:
    """Mix pictures of a new class into the last two thirds of the stream."""
    found, known, new = [], np.flatnonzero(~is_new), np.flatnonzero(is_new)
    begin = len(known) // 3
    for run in range(runs):
        random = np.random.default_rng(run)
        order, more = random.permutation(known), iter(random.permutation(new).tolist())
        rows = order[:begin].tolist()
        for row in order[begin:].tolist():
            if random.random() < share / (1 - share) and (extra := next(more, None)) is not None:
                rows.append(extra)
            rows.append(row)
        found.append(_watch(learnt, every.take(np.array(rows)), begin))
    accuracy = every.take(known).accuracy
    return _row(pack, f"new class {strength + 1}", found, accuracy, accuracy * (1 - share))


def _watch(learnt: Learnt, stream: Observed, begin: int) -> tuple[float, str]:
    """Return the number of changed pictures until the alarm and its kind."""
    monitor = DriftMonitor(reference_of(learnt), learnt.model.labels)
    number = np.arange(len(stream))
    monitor.update(stream.columns(number, BEGIN + 600.0 * number))
    alarms = monitor.alarms()
    if not alarms:
        return np.inf, ""
    return float(alarms[0].evidence["exchanges"] - begin), alarms[0].kind


def _row(pack: str, change: str, found: list[tuple[float, str]], before: float, after: float) -> dict[str, Any]:
    delays = np.sort([delay for delay, _ in found])
    kinds = [kind for _, kind in found if kind]
    return {
        "pack": pack,
        "change": change,
        "median": _finite(delays[len(delays) // 2]),
        "90%": _finite(delays[int(0.9 * len(delays))]),
        "raised": len(kinds) / len(found),
        "early": int(np.sum(delays <= 0)),
        "first": max(set(kinds), key=kinds.count) if kinds else None,
        "accuracy": round(before, 3),
        "changed_accuracy": round(after, 3),
    }


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the median delays as bars."""
    height, bars = 16 * len(rows) + 40, []
    for at, row in enumerate(rows):
        delay, y = row["median"], 30 + 16 * at
        width = 0 if delay is None else min(500.0, max(1.0, delay))
        loss = 100 * (row["accuracy"] - row["changed_accuracy"])
        said = "no alarm" if delay is None else f"{delay:.0f} pictures, {row['first']}"
        colour = "#b3401f" if loss >= 5 else "#3a6ea5"
        bars.append(
            f'<text x="4" y="{y + 10}">{row["pack"]}, {row["change"]}</text>'
            f'<rect x="220" y="{y}" width="{width}" height="12" fill="{colour}"/>'
            f'<text x="{226 + width}" y="{y + 10}">{said} (accuracy {loss:+.0f} points lost)</text>'
        )
    title = '<text x="4" y="16">Pictures until the alarm (median); red: accuracy falls by 5 points or more</text>'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="{height}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{title}{"".join(bars)}</svg>',
        encoding="utf-8",
    )


PARTS: dict[str, Callable[[argparse.Namespace], list[dict[str, Any]]]] = {
    "quiet": quiet,
    "delays": delays,
    "changes": changes,
}


def main() -> None:
    """Run the chosen parts, print tables and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*PARTS, "all"])
    parser.add_argument("--years", type=int, default=500)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--packs", nargs="+", metavar="PACK")
    parser.add_argument("--workdir", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/watching_drift"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        options.workdir = options.workdir or Path(temporary)
        for name in PARTS if options.part == "all" else (options.part,):
            start = time.monotonic()
            rows = PARTS[name](options)
            (options.out / f"{name}.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
            print(f"\n{name} ({time.monotonic() - start:.0f} s)")
            for row in rows:
                print("  " + "  ".join(f"{key}={value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
