"""Simulated violation rate of risk control and coverage of prediction sets, where the truth is known.

Each scenario draws independent groups whose true error rate above any confidence is known. A draw is a violation if the
true error rate of groups above the fitted threshold exceeds the limit; at most 5 % of the draws may be.

Usage: python benchmarks/risk_control_simulation.py [--draws 2000].
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle.prediction_sets import label_sets
from discern.heads.policy.confidence_floor import fit_confidence_floor
from discern.heads.policy.conformal import fit_prediction_sets
from discern.heads.policy.risk_control import fit_risk_control
from discern.heads.policy.risk_curve import CERTAINTY
from discern.heads.policy.strictest_limit import LIMITS, fit_strictest_limit

OUT = Path(__file__).parent / "out"
RISKS, GROUPS, FOUND_GROUPS = (0.02, 0.05), (200, 1000), (60, 300, 600)
POPULATION = 400_000

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
Sampler = Callable[[np.random.Generator, int], Sample]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Distribution of predictions whose true error rate above any confidence is known.

    Attributes:
        name: label of the table's row.
        draw: draws confidence, correctness and group of the pictures of so many groups.
        true_risk: returns the true error rate over groups from a confidence on.
    """

    name: str
    draw: Sampler
    true_risk: Callable[[float], float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    print(f"{'scenario':<34}{'limit':>7}{'groups':>8}{'solved':>8}{'violated':>10}{'share':>8}{'picture error':>15}")
    policies = [
        policy_row(scenario, risk, groups, draws) for risk in RISKS for scenario in scenarios(risk) for groups in GROUPS
    ]
    print("\nthe strictest of 20, 10 and 5 % that holds; error rates lie around the given limit\n")
    policies += [
        policy_row(scenario, risk, groups, draws, found=True)
        for risk in LIMITS
        for scenario in (*scenarios(risk), *two_limits())
        for groups in FOUND_GROUPS
    ]
    worst = max(row["violations"] for row in policies)
    allowed = 1 - CERTAINTY + 3 * float(np.sqrt(CERTAINTY * (1 - CERTAINTY) / draws))
    print(
        f"\nviolations: at most {worst:.1%} of {draws} draws; 5 % may appear as {allowed:.1%} (three standard errors)\n"
    )
    print(f"{'prediction sets':<34}{'nominal':>9}{'groups':>8}{'top-1':>8}{'coverage':>10}{'size':>8}")
    sets = [
        sets_row(*kind, nominal, 200, draws // 4)
        for kind in (("plain", 0.5, 1.0), ("plain", 1.5, 1.0), ("films", 1.5, 0.2), ("overconfident", 4.0, 0.2))
        for nominal in (0.8, 0.9, 0.95)
    ]
    OUT.mkdir(exist_ok=True)
    result = {"draws": draws, "policies": policies, "worst": worst, "allowed": allowed, "sets": sets}
    (OUT / "risk_control_simulation.json").write_text(json.dumps(result, indent=1))


def scenarios(risk: float) -> list[Scenario]:
    """Return scenarios whose error rates lie around the limit, where violations are most likely."""
    just_above = 1.005 * risk
    return [
        single("flat, just above", lambda confidence: np.full(len(confidence), just_above)),
        single("flat, just above, rounded", lambda confidence: np.full(len(confidence), just_above), decimals=2),
        single("falling with confidence", lambda confidence: 8 * risk * (1 - confidence)),
        single(
            "falling steeply, rounded", lambda confidence: np.minimum(1, 60 * risk * (1 - confidence) ** 2), decimals=1
        ),
        single("clean above, bad below", lambda confidence: np.where(confidence > 0.75, 0.25 * risk, 12 * risk)),
        single("most confident are the worst", lambda confidence: np.where(confidence > 0.9, 1.5 * risk, 0.1 * risk)),
        film_frames("films, wrong together", risk, together=True),
        film_frames("films, wrong one by one", risk, together=False),
        film_frames("films, the long ones worse", risk, together=True, longer_is_worse=True),
    ]


def two_limits() -> list[Scenario]:
    """Return scenarios in which two or three limits nearly hold, each at a share of its own."""
    return [
        single(
            "two limits nearly hold",
            lambda confidence: np.where(confidence > 0.88, 0.0505, np.where(confidence > 0.85, 0.3, 0.101)),
        ),
        single(
            "three limits nearly hold",
            lambda confidence: np.where(confidence > 0.9, 0.0505, np.where(confidence > 0.7, 0.127, 0.353)),
        ),
    ]


def single(name: str, risk_of: Callable[[np.ndarray], np.ndarray], *, decimals: int = 12) -> Scenario:
    """One picture per group, confidence uniform in [0.5, 1], possibly rounded; the error rate is integrated."""
    grid = np.round(0.5 + (np.arange(POPULATION) + 0.5) / (2 * POPULATION), decimals)
    risks = risk_of(grid)
    above = np.cumsum(risks[::-1])[::-1] / np.arange(POPULATION, 0, -1)

    def draw(random: np.random.Generator, groups: int) -> Sample:
        confidence = np.round(random.uniform(0.5, 1, groups), decimals)
        return confidence, random.random(groups) >= risk_of(confidence), np.arange(groups)

    def true_risk(t_accept: float) -> float:
        return float(above[min(np.searchsorted(grid, t_accept), POPULATION - 1)])

    return Scenario(name=name, draw=draw, true_risk=true_risk)


def film_frames(name: str, risk: float, *, together: bool, longer_is_worse: bool = False) -> Scenario:
    """Groups of 1 to 40 pictures of similar confidence; the error rate is estimated from many groups."""

    def draw(random: np.random.Generator, groups: int) -> Sample:
        sizes = np.minimum(random.geometric(0.3, groups), 40)
        quality = random.uniform(0.4, 1, groups)
        group = np.repeat(np.arange(groups), sizes)
        confidence = np.clip(quality[group] + random.normal(0, 0.08, len(group)), 0, 1)
        uniform = random.random(groups)[group] if together else random.random(len(group))
        scale = 0.6 * sizes[group] if longer_is_worse else 2
        return confidence, uniform >= scale * risk * (1.3 - confidence), group

    confidence, correct, group = draw(np.random.default_rng(99), POPULATION)
    highest = np.zeros((2, POPULATION)) - 1
    np.maximum.at(highest[0], group, confidence)
    np.maximum.at(highest[1], group[~correct], confidence[~correct])
    highest.sort(axis=1)

    def true_risk(t_accept: float) -> float:
        accepted, wrong = (POPULATION - np.searchsorted(row, max(t_accept, 0)) for row in highest)
        return float(wrong / max(accepted, 1))

    return Scenario(name=name, draw=draw, true_risk=true_risk)


def policy_row(scenario: Scenario, risk: float, groups: int, draws: int, *, found: bool = False) -> dict[str, Any]:
    """Fit the threshold for the limit, or for the strictest that holds, each with the floor of its own sample."""
    random = np.random.default_rng(7)
    shares, pictures, violations = [], [], 0
    for _ in range(draws):
        confidence, correct, group = scenario.draw(random, groups)
        floor_of = partial(confidence_floor, confidence, correct)
        if found:
            policy = fit_strictest_limit(confidence, correct, groups=group, floor_of=floor_of)
        else:
            policy = fit_risk_control(confidence, correct, groups=group, risk=risk, floor=floor_of(risk))
        if policy.t_accept is not None:
            violations += scenario.true_risk(policy.t_accept) > policy.risk
            shares.append(policy.share)
            pictures.append(policy.picture_error)
    row = {
        "scenario": scenario.name,
        "risk": risk,
        "found": found,
        "groups": groups,
        "solved": len(shares) / draws,
        "violations": violations / draws,
        "share": float(np.mean(shares)) if shares else 0.0,
        "picture_error": float(np.mean(pictures)) if pictures else None,
    }
    wrong = "-" if row["picture_error"] is None else f"{row['picture_error']:.2%}"
    print(
        f"{scenario.name:<34}{risk:>7.0%}{groups:>8}{row['solved']:>8.1%}{row['violations']:>10.1%}{row['share']:>8.0%}{wrong:>15}",
        flush=True,
    )
    return row


def confidence_floor(confidence: np.ndarray, correct: np.ndarray, risk: float) -> float:
    return fit_confidence_floor(confidence, correct, risk=risk)


def sets_row(name: str, skill: float, rarity: float, nominal: float, groups: int, draws: int) -> dict[str, Any]:
    """Fit on some groups and test on one picture of each of as many new ones.

    Args:
        rarity: parameter of the geometric distribution of group sizes; 1: one picture per group.
    """
    random = np.random.default_rng(8)
    coverage, sizes, correct = [], [], []
    for _ in range(draws):
        length = random.geometric(rarity, groups)
        group = np.repeat(np.arange(groups), length)
        probabilities, truth = draw_predictions(random, group, 2 * groups, skill, overconfident=name == "overconfident")
        threshold = fit_prediction_sets(
            probabilities[: len(group)], truth[: len(group)], groups=group, coverage=nominal
        )
        test_probabilities, test_truth = probabilities[len(group) :], truth[len(group) :]
        sets = label_sets(test_probabilities, threshold)
        coverage.append(sets[np.arange(len(test_truth)), test_truth].mean())
        sizes.append(sets.sum(axis=1).mean())
        correct.append(np.mean(test_probabilities.argmax(axis=1) == test_truth))
    metrics = {"top1": float(np.mean(correct)), "coverage": float(np.mean(coverage)), "size": float(np.mean(sizes))}
    print(
        f"{name:<34}{nominal:>9.0%}{groups:>8}{metrics['top1']:>8.1%}{metrics['coverage']:>10.1%}{metrics['size']:>8.2f}",
        flush=True,
    )
    return {"kind": name, "nominal": nominal, "groups": groups, "draws": draws, **metrics}


def draw_predictions(
    random: np.random.Generator, group: np.ndarray, all_groups: int, skill: float, *, overconfident: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures of the first groups, then one of each further group; those of a group are alike."""
    group_index = np.concatenate([group, np.arange(group[-1] + 1, all_groups)])
    centre = random.normal(size=(all_groups, 8))
    powers = np.exp(skill * (centre[group_index] + 0.3 * random.normal(size=(len(group_index), 8))))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    if overconfident:
        return probabilities, random.integers(8, size=all_groups)[group_index]
    uniform = random.random((all_groups, 1))[group_index]
    return probabilities, np.minimum((probabilities.cumsum(axis=1) < uniform).sum(axis=1), 7)


if __name__ == "__main__":
    main()
