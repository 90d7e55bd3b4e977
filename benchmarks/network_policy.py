"""Simulated error of the accept policy of a network whose temperature was fitted on some of the same pictures.

A network has a temperature from pictures that are left for it ("fresh"). Where the test part is too small for an error
limit, the policy is fitted on the test part and on these together. They chose one number, so that their confidences
might flatter them. Here the truth is known: logits of K classes are drawn with their labels, and a part of the pictures
is harder than the logits say. In each draw, the policy is fitted on the same pictures with the temperature of the fresh
ones, with one that was fitted on as many other pictures, and with the right one, and its true error is compared with
its limit on 20,000 other pictures.

"violated" is the share of all draws in which the true error of what is accepted is above the limit; 5 % may be.

Usage: python benchmarks/network_policy.py [--draws 2000].
"""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle.heads import softmax
from discern.heads import fit_confidence_floor
from discern.heads.policy.strictest_limit import fit_strictest_limit
from discern.heads.temperature import fit_temperature

OUT = Path(__file__).parent / "out"
POPULATION = 20_000
# The share of harder pictures, and how much smaller their true logits are than they look.
HARDER, FACTOR = 0.2, 0.5
SOURCES = ("the same", "others", "right")
# Size of the right class's logit: the accuracy is about 84 % with 2 classes, 67 and 78 % with 6.
SKILLS = {2: (4.0,), 6: (5.0, 8.0)}

Pictures = tuple[np.ndarray, np.ndarray]


def draw(random: np.random.Generator, size: int, classes: int, skill: float) -> Pictures:
    """Draw logits, and labels by them, but for the harder pictures."""
    logits = random.normal(0, 1, (size, classes)) * skill / 2
    logits[np.arange(size), random.integers(0, classes, size)] += skill / 2
    harder = random.random(size) < HARDER
    true = softmax(logits * np.where(harder, FACTOR, 1.0)[:, None])
    labels = (true.cumsum(axis=1) > random.random(size)[:, None]).argmax(axis=1)
    return logits, labels


def temperature_of(pictures: Pictures) -> float:
    logits, labels = pictures
    centred = logits - logits.mean(axis=1, keepdims=True)
    return fit_temperature(centred, labels, np.ones(len(labels)), np.ones(logits.shape, bool))


def answers(pictures: Pictures, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    logits, labels = pictures
    probabilities = softmax(logits / temperature)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == labels


def join(first: Pictures, second: Pictures) -> Pictures:
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])


def simulate(classes: int, skill: float, fresh: int, test: int, draws: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each source of the temperature."""
    random = np.random.default_rng(11)
    population = draw(random, POPULATION, classes, skill)
    right = temperature_of(population)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SOURCES}
    for _ in range(draws):
        own, other = (draw(random, fresh, classes, skill) for _ in range(2))
        pictures = join(draw(random, test, classes, skill), own)
        for name, temperature in zip(SOURCES, (temperature_of(own), temperature_of(other), right), strict=True):
            confidence, correct = answers(pictures, temperature)
            floor_of = partial(floor, confidence, correct)
            policy = fit_strictest_limit(confidence, correct, floor_of=floor_of, basis="cross-fitted")
            if policy.t_accept is None:
                found[name].append((0.0, 0.0, 0.0))
                continue
            sure, hit = answers(population, temperature)
            accepted = sure >= policy.t_accept
            error = float(1 - hit[accepted].mean()) if accepted.any() else 0.0
            found[name].append((error > policy.risk, error - policy.risk, 1.0))
    for name, rows in found.items():
        violated, excess, accepts = np.array(rows).T
        yield {
            "classes": classes,
            "accuracy": float(answers(population, 1.0)[1].mean()),
            "fresh": fresh,
            "test": test,
            "temperature": name,
            "accepts": float(accepts.mean()),
            "violated": float(violated.mean()),
            "error minus limit": float(excess[accepts > 0].mean()) if accepts.any() else None,
        }


def floor(confidence: np.ndarray, correct: np.ndarray, risk: float) -> float:
    return fit_confidence_floor(confidence, correct, risk=risk)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    rows = []
    print(f"{'classes':>7}{'right':>8}{'fresh':>7}{'test':>6}  {'temperature by':<15}{'accepts':>9}{'violated':>10}")
    for classes, skills in SKILLS.items():
        for skill in skills:
            for fresh, test in ((10, 40), (30, 100), (60, 300)):
                for row in simulate(classes, skill, fresh, test, draws):
                    rows.append(row)
                    print(
                        f"{classes:>7}{row['accuracy']:>8.1%}{fresh:>7}{test:>6}  {row['temperature']:<15}"
                        f"{row['accepts']:>9.1%}{row['violated']:>10.1%}",
                        flush=True,
                    )
    OUT.mkdir(exist_ok=True)
    (OUT / "network_policy.json").write_text(json.dumps({"draws": draws, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
