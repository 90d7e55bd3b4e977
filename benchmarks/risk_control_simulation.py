"""How often "at most 2 % wrong" is broken, and how often a set of labels holds the truth, where the truth is known.

Each scene draws independent groups whose true risk above any confidence is known. A draw breaks the promise when the
true share of wrong groups above its threshold is larger than what was asked; at most 5 % of the draws may.

Usage: python benchmarks/risk_control_simulation.py [--draws 2000].
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle.prediction_sets import label_sets
from discern.heads.policy.conformal import fit_prediction_sets
from discern.heads.policy.risk_control import CERTAINTY, fit_risk_control

OUT = Path(__file__).parent / "out"
RISKS, GROUPS = (0.02, 0.05), (200, 1000)
POPULATION = 400_000

Answers = tuple[np.ndarray, np.ndarray, np.ndarray]
Draw = Callable[[np.random.Generator, int], Answers]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Draws confidence, correct and groups of so many groups, and knows the true risk from a confidence on."""

    name: str
    draw: Draw
    true_risk: Callable[[float], float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    print(f"{'scene':<34}{'asked':>7}{'groups':>8}{'kept':>8}{'broken':>8}{'share':>8}{'pictures wrong':>16}")
    promises = [
        promise_row(scene, risk, groups, draws) for risk in RISKS for scene in scenes(risk) for groups in GROUPS
    ]
    worst = max(row["broken"] for row in promises)
    allowed = 1 - CERTAINTY + 3 * float(np.sqrt(CERTAINTY * (1 - CERTAINTY) / draws))
    print(
        f"\nbroken at most {worst:.1%} of {draws} draws; {allowed:.1%} is what 5 % may look like (three deviations)\n"
    )
    print(f"{'sets of labels':<34}{'asked':>7}{'groups':>8}{'top-1':>8}{'held':>8}{'size':>8}")
    sets = [
        sets_row(*kind, nominal, 200, draws // 4)
        for kind in (("plain", 0.5, 1.0), ("plain", 1.5, 1.0), ("films", 1.5, 0.2), ("sure and wrong", 4.0, 0.2))
        for nominal in (0.8, 0.9, 0.95)
    ]
    OUT.mkdir(exist_ok=True)
    result = {"draws": draws, "promises": promises, "worst": worst, "allowed": allowed, "sets": sets}
    (OUT / "risk_control_simulation.json").write_text(json.dumps(result, indent=1))


def scenes(risk: float) -> list[Scene]:
    """Around the asked risk, where a promise is most easily broken."""
    just_above = 1.005 * risk
    return [
        single("flat, just above", lambda sure: np.full(len(sure), just_above)),
        single("flat, just above, rounded", lambda sure: np.full(len(sure), just_above), decimals=2),
        single("falling with confidence", lambda sure: 8 * risk * (1 - sure)),
        single("falling steeply, rounded", lambda sure: np.minimum(1, 60 * risk * (1 - sure) ** 2), decimals=1),
        single("clean above, bad below", lambda sure: np.where(sure > 0.75, 0.25 * risk, 12 * risk)),
        single("surest are the worst", lambda sure: np.where(sure > 0.9, 1.5 * risk, 0.1 * risk)),
        films("films, wrong together", risk, together=True),
        films("films, wrong one by one", risk, together=False),
        films("films, the long ones worse", risk, together=True, longer_is_worse=True),
    ]


def single(name: str, risk_of: Callable[[np.ndarray], np.ndarray], *, decimals: int = 12) -> Scene:
    """One picture a group, confidences even in [0.5, 1], perhaps rounded; the risk is integrated."""
    lattice = np.round(0.5 + (np.arange(POPULATION) + 0.5) / (2 * POPULATION), decimals)
    risks = risk_of(lattice)
    above = np.cumsum(risks[::-1])[::-1] / np.arange(POPULATION, 0, -1)

    def draw(random: np.random.Generator, groups: int) -> Answers:
        sure = np.round(random.uniform(0.5, 1, groups), decimals)
        return sure, random.random(groups) >= risk_of(sure), np.arange(groups)

    def true_risk(t_accept: float) -> float:
        return float(above[min(np.searchsorted(lattice, t_accept), POPULATION - 1)])

    return Scene(name=name, draw=draw, true_risk=true_risk)


def films(name: str, risk: float, *, together: bool, longer_is_worse: bool = False) -> Scene:
    """Groups of 1 to 40 pictures that share a mood; the risk is counted in many groups."""

    def draw(random: np.random.Generator, groups: int) -> Answers:
        sizes = np.minimum(random.geometric(0.3, groups), 40)
        mood = random.uniform(0.4, 1, groups)
        group = np.repeat(np.arange(groups), sizes)
        sure = np.clip(mood[group] + random.normal(0, 0.08, len(group)), 0, 1)
        luck = random.random(groups)[group] if together else random.random(len(group))
        scale = 0.6 * sizes[group] if longer_is_worse else 2
        return sure, luck >= scale * risk * (1.3 - sure), group

    sure, correct, group = draw(np.random.default_rng(99), POPULATION)
    surest = np.zeros((2, POPULATION)) - 1
    np.maximum.at(surest[0], group, sure)
    np.maximum.at(surest[1], group[~correct], sure[~correct])
    surest.sort(axis=1)

    def true_risk(t_accept: float) -> float:
        accepted, wrong = (POPULATION - np.searchsorted(row, max(t_accept, 0)) for row in surest)
        return float(wrong / max(accepted, 1))

    return Scene(name=name, draw=draw, true_risk=true_risk)


def promise_row(scene: Scene, risk: float, groups: int, draws: int) -> dict[str, Any]:
    random = np.random.default_rng(7)
    shares, pictures, broken = [], [], 0
    for _ in range(draws):
        sure, correct, group = scene.draw(random, groups)
        promise = fit_risk_control(sure, correct, groups=group, risk=risk)
        if promise.t_accept is not None:
            broken += scene.true_risk(promise.t_accept) > risk
            shares.append(promise.share)
            pictures.append(promise.picture_error)
    row = {
        "scene": scene.name,
        "risk": risk,
        "groups": groups,
        "kept": len(shares) / draws,
        "broken": broken / draws,
        "share": float(np.mean(shares)) if shares else 0.0,
        "picture_error": float(np.mean(pictures)) if pictures else None,
    }
    wrong = "-" if row["picture_error"] is None else f"{row['picture_error']:.2%}"
    print(
        f"{scene.name:<34}{risk:>7.0%}{groups:>8}{row['kept']:>8.1%}{row['broken']:>8.1%}{row['share']:>8.0%}{wrong:>16}",
        flush=True,
    )
    return row


def sets_row(name: str, skill: float, rarity: float, nominal: float, groups: int, draws: int) -> dict[str, Any]:
    """Fitted on some groups, judged on a picture of each of as many new ones; `rarity` 1: one picture a group."""
    random = np.random.default_rng(8)
    held, sizes, right = [], [], []
    for _ in range(draws):
        length = random.geometric(rarity, groups)
        group = np.repeat(np.arange(groups), length)
        probabilities, truth = drawn_answers(random, group, 2 * groups, skill, lying=name == "sure and wrong")
        threshold = fit_prediction_sets(
            probabilities[: len(group)], truth[: len(group)], groups=group, coverage=nominal
        )
        future, answer = probabilities[len(group) :], truth[len(group) :]
        sets = label_sets(future, threshold)
        held.append(sets[np.arange(len(answer)), answer].mean())
        sizes.append(sets.sum(axis=1).mean())
        right.append(np.mean(future.argmax(axis=1) == answer))
    figures = {"top1": float(np.mean(right)), "coverage": float(np.mean(held)), "size": float(np.mean(sizes))}
    print(
        f"{name:<34}{nominal:>7.0%}{groups:>8}{figures['top1']:>8.1%}{figures['coverage']:>8.1%}{figures['size']:>8.2f}",
        flush=True,
    )
    return {"kind": name, "nominal": nominal, "groups": groups, "draws": draws, **figures}


def drawn_answers(
    random: np.random.Generator, group: np.ndarray, all_groups: int, skill: float, *, lying: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the first groups, then one of each other; those of a group have nearly one answer and one truth."""
    of = np.concatenate([group, np.arange(group[-1] + 1, all_groups)])
    centre = random.normal(size=(all_groups, 8))
    powers = np.exp(skill * (centre[of] + 0.3 * random.normal(size=(len(of), 8))))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    if lying:
        return probabilities, random.integers(8, size=all_groups)[of]
    luck = random.random((all_groups, 1))[of]
    return probabilities, np.minimum((probabilities.cumsum(axis=1) < luck).sum(axis=1), 7)


if __name__ == "__main__":
    main()
