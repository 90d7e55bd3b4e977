"""Commands where the libraries of the extra `torch` are not installed: each says so, and all others work."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from discern.extras import INSTALL_TORCH
from tests.e2e.server_process import Workspace

ROOT = Path(__file__).parents[2]
EXTRA = ("onnxscript", "optuna", "safetensors", "timm", "torch", "torchvision")
# A module that is None in sys.modules cannot be imported, and no specification of it is found.
HIDING = "import sys; sys.modules.update(dict.fromkeys({names!r})); from discern.cli import main; main()"
NEEDY = [
    ("train", "photos", "--method", "scratch"),
    ("train", "photos", "--method", "finetune"),
    ("train", "photos", "--method", "probe", "--hidden", "8"),
    ("train", "photos", "--backbone", "timm/resnet18", "--weights", "net.pth"),
    ("tune", "photos", "--trials", "2"),
]


def run(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that finds none of the extra's libraries."""
    code = HIDING.format(names=EXTRA)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=workspace.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_line_that_installs_them_names_what_the_extra_does() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["torch"]
    assert INSTALL_TORCH.split()[2:] == [Requirement(each).name for each in declared]


@pytest.mark.parametrize("command", NEEDY, ids=" ".join)
def test_a_command_that_needs_them_names_the_line_that_installs_them(
    workspace: Workspace, command: tuple[str, ...]
) -> None:
    (workspace.folder / "net.pth").write_bytes(b"weights")
    before = sorted(workspace.folder.glob("runs/*"))
    ended = run(workspace, *command)
    assert ended.returncode == 2, ended.stderr
    assert INSTALL_TORCH in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert sorted(workspace.folder.glob("runs/*")) == before


@pytest.mark.slow
def test_the_default_method_and_the_list_of_backbones_need_none_of_them(workspace: Workspace) -> None:
    train = ("train", "photos", "--name", "without", *workspace.backbone_options)
    for command in (train, ("backbones",), ("compare", "--help")):
        ended = run(workspace, *map(str, command))
        assert ended.returncode == 0, ended.stderr
