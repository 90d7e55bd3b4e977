"""Sizes of groups in drawn parts, and how often the accept policy's promise is broken, over redrawn splits.

A third of each class's groups, at random, are the future. The others are split by `assign_folds`, as by
`discern split`; a shrunk discriminant is fitted on one part, and the accept policy on its predictions for the other.
The promise is broken if more of the accepted groups of the future are wrong than the policy's limit. Some of that is
chance, as the future is a sample too.

The limit of each pack is one that its few groups can meet. Its test parts are larger than the default, as the pack is
small. The size of a part's groups is relative to the mean of their class in both parts, over all draws; `z` is its
difference from 1 in standard errors. Identical pictures are kept, as groups of them are the only large ones in some
packs. A pack in scenes has groups of random pictures of a class, of sizes that follow Zipf's law.

Usage: python benchmarks/split_draws.py [TRIAL ...] [--draws 300]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, load_pack

from discern.bundle.heads import softmax
from discern.heads import fit_risk_control
from discern.heads.feature_space import FeatureSpace
from discern.heads.lda import Scatter, fit_lda
from discern.heads.moments import Moments
from discern.splitting.folds import assign_folds

OUT = Path(__file__).parent / "out"

RANK = 256


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Pack, its parts and the error limit of its policy.

    Attributes:
        pack: name of the pack.
        risk: error limit.
        test: share of the test part.
        scenes: whether its pictures are put into scenes.
    """

    pack: str
    risk: float
    test: float
    scenes: bool = False


