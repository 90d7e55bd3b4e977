"""`discern ship ci` repeats a run, and its script passes or fails as the model does."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import discern
from discern.errors import RunError, UsageError
from discern.flow.ship import ship
from discern.flow.train_result import TrainResult
from tests.unit.bundle.factories import write_small


def draw_pictures(folder: Path, *, seed: int = 0) -> Path:
    """Two classes that differ clearly."""
    random = np.random.default_rng(seed)
    for label, colour in (("dark blue", (20, 20, 120)), ("red", (200, 40, 30))):
        (folder / label).mkdir(parents=True)
        for number in range(30):
            pixels = np.clip(random.normal(colour, 40, (40, 40, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).resize((64, 64)).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """Run in a repository, trained with options that are not the defaults."""
    repository = tmp_path_factory.mktemp("repository")
    draw_pictures(repository / "the pictures")
    fixes = repository / "fixes.csv"
    fixes.write_text("path,action,value,why\nred/0.png,drop,,blurred\n", encoding="utf-8")
    options = {"seed": 3, "fixes": fixes, "name": "colours", "runs": repository / "runs"}
    return discern.train(repository / "the pictures", **options)


@pytest.fixture
def repository(trained: TrainResult) -> Iterator[Path]:
    with chdir(trained.bundle.parents[2]):
        yield trained.bundle.parents[2]


def test_the_run_is_repeated_with_its_options_and_files(repository: Path, tmp_path: Path) -> None:
    plan = ship("ci", "runs/colours", tmp_path / "out", test="more", at_least={"accuracy": 0.5}).plan
    assert {"ci/fixes.csv", "ci/example.png", "ci/run/run.json", "ci/run/metrics.json"} <= set(plan.files)
    options = discern.options_of(tmp_path / "out/ci/run")
    assert (options["source"], options["fixes"], options["seed"]) == ("the pictures", "ci/fixes.csv", 3)
    assert (tmp_path / "out/ci/fixes.csv").read_bytes() == (repository / "fixes.csv").read_bytes()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path for path in written if str(repository).encode() in path.read_bytes()] == []


def test_the_bundle_s_own_path_does_as_well(repository: Path, tmp_path: Path) -> None:
    for number, path in enumerate(("runs/colours", "runs/colours/model.discern")):
        ship("ci", path, tmp_path / str(number))
    script = "ci/run.sh"
    assert (tmp_path / "0" / script).read_bytes() == (tmp_path / "1" / script).read_bytes()


def test_what_cannot_be_repeated_is_refused(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not lie in a run"):
        ship("ci", write_small(tmp_path / "small.discern"))
    discern.check(repository / "the pictures", name="checked", runs=tmp_path)
    shutil.copyfile(repository / "runs/colours/model.discern", tmp_path / "checked/model.discern")
    with pytest.raises(RunError, match="not a finished run of `discern train`"):
        ship("ci", tmp_path / "checked")
    with pytest.raises(UsageError, match="Invalid minimum: speed"):
        ship("ci", "runs/colours", at_least={"speed": 0.5})
    with pytest.raises(UsageError, match="changes no repository"):
        ship("ci", "runs/colours", yes=True)
    with chdir(tmp_path), pytest.raises(UsageError, match="outside of the current folder") as refused:
        ship("ci", repository / "runs/colours")
    assert "--data" in refused.value.hint


def test_the_cost_is_said_to_be_unknown(repository: Path) -> None:
    plan = ship("ci", "runs/colours").plan
    assert plan.cost is None
    assert "minutes" in plan.cost_reason


def run_script(repository: Path, *steps: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHON": sys.executable, **variables}
    command = ["sh", "ci/run.sh", *steps]
    return subprocess.run(command, cwd=repository, env=os.environ | own, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_script_trains_the_same_bundle_and_fails_below_the_minimum(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "the pictures", tmp_path / "the pictures")
    ship("ci", "runs/colours", tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path, dirs_exist_ok=True)
    good = run_script(tmp_path, "check", "train", "evaluate", "smoke", REPRODUCE="1")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "byte for byte" in good.stdout
    assert "verified: intact" in good.stdout
    answer = json.loads(next(line for line in good.stdout.splitlines() if line.startswith("{")))
    assert answer["label"] == "dark blue"
    short = run_script(tmp_path, "evaluate", AT_LEAST="accuracy=.999")
    assert short.returncode == 1
    assert "FELL SHORT" in short.stdout
    refused = run_script(tmp_path, "dance")
    assert (refused.returncode, "Unknown step: dance" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_the_script_plans_the_deployment_and_creates_nothing(repository: Path, tmp_path: Path) -> None:
    ship("ci", "runs/colours", tmp_path / "out", deploy="container")
    (tmp_path / "out/ci-out").mkdir()
    shutil.copytree("runs/colours", tmp_path / "out/ci-out/colours")
    shipped = run_script(tmp_path / "out", "ship")
    assert shipped.returncode == 0, shipped.stderr
    assert "Nothing was created" in shipped.stdout
    assert (tmp_path / "out/ci-out/ship/Dockerfile").is_file()
