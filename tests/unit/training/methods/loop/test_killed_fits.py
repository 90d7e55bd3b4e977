"""A fit whose process is killed ends, once it is resumed, with the weights of an undisturbed one."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is optional")

from tests.unit.training.methods.loop.killed_fits import STEPS_OF_EPOCH

ROOT = Path(__file__).parents[5]
ALL_STEPS = 3 * STEPS_OF_EPOCH
IN_PROCESS = {"workers": 0, "steps": [2, random.randrange(3, ALL_STEPS)]}
TWO_WORKERS = {"workers": 2, "augment": "strong", "balance": "sampling", "steps": [1 + STEPS_OF_EPOCH]}
TWO_WORKERS["steps"] += [random.randrange(1, ALL_STEPS)]
FROZEN = {"frozen": True, "augment": "none", "steps": []}
TWO_PROCESSES = {"processes": 2, "steps": [random.randrange(2, ALL_STEPS)]}
CASES = {
    "loading in the process": IN_PROCESS,
    "two workers": TWO_WORKERS,
    "two processes": TWO_PROCESSES,
    "frozen": FROZEN,
    "frozen, two processes": FROZEN | {"processes": 2},
}


@pytest.fixture(scope="module")
def compared() -> dict[str, dict[str, Any]]:
    """Results by the name of the case."""
    command = [sys.executable, "-m", "tests.unit.training.methods.loop.killed_fits", *map(json.dumps, CASES.values())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("case", ["loading in the process", "two workers", "two processes"])
def test_killed_and_resumed_fits_end_with_the_weights_of_an_undisturbed_one(
    compared: dict[str, dict[str, Any]], case: str
) -> None:
    found = compared[case]
    assert len(found["undisturbed"]) == 64
    assert found["resumed"] == [found["undisturbed"]] * len(found["steps"]), found["steps"]


def test_the_settings_matter_to_the_weights(compared: dict[str, dict[str, Any]]) -> None:
    assert len({found["undisturbed"] for found in compared.values()}) == len(compared)


def test_two_processes_train_as_one_does_with_the_whole_batch(compared: dict[str, dict[str, Any]]) -> None:
    one, two = (compared[case]["losses"] for case in ("frozen", "frozen, two processes"))
    assert two == pytest.approx(one, rel=1e-3)
    assert one[-1] < one[0]
