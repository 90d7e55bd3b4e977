"""Simulated coverage and width of the 95 % intervals of shares, differences, losses and the AUROC.

A scene is a number of groups with their sizes; the pictures of a group are correct with a probability of their own,
drawn from a beta distribution whose intraclass correlation runs from 0 (independent pictures) to 1 (identical ones).
Each cell of the table is one scene, accuracy and correlation. It has

* `covered`: share of the draws whose interval contains the truth; 95 % is promised;
* `width`: mean width as a multiple of the oracle's, the estimate plus and minus 1.96 of its true standard errors,
  clipped to 0..1. Near 1 no interval can be that narrow, as the oracle's covers too rarely: `wilson` is the width as a
  multiple of the Wilson interval that knows the true standard error;
* `earlier`: coverage of the interval that counts all groups as equal, large or small.

One kind of group defeats every interval of this width: pictures that seem independent, except that a group in a hundred
is wrong as a whole. As long as none was met, nothing distinguishes it from independent pictures.

Cells with fewer than 20 effective groups have no interval ("too few").

Usage: python benchmarks/interval_coverage.py [--draws 2000] [--all].
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from discern.evaluating import evaluate_predictions, evaluate_share, evaluate_unknown_detection, paired_difference
from discern.evaluating.group_variance import FEWEST_GROUPS, Members, effective_number
from discern.evaluating.intervals import Interval, loss_interval, mean_variance, wilson

OUT = Path(__file__).parent / "out"
GROUPS = (10, 20, 40, 100, 400)
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98)
CORRELATIONS = (0.0, 0.1, 0.5, 1.0)
LEAST, WIDEST = 0.93, 1.2
SCENES: dict[str, Callable[[int], np.ndarray]] = {
    "equal": lambda groups: np.full(groups, 5),
    "zipf": lambda groups: np.ceil(groups / (2 * np.arange(1, groups + 1))).astype(int),
    "one big": lambda groups: np.r_[max(4, groups), np.full(groups - 1, 5)],
    "five big": lambda groups: np.r_[np.full(5, max(3, groups // 4)), np.full(groups - 5, 3)],
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Coverage and width in one cell; `covered`, `width` and `wilson` are None where there are too few groups."""

    scene: str
    groups: int
    effective: float
    share: float
    correlation: float
    covered: float | None
    width: float | None
    wilson: float | None
    total: float
    oracle: float
    earlier: float | None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="print all cells instead of the worst of each scene")
    options = parser.parse_args()
    cells = []
    print(
        f"{'scene':<10}{'groups':>7}{'effective':>11}{'share':>7}{'corr.':>7}"
        f"{'covered':>9}{'width':>7}{'wilson':>8}{'earlier':>9}"
    )
    for scene, sizes in scenes():
        found = [
            measure_share(scene, sizes, share, correlation, options.draws)
            for share in SHARES
            for correlation in CORRELATIONS
        ]
        cells += found
        worst = [min(found, key=lambda cell: 1.0 if cell.covered is None else cell.covered)]
        for cell in found if options.all else worst:
            print(row(cell), flush=True)
    summarise(cells)
    others = [
        *differences(options.draws),
        *losses(options.draws),
        *aurocs(options.draws // 4),
        *averages(options.draws // 4),
    ]
    OUT.mkdir(exist_ok=True)
    plain = {"draws": options.draws, "cells": [asdict(cell) for cell in cells], "others": others}
    (OUT / "interval_coverage.json").write_text(json.dumps(plain, indent=1))


def scenes() -> Iterator[tuple[str, np.ndarray]]:
    for scene, sizes in SCENES.items():
        for groups in GROUPS:
            yield scene, sizes(groups)


def draw_correct(random: np.random.Generator, sizes: np.ndarray, share: float, correlation: float) -> np.ndarray:
    """Draw the correctness of the pictures of all groups, in the order of the groups."""
    if correlation in (0.0, 1.0):
        chance = np.full(len(sizes), share) if correlation == 0 else (random.random(len(sizes)) < share).astype(float)
    else:
        spread = (1 - correlation) / correlation
        chance = random.beta(share * spread, (1 - share) * spread, len(sizes))
    return random.random(sizes.sum()) < np.repeat(chance, sizes)


def measure_share(scene: str, sizes: np.ndarray, share: float, correlation: float, draws: int) -> Cell:
    """Measure the intervals of an accuracy."""
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(len(sizes)), sizes)
    total = sizes.sum()
    variance = share * (1 - share) * (total + correlation * (sizes * (sizes - 1)).sum()) / total**2
    intervals, oracles, wilsons, before = [], [], [], []
    for _ in range(draws):
        correct = draw_correct(random, sizes, share, correlation)
        interval = evaluate_share(correct, groups=group)
        intervals.append(interval)
        before.append(earlier_interval(correct, group, len(sizes)))
        half = 1.96 * np.sqrt(variance)
        oracles.append(min(1.0, interval.value + half) - max(0.0, interval.value - half))
        wilsons.append(np.ptp(wilson(interval.value, share * (1 - share) / variance, quantile=1.96)))
    made = [each for each in intervals if each.low is not None]
    widths = [each.high - each.low for each in made]
    return Cell(
        scene=scene,
        groups=len(sizes),
        effective=effective_number(sizes),
        share=share,
        correlation=correlation,
        covered=coverage(made, share) if made else None,
        width=float(np.mean(widths) / np.mean(oracles)) if made else None,
        wilson=float(np.mean(widths) / np.mean(wilsons)) if made else None,
        total=float(np.mean(widths)) if made else 0.0,
        oracle=float(np.mean(oracles)) if made else 0.0,
        earlier=coverage(before, share) if len(sizes) >= FEWEST_GROUPS else None,
    )


def earlier_interval(correct: np.ndarray, group: np.ndarray, groups: int) -> Interval:
    """Compute the interval without regard to the sizes of groups, by the variance that the bootstrap tends to."""
    share = correct.mean()
    off = np.bincount(group, correct - share)
    spread = (off**2).sum() / len(correct) ** 2
    size = share * (1 - share) / spread if 0 < share < 1 and spread > 0 else groups
    low, high = wilson(float(share), float(size), quantile=float(stats.t.ppf(0.975, groups - 1)))
    return Interval(value=float(share), low=min(low, share), high=max(high, share))


def coverage(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([each.low - 1e-12 <= truth <= each.high + 1e-12 for each in intervals]))


def summarise(cells: list[Cell]) -> None:
    """Print the sums over all cells with an interval."""
    made = [cell for cell in cells if cell.covered is not None]
    needless = [cell for cell in cells if cell.covered is None and cell.effective >= FEWEST_GROUPS]
    short = [cell for cell in made if cell.covered < LEAST]
    print(
        f"\n{len(cells)} cells, {len(made)} with an interval; "
        f"too few with {FEWEST_GROUPS} effective groups: {len(needless)}"
    )
    print(f"covered below {LEAST}: {len(short)}; least {min(cell.covered for cell in made):.3f}")
    before = [cell.earlier for cell in made]
    print(f"earlier below {LEAST}: {sum(each < LEAST for each in before)}; least {min(before):.3f}")
    for share in SHARES:
        own = [cell for cell in made if cell.share == share]
        width = sum(cell.total for cell in own) / sum(cell.oracle for cell in own)
        wilsons = np.mean([cell.wilson for cell in own])
        print(f"share {share:.2f}: width {width:.2f} of the oracle's, {wilsons:.2f} of Wilson's")
    width = sum(cell.total for cell in made) / sum(cell.oracle for cell in made)
    print(f"all: width {width:.2f} of the oracle's (at most {WIDEST} wanted)\n")


def row(cell: Cell) -> str:
    start = f"{cell.scene:<10}{cell.groups:>7}{cell.effective:>11.1f}{cell.share:>7.2f}{cell.correlation:>7.1f}"
    earlier = "-" if cell.earlier is None else f"{cell.earlier:.3f}"
    if cell.covered is None:
        return f"{start}{'too few':>24}{earlier:>9}"
    return f"{start}{cell.covered:>9.3f}{cell.width:>7.2f}{cell.wilson:>8.2f}{earlier:>9}"


def other_row(name: str, sizes: np.ndarray, intervals: list[Interval], truth: float, **more: Any) -> dict[str, Any]:
    """Summarise the intervals of another metric; its oracle is 1.96 standard deviations of the values either way."""
    values = np.array([each.value for each in intervals])
    made = [each for each in intervals if each.low is not None]
    width = float(np.mean([each.high - each.low for each in made]) / (3.92 * values.std(ddof=1)))
    found = {"metric": name, "groups": len(sizes), "effective": effective_number(sizes), **more}
    found |= {"covered": coverage(made, truth), "width": width}
    words = " ".join(f"{key} {value}" for key, value in more.items())
    print(
        f"{name:<12}{len(sizes):>5} groups, {found['effective']:>5.1f} effective, {words:<36}"
        f"covered {found['covered']:.3f} width {width:.2f}",
        flush=True,
    )
    return found


def differences(draws: int) -> Iterator[dict[str, Any]]:
    """Measure paired differences of two accuracies that differ on a share of the pictures."""
    for scene, groups in (("equal", 20), ("equal", 100), ("zipf", 400), ("five big", 100), ("one big", 400)):
        sizes = SCENES[scene](groups)
        for differing, gain in ((0.02, 0.0), (0.1, 0.0), (0.1, 0.04), (0.3, 0.1)):
            for correlation in (0.0, 0.3, 1.0):
                yield measure_difference(scene, sizes, differing, gain, correlation, draws)


def measure_difference(
    scene: str, sizes: np.ndarray, differing: float, gain: float, correlation: float, draws: int
) -> dict[str, Any]:
    random, group, intervals = np.random.default_rng(1), np.repeat(np.arange(len(sizes)), sizes), []
    for _ in range(draws):
        differs = draw_correct(random, sizes, differing, correlation)
        better = draw_correct(random, sizes, (1 + gain / differing) / 2, correlation)
        intervals.append(paired_difference(np.where(differs, better, 1), np.where(differs, ~better, 1), groups=group))
    return other_row("difference", sizes, intervals, gain, scene=scene, d=differing, g=gain, r=correlation)


def losses(draws: int) -> Iterator[dict[str, Any]]:
    """Measure the log loss of a calibrated classifier of two classes."""
    for scene, groups in (("equal", 20), ("equal", 100), ("zipf", 400), ("five big", 100)):
        sizes = SCENES[scene](groups)
        for share in SHARES[1:]:
            for correlation in (0.0, 0.5, 1.0):
                yield measure_loss(scene, sizes, share, correlation, draws)


def measure_loss(scene: str, sizes: np.ndarray, share: float, correlation: float, draws: int) -> dict[str, Any]:
    random, group, intervals = np.random.default_rng(2), np.repeat(np.arange(len(sizes)), sizes), []
    members, pseudo = Members.of(len(group), group, None), (float(-np.log(share)), float(-np.log(1 - share)))
    for _ in range(draws):
        correct = draw_correct(random, sizes, share, correlation)
        loss = -np.log(np.where(correct, share, 1 - share))
        intervals.append(loss_interval(*mean_variance(loss, members), pseudo=pseudo))
    truth = float(-share * np.log(share) - (1 - share) * np.log(1 - share))
    return other_row("log loss", sizes, intervals, truth, scene=scene, p=share, r=correlation)


def aurocs(draws: int) -> Iterator[dict[str, Any]]:
    """Measure the AUROC of normal scores that share a part within each group."""
    for scene, groups in (("equal", 20), ("equal", 100), ("zipf", 400), ("five big", 100)):
        sizes = SCENES[scene](groups)
        for apart in (0.5, 1.5, 3.0):
            for correlation in (0.0, 0.5, 1.0):
                yield measure_auroc(scene, sizes, apart, correlation, draws)


def measure_auroc(scene: str, sizes: np.ndarray, apart: float, correlation: float, draws: int) -> dict[str, Any]:
    random, group, intervals = np.random.default_rng(3), np.repeat(np.arange(len(sizes)), sizes), []

    def scores() -> np.ndarray:
        shared, own = random.normal(size=len(sizes))[group], random.normal(size=len(group))
        return np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own

    for _ in range(draws):
        found = evaluate_unknown_detection(scores(), scores() + apart, 0.0, known_groups=group, negative_groups=group)
        intervals.append(found.auroc)
    truth = float(stats.norm.cdf(apart / np.sqrt(2)))
    return other_row("AUROC", sizes, intervals, truth, scene=scene, apart=apart, r=correlation)


def averages(draws: int) -> Iterator[dict[str, Any]]:
    """Measure the balanced accuracy of four classes, whose pictures are right less and less often."""
    for scene, groups in (("equal", 40), ("equal", 100), ("five big", 100)):
        for correlation in (0.0, 0.5, 1.0):
            yield measure_average(scene, SCENES[scene](groups), correlation, draws)


def measure_average(scene: str, sizes: np.ndarray, correlation: float, draws: int) -> dict[str, Any]:
    random, group, intervals = np.random.default_rng(4), np.repeat(np.arange(len(sizes)), sizes), []
    recalls = np.array([0.95, 0.9, 0.8, 0.7])
    truth = group % len(recalls)
    for _ in range(draws):
        correct = np.zeros(len(group), bool)
        for place, recall in enumerate(recalls):
            own = truth == place
            correct[own] = draw_correct(
                random, sizes[np.arange(len(sizes)) % len(recalls) == place], recall, correlation
            )
        probabilities = np.eye(len(recalls))[np.where(correct, truth, (truth + 1) % len(recalls))]
        metrics = evaluate_predictions(truth, probabilities, labels=tuple("abcd"), groups=group)
        intervals.append(metrics.balanced_accuracy)
    return other_row("balanced", sizes, intervals, float(recalls.mean()), scene=scene, r=correlation)


if __name__ == "__main__":
    main()
