"""`discern check`: counts, a report and fixes; the source is unchanged, and a refused run leaves nothing."""

import json
import shutil
from pathlib import Path

import pytest

from discern.errors import CatalogError, FixesError, RunError
from discern.flow.check import CheckResult
from tests.integration.workspace import ACCOUNT_KEYS, Workspace

CHECKS = {
    *("unreadable", "wrong_suffix", "incomplete", "narrow_range", "exact_copy", "near_copy", "overlap"),
    *(
        "multi_label",
        "similar_labels",
        "label_conflict",
        "likely_wrong_label",
        "odd_one_out",
        "part_leak",
        "undeclared_film",
        "large_group",
    ),
    *("small_class", "imbalance", "shortcut", "too_small", "extreme_aspect", "blank", "dark", "bright", "blurred"),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clean(shared_workspace: Workspace) -> CheckResult:
    return shared_workspace.check(shared_workspace.photos, name="clean")


def test_clean_pictures_have_no_findings(clean: CheckResult) -> None:
    assert clean.clean
    assert (clean.pictures, clean.unreadable) == (36, 0)
    assert clean.findings == dict.fromkeys(CHECKS, 0)


def test_paths_are_absolute_and_there(clean: CheckResult) -> None:
    plain = clean.to_json()
    assert set(plain) == {*ACCOUNT_KEYS, "run", "pictures", "unreadable", "findings", "fixes", "page"}
    assert all(Path(plain[key]).is_absolute() and Path(plain[key]).exists() for key in ("run", "fixes", "page"))


def test_problems_are_counted(workspace: Workspace) -> None:
    folder = workspace.some("dirty", blue=6, red=6)
    first = workspace.pictures("red")[0]
    shutil.copy(first, folder / "red" / "again.png")
    shutil.copy(workspace.pictures("red")[1], folder / "blue" / "also.png")
    shutil.copy(workspace.pictures("blue")[1], folder / "blue" / "lying.jpg")
    (folder / "red" / "cut.png").write_bytes(first.read_bytes()[:200])
    (folder / "red" / "empty.png").write_bytes(b"")
    before = contents(folder)
    found = workspace.check(folder)
    assert not found.clean
    assert (found.pictures, found.unreadable) == (15, 2)
    expected = {"unreadable": 2, "wrong_suffix": 1, "exact_copy": 3, "label_conflict": 1}
    assert {name: found.findings[name] for name in expected} == expected
    assert contents(folder) == before


def test_pictures_without_labels_can_be_checked(workspace: Workspace) -> None:
    flat = workspace.folder / "flat"
    shutil.copytree(workspace.photos / "red", flat)
    assert workspace.check(flat).pictures == 12


def test_a_single_picture_can_be_checked(workspace: Workspace) -> None:
    assert workspace.check(workspace.some("one", red=1)).pictures == 1


def test_an_archive_can_be_checked(workspace: Workspace) -> None:
    archive = shutil.make_archive(str(workspace.folder / "packed"), "zip", workspace.photos)
    found = workspace.check(archive)
    assert found.pictures == 36
    assert found.run.name == "packed-1"


def test_links_to_folders_are_followed(workspace: Workspace) -> None:
    folder = workspace.some("linked", blue=3)
    (folder / "red").symlink_to(workspace.photos / "red", target_is_directory=True)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert workspace.check(folder).pictures == 15


def test_numbers_never_collide(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2)
    assert [workspace.check(folder).run.name for _ in range(3)] == ["few-1", "few-2", "few-3"]


@pytest.mark.parametrize("make", ["missing", "empty", "text"])
def test_a_source_without_pictures_is_refused_and_leaves_no_run(workspace: Workspace, make: str) -> None:
    source = workspace.folder / make
    if make != "missing":
        source.mkdir()
    if make == "text":
        (source / "notes.txt").write_text("no picture")
    with pytest.raises(CatalogError, match=make):
        workspace.check(source, name="mine")
    assert workspace.kept() == []


def test_a_refused_run_frees_its_name(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2)
    with pytest.raises(FixesError):
        workspace.check(folder, name="mine", fixes=workspace.folder / "none.csv")
    assert workspace.check(folder, name="mine").run.name == "mine"


def test_a_resumed_run_that_is_refused_stays(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2)
    run = workspace.check(folder, name="mine").run
    (run / "catalog.parquet").unlink()
    shutil.rmtree(folder)
    with pytest.raises(CatalogError):
        workspace.check(folder, name="mine", resume=True)
    assert (run / "data.html").exists()


def test_an_existing_name_is_refused(clean: CheckResult, shared_workspace: Workspace) -> None:
    with pytest.raises(RunError, match="--resume"):
        shared_workspace.check(shared_workspace.photos, name="clean")


def test_its_fixes_resolve_its_findings(workspace: Workspace) -> None:
    folder = workspace.some("dirty", blue=6, red=6)
    (folder / "red" / "empty.png").write_bytes(b"")
    shutil.copy(workspace.pictures("red")[0], folder / "red" / "again.png")
    fixes = workspace.check(folder).fixes
    after = workspace.check(folder, fixes=fixes)
    assert (after.unreadable, after.findings["exact_copy"]) == (0, 0)


def test_figures_are_written_on_request(workspace: Workspace, clean: CheckResult) -> None:
    folder = workspace.some("few", blue=3, red=2)
    found = workspace.check(folder, plots=True)
    assert found.plots == found.run / "plots"
    assert found.to_json()["plots"] == str(found.plots)
    assert {path.suffix for path in found.plots.iterdir()} == {".png", ".svg", ".json"}
    assert len(list(found.plots.glob("*.png"))) == 7
    classes = json.loads((found.plots / "pictures_per_class.json").read_text())["classes"]
    assert classes == {"blue": {"pictures": 3}, "red": {"pictures": 2}}
    assert clean.plots is None
    assert not (clean.run / "plots").exists()


def test_a_run_without_figures_gets_them_when_it_is_resumed(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2)
    assert workspace.check(folder, name="mine").plots is None
    assert (workspace.check(folder, name="mine", resume=True, plots=True).run / "plots/file_sizes.png").is_file()
