"""Commands where the libraries of the extra `torch` are not installed: each says so, and all others work."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from discern.extras import INSTALL_TORCH, INSTALL_VIDEO
from tests.e2e.server_process import Completed, Workspace, refusal

ROOT = Path(__file__).parents[2]
EXTRA = ("onnxscript", "optuna", "safetensors", "timm", "torch", "torchvision")
# A module that is None in sys.modules cannot be imported, and no specification of it is found.
RUN_ALL = """
import json, sys
sys.modules.update(dict.fromkeys({names!r}))
from tests.e2e.server_process import call_here
from dataclasses import asdict
from pathlib import Path
for words in json.loads(sys.argv[1]):
    print(json.dumps(asdict(call_here(Path.cwd(), words))))
"""
TUNE = ("tune", "photos", "--trials", "2")
NEEDY = [
    ("train", "photos", "--method", "scratch"),
    ("train", "photos", "--method", "finetune"),
    ("train", "photos", "--method", "probe", "--hidden", "8"),
    ("train", "photos", "--backbone", "timm/resnet18", "--weights", "net.pth"),
    TUNE,
]


WORKING = [("train", "photos", "--name", "without"), ("backbones",), ("compare", "--help")]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.at(tmp_path_factory.mktemp("without"))


@pytest.fixture(scope="module")
def completed(workspace: Workspace) -> dict[tuple[str, ...], Completed]:
    """What the commands said, in one process that finds none of the extra's libraries."""
    (workspace.folder / "net.pth").write_bytes(b"weights")
    commands = [*NEEDY, *WORKING]
    given = [[*words, *(workspace.backbone_options if "without" in words else ())] for words in commands]
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL.format(names=EXTRA), json.dumps(given)],
        cwd=workspace.folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(commands, (Completed(**json.loads(line)) for line in done.stdout.splitlines()), strict=True))


def test_the_line_that_installs_them_names_what_the_extra_does() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["torch"]
    assert INSTALL_TORCH.split()[2:] == [Requirement(each).name for each in declared]


def test_the_line_that_installs_what_films_need_names_what_the_extra_does() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["video"]
    assert INSTALL_VIDEO.split()[2:] == [Requirement(each).name for each in declared]


@pytest.mark.parametrize("command", NEEDY, ids=" ".join)
def test_a_command_that_needs_them_names_the_line_that_installs_them(
    completed: dict[tuple[str, ...], Completed], command: tuple[str, ...]
) -> None:
    assert INSTALL_TORCH in " ".join(refusal(completed[command]).split())


def test_a_search_names_the_library_that_it_needs(completed: dict[tuple[str, ...], Completed]) -> None:
    expected = f"discern: Tuning needs Optuna, which is not installed. Install it: {INSTALL_TORCH}\n"
    assert refusal(completed[TUNE]) == expected


def test_a_command_that_needs_them_starts_no_run(
    completed: dict[tuple[str, ...], Completed], workspace: Workspace
) -> None:
    assert {path.name for path in workspace.runs.glob("[!.]*")} == {"without"}


@pytest.mark.parametrize("command", WORKING, ids=" ".join)
def test_the_default_method_and_the_list_of_backbones_need_none_of_them(
    completed: dict[tuple[str, ...], Completed], command: tuple[str, ...]
) -> None:
    assert completed[command].code == 0, completed[command].err
