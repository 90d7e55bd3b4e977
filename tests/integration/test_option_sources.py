"""Options of a command line, a former run and a file, in this order, and what is said of the file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import Completed, call_here
from tests.integration.workspace import Workspace


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    workspace.some("few", blue=3, red=3)
    return workspace


def options_file(workspace: Workspace, text: str, name: str = "discern.toml") -> Path:
    path = workspace.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'cache = "{workspace.cache.as_posix()}"\nbackbone = "{workspace.backbone.as_posix()}"\n{text}')
    return path


def call(workspace: Workspace, *words: str | Path) -> Completed:
    return call_here(workspace.folder, words)


def config_of(workspace: Workspace, name: str) -> dict[str, Any]:
    return dict(json.loads((workspace.runs / name / "run.json").read_text())["config"])


def test_a_file_in_the_folder_is_used_and_said(workspace: Workspace) -> None:
    path = options_file(workspace, "[check]\nsource = 'few'\nset = {dark = 5}\nname = 'one'\n[train]\nseed = 3\n")
    done = call(workspace, "check", "--json")
    assert (done.code, done.out.count("\n")) == (0, 1), done.err
    assert (
        done.err
        == f"discern: options from {path}: SOURCE, --name, --backbone, --set, --cache (--config none ignores it)\n"
    )
    config = config_of(workspace, "one")
    assert (config["source"], config["thresholds"]) == (str(workspace.folder / "few"), {"dark": 5.0})
    # Options given here win, and the line names only what the file has set.
    done = call(workspace, "check", "few", "--name", "two", "--set", "dark=7", "--cache", workspace.cache)
    assert (done.code, f"{path}: --backbone (" in done.err) == (0, True)
    assert config_of(workspace, "two")["thresholds"] == {"dark": 7.0}


def test_a_file_can_be_named_or_ignored(workspace: Workspace) -> None:
    options_file(workspace, "[check]\nset = {dark = 5}\n")
    options_file(workspace, "[check]\nsource = '../few'\nname = 'other'\n", "sub/other.toml")
    given = ("--backbone", workspace.backbone, "--cache", workspace.cache)
    done = call(workspace, "check", "few", "--name", "none", "--config", "none", *given)
    assert (done.code, "options" in done.err, config_of(workspace, "none")["thresholds"]) == (0, False, None)
    done = call(workspace, "check", "--config", "sub/other.toml")
    assert (done.code, "sub/other.toml: SOURCE, --name" in done.err) == (0, True), done.err
    assert config_of(workspace, "other")["thresholds"] is None
    done = call(workspace, "show", workspace.folder / "no.discern", "--config", "sub/other.toml")
    assert (done.code, "sets no option of this command" in done.err) == (2, True)
    done = call(workspace, "check", "few", "--config", "missing.toml")
    assert (done.code, "no file of options" in done.err) == (2, True)


def test_a_former_run_wins_over_a_file_even_without_the_option(workspace: Workspace) -> None:
    (workspace.folder / "fixes.csv").write_text("path,action,value\n")
    workspace.check(workspace.folder / "few", name="former", thresholds={"blurred": 0.1})
    options_file(workspace, "source = 'photos'\nset = {dark = 5}\n[check]\nfixes = 'fixes.csv'\nname = 'again'\n")
    done = call(workspace, "check", "--like", "runs/former")
    assert (done.code, ": --name, --cache (" in done.err) == (0, True), done.err
    assert config_of(workspace, "again") == config_of(workspace, "former")
    options_file(workspace, "[check]\nlike = 'runs/former'\nname = 'like'\n")
    assert call(workspace, "check").code == 0
    assert call(workspace, "check", "--config", "discern.toml", "--name", "named").code == 0
    assert config_of(workspace, "named") == config_of(workspace, "former")
    assert config_of(workspace, "like") == config_of(workspace, "former")


def test_invalid_files_and_values_exit_with_2(workspace: Workspace) -> None:
    for text, words in (
        ("[split]\nseed = -1", ("discern.toml: seed: ", "0")),
        ("[chek]\nstrict = true", ("unknown table 'chek'", "[check]")),
        ("[check]\nset = {dark = 500}", ("dark", "255")),
    ):
        options_file(workspace, text)
        command = "split" if "split" in text else "check"
        done = call(workspace, command, "few", "--json")
        assert (done.code, done.out, [word for word in words if word not in done.err]) == (2, "", []), done.err
    assert call(workspace, "check", "--help").code == 0
