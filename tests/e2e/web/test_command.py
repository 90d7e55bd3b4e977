"""`discern export` as a person calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server_process import Completed, call_here, ended, refusal
from tests.unit.bundle.factories import write_small


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_small(tmp_path / "model.discern")
    return tmp_path


def without_npm(desk: Path, tools: Path) -> Completed:
    """Export with nothing among the programs but what is in `tools`."""
    command = [sys.executable, "-m", "discern", "export", "model.discern", "site", "--cache", "cache"]
    environment = {**os.environ, "PATH": str(tools)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return ended(subprocess.Popen(command, cwd=desk, env=environment, **pipes))


def test_it_says_what_it_wrote(desk: Path, runtime: Path) -> None:
    said = call_here(desk, ["export", "model.discern", "--to", "web", "site", "--runtime", runtime, "--json"])
    assert (said.code, said.err) == (0, "")
    value = json.loads(said.out)
    assert value["folder"] == str(desk / "site")
    assert value["bytes"]["runtime"] > 10e6
    assert {path.name for path in (desk / "site").iterdir()} >= {"index.html", "page", "model", "runtime", "README.txt"}
    again = call_here(desk, ["export", "model.discern", "site", "--runtime", runtime])
    assert again.code == 0
    assert str(desk / "site") in again.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.discern", "site", "--to", "lambda"], "These exist: web."),
        (["absent.discern", "site"], "no bundle"),
        (["model.discern", "."], "empty"),
        (["model.discern", "model.discern", "--api", "https://pictures.example.org"], "no folder"),
        (["model.discern", "site", "--api", "pictures"], "https://pictures.example.org"),
        (["model.discern", "site", "--runtime", "model.discern"], "npm pack"),
        (["model.discern", "site", "--runtime", "absent.tgz"], "No such file"),
        (["model.discern", ""], "no path"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(words: list[str], said: str, desk: Path) -> None:
    more = [] if "--api" in words or "--runtime" in words else ["--api", "https://pictures.example.org"]
    assert said in refusal(call_here(desk, ["export", *words, *more]))
    assert not (desk / "site").exists()


def test_without_npm_the_remedy_is_named(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    line = refusal(without_npm(desk, tmp_path_factory.mktemp("nothing")))
    assert "npm is not installed" in line
    assert "--runtime" in line
    assert not (desk / "site").exists()


@pytest.mark.skipif(os.name != "posix", reason="the program is a shell script")
def test_what_npm_says_where_it_cannot_is_said(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    npm = tmp_path_factory.mktemp("tools") / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error request to a registry failed' >&2\nexit 1\n")
    npm.chmod(0o755)
    line = refusal(without_npm(desk, npm.parent))
    assert "request to a registry failed" in line
    assert "offline" in line
    assert not (desk / "site").exists()
    assert list((desk / "cache").rglob("*.tgz")) == []
