"""The command `discern export`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server_process import Completed, call_here, ended, refusal
from tests.unit.bundle.factories import write_small

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_small(tmp_path / "model.discern")
    return tmp_path


def without_npm(folder: Path, tools: Path) -> Completed:
    """Export with only the programs in `tools` on the path."""
    command = [sys.executable, "-m", "discern", "export", "model.discern", "site", "--cache", "cache"]
    environment = {**os.environ, "PATH": str(tools)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return ended(subprocess.Popen(command, cwd=folder, env=environment, **pipes))


def test_it_reports_the_written_folder(folder: Path, runtime: Path) -> None:
    result = call_here(folder, ["export", "model.discern", "--to", "web", "site", "--runtime", runtime, "--json"])
    assert (result.code, result.err) == (0, "")
    output = json.loads(result.out)
    assert output["folder"] == str(folder / "site")
    assert output["bytes"]["runtime"] > 10e6
    assert {path.name for path in (folder / "site").iterdir()} >= {
        "index.html",
        "page",
        "model",
        "runtime",
        "README.txt",
    }
    second = call_here(folder, ["export", "model.discern", "site", "--runtime", runtime])
    assert second.code == 0
    assert str(folder / "site") in second.out


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["model.discern", "site", "--to", "lambda"], "Use one of: web."),
        (["absent.discern", "site"], "no bundle"),
        (["model.discern", "."], "empty"),
        (["model.discern", "model.discern", "--api", "https://pictures.example.org"], "not a folder"),
        (["model.discern", "site", "--api", "pictures"], "https://pictures.example.org"),
        (["model.discern", "site", "--runtime", "model.discern"], "npm pack"),
        (["model.discern", "site", "--runtime", "absent.tgz"], "No such file"),
        (["model.discern", ""], "Invalid path"),
    ],
)
def test_errors_name_the_remedy(args: list[str], text: str, folder: Path) -> None:
    defaults = [] if "--api" in args or "--runtime" in args else ["--api", "https://pictures.example.org"]
    assert text in refusal(call_here(folder, ["export", *args, *defaults]))
    assert not (folder / "site").exists()


def test_without_npm_the_remedy_is_named(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    line = refusal(without_npm(folder, tmp_path_factory.mktemp("nothing")))
    assert "npm is not installed" in line
    assert "--runtime" in line
    assert not (folder / "site").exists()


@pytest.mark.skipif(os.name != "posix", reason="the program is a shell script")
def test_the_error_quotes_npm(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    npm = tmp_path_factory.mktemp("tools") / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error request to a registry failed' >&2\nexit 1\n")
    npm.chmod(0o755)
    line = refusal(without_npm(folder, npm.parent))
    assert "request to a registry failed" in line
    assert "offline" in line
    assert not (folder / "site").exists()
    assert list((folder / "cache").rglob("*.tgz")) == []
