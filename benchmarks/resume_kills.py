"""Weights of fits that are killed at random steps and resumed, beside those of undisturbed ones.

    python benchmarks/resume_kills.py [--kills 20] [--seed 0] [--epochs 4]

Half of the fits load pictures in the process and are killed anywhere in an epoch; the other half load with two workers,
with strong augmentation and balanced sampling, and are killed between two epochs. A kill is SIGKILL of the whole
process after a number of steps that its reports count; steps since the last checkpoint are repeated. Reported per half:
the steps, and how many of the resumed fits end with weights of the same sha256. Needs `discern[torch]`.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HERE = ROOT / "benchmarks"
sys.path.insert(0, str(ROOT))

from tests.unit.training.methods.loop.killed_fits import STEPS_OF_EPOCH  # noqa: E402

REPORTS_OF_EPOCH = STEPS_OF_EPOCH + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "resume_kills.json")
    args = parser.parse_args()
    args.out.parent.mkdir(exist_ok=True)
    found = compare(draw(args.kills, args.epochs, random.Random(args.seed)))
    for each in found:
        same = sum(weights == each["undisturbed"] for weights in each["resumed"])
        workers = each["settings"]["workers"]
        print(f"{workers} workers: {same} of {len(each['steps'])} equal, killed after reports {each['steps']}")
    args.out.write_text(json.dumps({"seed": args.seed, "fits": found}, indent=1) + "\n")
    sys.exit(any(weights != each["undisturbed"] for each in found for weights in each["resumed"]))


def draw(kills: int, epochs: int, numbers: random.Random) -> list[dict[str, Any]]:
    """Draw settings and the reports after which fits are killed."""
    inside = [numbers.randrange(1, epochs * REPORTS_OF_EPOCH) for _ in range(kills - kills // 2)]
    between = [REPORTS_OF_EPOCH * numbers.randrange(1, epochs) + numbers.randrange(2) for _ in range(kills // 2)]
    return [
        {"epochs": epochs, "workers": 0, "steps": inside},
        {"epochs": epochs, "workers": 2, "augment": "strong", "balance": "sampling", "steps": between},
    ]


def compare(fits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.unit.training.methods.loop.killed_fits", *map(json.dumps, fits)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    main()
