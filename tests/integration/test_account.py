"""What `check`, `split` and `train` say about the files of a source with one of everything."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from discern.catalog.left_out import REASONS
from discern.errors import DataError
from discern.flow.check import CheckResult
from tests.integration.workspace import Workspace, interrupt_at

LEFT_OUT = {"unreadable": 3, "no_label": 1, "dropped_by_fix": 2}


def one_of_everything(workspace: Workspace) -> tuple[Path, Path]:
    """Return a source and fixes with files that are left out for each reason that a folder can have."""
    folder = workspace.some("everything", blue=6, red=6, green=1)
    for name in ("cone/0.jpg", "cone/1.jpg", "red/note.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("<html>", encoding="ascii")
    shutil.copy(workspace.pictures("green")[2], folder / "stray.png")
    (folder / "_other").mkdir()
    shutil.copy(workspace.pictures("green")[3], folder / "_other" / "none.png")
    dropped = sorted(path.relative_to(folder).as_posix() for path in (folder / "red").glob("*.png"))[:2]
    fixes = workspace.folder / "fixes.csv"
    fixes.write_text("path,action\n" + "".join(f"{path},drop\n" for path in dropped))
    return folder, fixes


def listed(run: Path) -> list[list[str]]:
    with (run / "left_out.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture
def checked(workspace: Workspace) -> CheckResult:
    folder, fixes = one_of_everything(workspace)
    return workspace.check(folder, name="checked", fixes=fixes)


@pytest.mark.parametrize("command", ["check", "split", "train"])
def test_each_command_accounts_for_every_file(workspace: Workspace, command: str) -> None:
    folder, fixes = one_of_everything(workspace)
    result = getattr(workspace, command)(folder, fixes=fixes)
    facts = json.loads((result.run / "run.json").read_text())
    for plain in (result.to_json(), facts):
        assert (plain["found"], plain["used"], plain["unreadable"]) == (18, 12, 3)
        assert plain["left_out"] == dict.fromkeys(REASONS, 0) | LEFT_OUT
        assert plain["classes"] == {"blue": 6, "green": 1, "red": 4}
        assert plain["unjudged"] == ["green"]
        assert plain["folders_without_pictures"] == {"cone/": 2}
        assert plain["classes_without_pictures"] == {"cone": 2}
    header, *rows = listed(result.run)
    assert header == ["path", "reason", "message"]
    assert [row[1] for row in rows] == [*["unreadable"] * 3, *["dropped_by_fix"] * 2, "no_label"]
    page = {"check": "data.html", "train": "report.html"}.get(command)
    if page:
        text = (result.run / page).read_text("utf-8")
        assert "cone has no usable picture" in text.split("<main>")[0]
        assert "Not judged, for want of two independent pictures: green." in text.split("<main>")[0]


def test_a_complete_source_has_an_empty_list(workspace: Workspace) -> None:
    result = workspace.check(workspace.some("few", blue=2, red=2))
    assert listed(result.run) == [["path", "reason", "message"]]
    assert (result.account.found, result.account.used) == (4, 4)


@pytest.mark.parametrize("stage", ["features", "pack"])
def test_a_resumed_run_has_the_same_account(workspace: Workspace, stage: str) -> None:
    folder, fixes = one_of_everything(workspace)
    whole = workspace.train(folder, name="whole", fixes=fixes)
    with pytest.raises(KeyboardInterrupt):
        workspace.train(folder, name="cut", fixes=fixes, progress=interrupt_at(stage))
    resumed = workspace.train(folder, name="cut", fixes=fixes, resume=True)
    again = workspace.train(folder, name="cut", fixes=fixes, resume=True)
    assert resumed.account == again.account == whole.account
    assert listed(resumed.run) == listed(whole.run)


def test_a_resumed_check_has_the_same_account(workspace: Workspace, checked: CheckResult) -> None:
    folder, fixes = workspace.folder / "everything", workspace.folder / "fixes.csv"
    before = listed(checked.run)
    resumed = workspace.check(folder, name="checked", fixes=fixes, resume=True)
    assert (resumed.account, listed(resumed.run)) == (checked.account, before)


def test_pictures_that_all_contradict_each_other_are_judged_by_none(workspace: Workspace) -> None:
    folder = workspace.some("same", blue=2)
    shutil.copytree(folder / "blue", folder / "red")
    result = workspace.check(folder)
    assert (result.account.found, result.account.used, result.account.unjudged) == (4, 4, ("blue", "red"))


def test_pictures_without_labels_are_said_to_be_readable(workspace: Workspace) -> None:
    shutil.copytree(workspace.photos / "red", workspace.folder / "flat")
    with pytest.raises(DataError, match="None of the 12 readable pictures has a label"):
        workspace.train(workspace.folder / "flat")


def test_too_few_classes_names_those_without_pictures(workspace: Workspace) -> None:
    folder = workspace.some("one", blue=6)
    (folder / "cone").mkdir()
    (folder / "cone" / "0.jpg").write_text("<html>", encoding="ascii")
    with pytest.raises(DataError, match="cone has no usable picture"):
        workspace.train(folder)