SETTINGS = {
    "fruits": Setting(pack="fruits360_varieties", risk=0.5, test=0.4),
    "furniture": Setting(pack="furniture7", risk=0.05, test=0.4),
    "cifar10 in scenes": Setting(pack="cifar10", risk=0.1, test=0.2, scenes=True),
    "trashnet in scenes": Setting(pack="trashnet", risk=0.3, test=0.3, scenes=True),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("trials", nargs="*", choices=[*SETTINGS, []])
    parser.add_argument("--draws", type=int, default=300)
    args = parser.parse_args()
    print(
        f"{'trial':<21}{'groups':>7}{'train size':>11}{'z':>6}{'test size':>10}{'z':>6}{'test share':>11}"
        f"{'promised':>10}{'share':>7}{'broken':>8}{'test wrong':>11}{'future wrong':>13}"
    )
    rows = []
    for name in args.trials or SETTINGS:
        setting = SETTINGS[name]
        trial = Trial(load_pack(DATA / setting.pack, limit=None, copies=True), setting)
        rows.append({"trial": name, **trial.run(args.draws)})
        print(format_row(rows[-1]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "split_draws.json").write_text(json.dumps({"draws": args.draws, "rows": rows}, indent=1))


class Trial:
    """Repeated splits of one pack."""

    def __init__(self, pack: Pack, setting: Setting) -> None:
        self.labels, self.risk, self.classes = pack.labels, setting.risk, int(pack.labels.max()) + 1
        self.shares = (1 - setting.test, setting.test)
        group = draw_scenes(pack.labels) if setting.scenes else pack.group
        self.groups = np.unique(group, return_inverse=True)[1]
        spans = tuple(pack.blocks.values())
        wide = FeatureSpace.of_rank(pack.features, spans, (1.0, *[0.7] * (len(spans) - 1)), rank=RANK, seed=0)
        self.space = FeatureSpace(wide.rows(np.arange(len(self.labels))), ((0, wide.width),), (1.0,))

    def run(self, draws: int) -> dict[str, Any]:
        """Return the mean results over the draws."""
        results = [self.draw(seed) for seed in range(draws)]
        sizes = np.array([result["sizes"] for result in results], float)
        promised = [result for result in results if result["promised"]]
        return {
            "risk": self.risk,
            "groups": int(self.groups.max()) + 1,
            "parts": describe_sizes(sizes),
            "test_share": float(np.mean(sizes[:, 1, 0] / sizes[:, :, 0].sum(axis=1))),
            "promised": len(promised),
            "share": mean([result["share"] for result in promised]),
            "broken": sum(result["broken"] for result in promised),
            "test_wrong": mean([result["test_wrong"] for result in results]),
            "future_wrong": mean([result["future_wrong"] for result in results]),
        }

    def draw(self, seed: int) -> dict[str, Any]:
        """Fit the head and the threshold on a split of two thirds of the groups, and test them on the others."""
        future = self.draw_third(np.random.default_rng(10_000 + seed))
        own = np.flatnonzero(~future)
        part = assign_folds(self.labels[own], self.groups[own], self.shares, seed=seed)
        train, test, future = own[part == 0], own[part == 1], np.flatnonzero(future)
        predict = self.fit(train)
        confidence, correct = predict(test)
        policy = fit_risk_control(confidence, correct, groups=self.groups[test], risk=self.risk)
        new_confidence, new_correct = predict(future)
        accepted = new_confidence >= (2.0 if policy.t_accept is None else policy.t_accept)
        wrong = self.count(future[accepted & ~new_correct])
        count = self.count(future[accepted])
        return {
            "sizes": self.compare_sizes(train, test),
            "promised": policy.t_accept is not None,
            "share": count / self.count(future),
            "broken": wrong > self.risk * count,
            "test_wrong": self.count(test[~correct]) / self.count(test),
            "future_wrong": self.count(future[~new_correct]) / self.count(future),
        }

    def draw_third(self, random: np.random.Generator) -> np.ndarray:
        """Return a boolean mask of a third of each class's groups, which are assigned by their first picture."""
        owner = self.labels[np.unique(self.groups, return_index=True)[1]]
        rank = np.zeros(len(owner), np.int64)
        for label in range(self.classes):
            own = np.flatnonzero(owner == label)
            rank[random.permutation(own)] = np.arange(len(own)) + random.integers(3)
        return rank[self.groups] % 3 == 0

    def fit(self, rows: np.ndarray) -> Any:
        """Fit a shrunk discriminant and return a function that gives confidence and correctness of rows."""
        moments = Moments.from_rows(self.space, rows, self.labels, np.ones(len(self.labels)), self.classes)
        scatter = Scatter.from_moments(moments, self.space.dimensions)
        linear = fit_lda(scatter, scatter.shrinkage)

        def predict(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            probabilities = softmax(np.where(linear.present, linear.logits(self.space.rows(rows)), -np.inf))
            return probabilities.max(axis=1), probabilities.argmax(axis=1) == self.labels[rows]

        return predict

    def compare_sizes(self, *parts: np.ndarray) -> list[tuple[float, float]]:
        """Return the pictures of each part, and those expected of as many groups of the same classes."""
        pair = np.unique(np.stack([self.labels, self.groups]), axis=1, return_inverse=True)[1].ravel()
        both = np.concatenate(parts)
        classes = np.unique(np.stack([self.labels, self.groups]), axis=1)[0]
        groups = np.bincount(classes[np.unique(pair[both])], minlength=self.classes)
        typical = np.bincount(self.labels[both], minlength=self.classes) / np.maximum(groups, 1)
        return [(len(rows), float(typical[classes[np.unique(pair[rows])]].sum())) for rows in parts]

    def count(self, rows: np.ndarray) -> int:
        """Count the groups of the given rows."""
        return len(np.unique(self.groups[rows]))


def draw_scenes(labels: np.ndarray) -> np.ndarray:
    """Return groups of pictures of a class, whose sizes follow Zipf's law."""
    random, group, used = np.random.default_rng(0), np.zeros(len(labels), np.int64), 0
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        sizes = np.minimum(random.zipf(1.8, len(rows)), 40)
        group[rows] = used + np.repeat(np.arange(len(rows)), sizes)[: len(rows)]
        used += len(rows)
    return group


def describe_sizes(sizes: np.ndarray) -> list[dict[str, float]]:
    """Return the relative group size of each part and its difference from 1, in standard errors.

    Args:
        sizes: float `[draws, parts, 2]`, pictures and expected pictures.
    """
    parts = []
    for pictures, expected in np.moveaxis(sizes, 0, 2):
        excess = pictures - expected
        error = excess.std(ddof=1) / np.sqrt(len(excess))
        parts.append({"size": float(pictures.sum() / expected.sum()), "z": float(excess.mean() / error)})
    return parts


def mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def format_row(row: dict[str, Any]) -> str:
    train, test = row["parts"]
    share = "-" if row["share"] is None else f"{row['share']:.0%}"
    return (
        f"{row['trial']:<21}{row['groups']:>7}{train['size']:>11.2f}{train['z']:>6.1f}{test['size']:>10.2f}"
        f"{test['z']:>6.1f}{row['test_share']:>11.1%}{row['promised']:>10}{share:>7}{row['broken']:>8}"
        f"{row['test_wrong']:>11.1%}{row['future_wrong']:>13.1%}"
    )


if __name__ == "__main__":
    main()
