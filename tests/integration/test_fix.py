"""`discern fix`: a file by rule that can be applied, and nothing else changed."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import discern
from discern.catalog import read_fixes
from discern.errors import FixesError, RunError, UsageError
from discern.flow.check import CheckResult
from tests.compatibility.stored_files import FORMAT_1
from tests.integration.workspace import Workspace


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, CheckResult]:
    """A checked folder with a copy, a copy under another label, a small picture and an unreadable file."""
    workspace = Workspace.at(tmp_path_factory.mktemp("dirty"))
    folder = workspace.some("pictures", blue=6, red=6)
    red = sorted((folder / "red").iterdir())
    shutil.copy(red[0], folder / "red/zz again.png")
    shutil.copy(red[1], folder / "blue/conflict.png")
    Image.open(red[2]).crop((0, 0, 12, 12)).save(folder / "red/small.png")
    (folder / "red/cut.png").write_bytes(b"no picture")
    return workspace, workspace.check(folder, name="dirty")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_written_and_nothing_else_is_changed(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    workspace, checked = dirty
    before = contents(checked.run) | contents(workspace.folder / "pictures")
    result = discern.fix(checked.run, drop=["exact_copy", "unreadable"], min_side=14, out=tmp_path / "rules.csv")
    assert contents(checked.run) | contents(workspace.folder / "pictures") == before
    assert result.rows == {"exact_copy": 1, "unreadable": 1, "min_side": 1}
    assert {fix.path for fix in read_fixes(result.fixes)} == {"red/zz again.png", "red/cut.png", "red/small.png"}
    assert (result.classes, result.pictures, result.conflicts) == ({"red": 3}, 16, 1)
    assert "different labels" in " ".join(result.notes)


def test_the_file_is_applied_and_the_next_run_says_so(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    workspace, checked = dirty
    rules = discern.fix(checked.run, drop=["exact_copy", "unreadable"], min_side=14, out=tmp_path / "rules.csv").fixes
    again = workspace.check(workspace.folder / "pictures", fixes=rules, name="again")
    assert (again.findings["unreadable"], again.findings["label_conflict"]) == (0, 1)
    assert again.account.classes == {"blue": 7, "red": 6}
    assert "3 pictures dropped (exact_copy 1, min_side 1, unreadable 1), 0 relabelled" in " ".join(again.notes)
    assert workspace.split(workspace.folder / "pictures", fixes=rules).pictures
    # A file by rule from that run repeats what it had applied, so that the one file is enough.
    more = discern.fix(again.run, drop=["label_conflict"])
    assert (more.carried, more.rows) == (3, {"label_conflict": 2})
    last = workspace.check(workspace.folder / "pictures", fixes=more.fixes)
    assert (last.clean, last.account.classes) == (False, {"blue": 6, "red": 5})
    rules.write_text(rules.read_text() + "\r\n")
    with pytest.raises(FixesError, match="has changed since"):
        discern.fix(again.run, drop=["label_conflict"], out=tmp_path / "other.csv")


def test_no_file_is_replaced_unasked(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    _, checked = dirty
    out = discern.fix(checked.run, drop=["exact_copy"], out=tmp_path / "rules.csv").fixes
    assert discern.fix(checked.run, drop=["exact_copy"], out=out).fixes == out
    edited = out.read_bytes() + b"red/small.png,drop,,,,mine\r\n"
    out.write_bytes(edited)
    with pytest.raises(UsageError, match=r"may have been edited.*--overwrite"):
        discern.fix(checked.run, drop=["exact_copy"], out=out)
    assert out.read_bytes() == edited
    assert len(read_fixes(discern.fix(checked.run, drop=["exact_copy"], out=out, overwrite=True).fixes)) == 1


def test_other_files_are_never_replaced(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    workspace, checked = dirty
    picture = workspace.pictures("red")[0]
    for out in (checked.fixes, checked.run / "run.json", picture, workspace.folder / "pictures/new.csv", tmp_path):
        before = out.read_bytes() if out.is_file() else None
        with pytest.raises((UsageError, FixesError)):
            discern.fix(checked.run, drop=["exact_copy"], out=out, overwrite=True)
        assert (out.read_bytes() if out.is_file() else None) == before
    with pytest.raises(UsageError, match="an existing folder"):
        discern.fix(checked.run, drop=["exact_copy"], out=tmp_path / "none/rules.csv")


def test_edited_proposals_do_not_matter(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    _, checked = dirty
    run = shutil.copytree(checked.run, tmp_path / "run")
    (run / "fixes.csv").unlink()
    assert discern.fix(run, drop="exact_copy").rows == {"exact_copy": 1}
    (run / "findings.parquet").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"findings\.parquet cannot be read"):
        discern.fix(run, drop=["exact_copy"])


@pytest.mark.parametrize("name", ["finished", "checked", "interrupted"])
def test_runs_of_earlier_versions_have_their_findings(name: str, tmp_path: Path) -> None:
    drop = ["unreadable", "exact_copy", "likely_wrong_label", "blank"]
    result = discern.fix(FORMAT_1 / name, drop=drop, out=tmp_path / "rules.csv")
    assert [fix.path for fix in read_fixes(result.fixes)] == ["blue/broken.bmp", "green/mistaken.bmp", "red/twice.bmp"]
    assert result.rows == {"unreadable": 1, "exact_copy": 1, "likely_wrong_label": 1, "blank": 0}


def test_folders_without_findings_are_refused(dirty: tuple[Workspace, CheckResult], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        discern.fix(tmp_path, drop=["dark"])
    facts = json.loads((dirty[1].run / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(facts | {"status": "running"}))
    with pytest.raises(RunError, match="has no findings"):
        discern.fix(tmp_path, drop=["dark"])


def test_thresholds_are_kept_in_the_run(dirty: tuple[Workspace, CheckResult]) -> None:
    workspace, checked = dirty
    result = workspace.check(workspace.folder / "pictures", thresholds={"too_small": 13, "small_class": 3}, name="set")
    assert (checked.findings["small_class"], result.findings["small_class"], result.findings["too_small"]) == (2, 0, 1)
    assert json.loads((result.run / "run.json").read_text())["config"]["thresholds"] == {
        "small_class": 3,
        "too_small": 13,
    }
    assert discern.fix(result.run, drop=["too_small"]).classes == {"red": 1}
    with pytest.raises(RunError, match="another thresholds"):
        workspace.check(workspace.folder / "pictures", name="set", resume=True)
