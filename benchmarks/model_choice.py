"""Rules that choose between a small and a larger model, on simulated pictures: how often each is chosen, and the loss.

Both models are right on pictures of shared difficulty. A larger model is taken to be worth one point of accuracy, so
that the loss is what a choice gives away of that: of equal models, the larger one loses a point; of models that differ
by d points, the small one loses d - 1. The rules are

* `best`: the more accurate one;
* `shown`: the small one if the lower end of the interval of its difference is -1 point or more, else the more accurate;
* `significant`: the larger one only if it is better by more than chance explains, and not surely within a point;
* `ours`: `discern.evaluating.choose_model`.

Usage: python benchmarks/model_choice.py [--draws 1000].
"""

import argparse

import numpy as np

from discern.evaluating import choose_model, compare_pairs, is_within

ACCURACY, SHARED = 0.90, 0.6
SIZES = (100, 300, 1000, 3000)
GAINS = (-0.02, 0.0, 0.01, 0.02, 0.04, 0.06)
WORTH = 0.01
RULES = ("best", "shown", "significant", "ours")


def draw(random: np.random.Generator, pictures: int, gain: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the correctness of the small and the larger model."""
    difficulty, shared = random.random(pictures), random.random(pictures) < SHARED
    small = np.where(shared, difficulty, random.random(pictures)) < ACCURACY
    return small, np.where(shared, difficulty, random.random(pictures)) < ACCURACY + gain


def choose(small: np.ndarray, large: np.ndarray) -> dict[str, bool]:
    """Return whether each rule chooses the larger model."""
    pairs = compare_pairs([small, large], groups=np.arange(len(small)))
    pair, judged = pairs[0, 1], [float(small.mean()), float(large.mean())]
    better, within = judged[1] > judged[0], is_within(pair.test.difference.low)
    return {
        "best": better,
        "shown": better and not within,
        "significant": better and pair.is_clear and not within,
        "ours": choose_model((0, 1), pairs, judged=judged).chosen == 1,
    }


def main() -> None:
    """Print a table of the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    random = np.random.default_rng(0)
    print("larger model chosen (loss in points)")
    print(f"{'pictures':>8} {'gain':>6}  " + "  ".join(f"{rule:>13}" for rule in RULES))
    for pictures in SIZES:
        for gain in GAINS:
            chosen = [choose(*draw(random, pictures, gain)) for _ in range(draws)]
            cells = []
            for rule in RULES:
                share = float(np.mean([each[rule] for each in chosen]))
                loss = max(gain - WORTH, 0.0) - share * (gain - WORTH)
                cells.append(f"{share:5.0%} ({100 * loss:.2f})")
            print(f"{pictures:8} {100 * gain:+6.0f}  " + "  ".join(f"{cell:>13}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
