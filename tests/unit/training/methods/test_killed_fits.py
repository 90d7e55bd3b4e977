"""A fit whose process is killed ends, once it is resumed, with the weights of an undisturbed one."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is optional")

from tests.unit.training.methods.killed_fits import STEPS_OF_EPOCH

ROOT = Path(__file__).parents[4]
ALL_STEPS = 3 * STEPS_OF_EPOCH
IN_PROCESS = {"workers": 0, "steps": [2, random.randrange(3, ALL_STEPS)]}
TWO_WORKERS = {"workers": 2, "augment": "strong", "balance": "sampling", "steps": [1 + STEPS_OF_EPOCH]}
TWO_WORKERS["steps"] += [random.randrange(1, ALL_STEPS)]


@pytest.fixture(scope="module")
def compared() -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.unit.training.methods.killed_fits"]
    command += [json.dumps(each) for each in (IN_PROCESS, TWO_WORKERS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("place", [0, 1], ids=["loading in the process", "two workers"])
def test_killed_and_resumed_fits_end_with_the_weights_of_an_undisturbed_one(
    compared: list[dict[str, Any]], place: int
) -> None:
    found = compared[place]
    assert len(found["undisturbed"]) == 64
    assert found["resumed"] == [found["undisturbed"]] * len(found["steps"]), found["steps"]


def test_the_settings_matter_to_the_weights(compared: list[dict[str, Any]]) -> None:
    first, second = compared
    assert first["undisturbed"] != second["undisturbed"]
