"""`discern check`: counts, a report and fixes; the source is unchanged, and a refused run leaves nothing."""

import shutil
from pathlib import Path

import pytest

from discern.errors import CatalogError, FixesError, RunError
from discern.flow.check import CheckResult
from tests.unit.flow.workspace import Desk

CHECKS = {
    *("unreadable", "wrong_suffix", "exact_copy", "near_copy"),
    *("label_conflict", "likely_wrong_label", "odd_one_out", "part_leak", "undeclared_film", "large_group"),
    *("small_class", "imbalance", "shortcut", "too_small", "extreme_aspect", "blank", "dark", "bright", "blurred"),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clean(office: Desk) -> CheckResult:
    return office.check(office.photos, name="clean")


def test_clean_pictures_have_no_findings(clean: CheckResult) -> None:
    assert clean.clean
    assert (clean.pictures, clean.unreadable) == (36, 0)
    assert clean.findings == dict.fromkeys(CHECKS, 0)


def test_paths_are_absolute_and_there(clean: CheckResult) -> None:
    plain = clean.to_json()
    assert set(plain) == {"run", "pictures", "unreadable", "findings", "fixes", "page"}
    assert all(Path(plain[key]).is_absolute() and Path(plain[key]).exists() for key in ("run", "fixes", "page"))


def test_problems_are_counted(desk: Desk) -> None:
    folder = desk.some("dirty", blue=6, red=6)
    first = desk.pictures("red")[0]
    shutil.copy(first, folder / "red" / "again.png")
    shutil.copy(desk.pictures("red")[1], folder / "blue" / "also.png")
    shutil.copy(desk.pictures("blue")[1], folder / "blue" / "lying.jpg")
    (folder / "red" / "cut.png").write_bytes(first.read_bytes()[:200])
    (folder / "red" / "empty.png").write_bytes(b"")
    before = contents(folder)
    found = desk.check(folder)
    assert not found.clean
    assert (found.pictures, found.unreadable) == (15, 2)
    expected = {"unreadable": 2, "wrong_suffix": 1, "exact_copy": 3, "label_conflict": 1}
    assert {name: found.findings[name] for name in expected} == expected
    assert contents(folder) == before


def test_pictures_without_labels_can_be_checked(desk: Desk) -> None:
    flat = desk.folder / "flat"
    shutil.copytree(desk.photos / "red", flat)
    assert desk.check(flat).pictures == 12


def test_a_single_picture_can_be_checked(desk: Desk) -> None:
    assert desk.check(desk.some("one", red=1)).pictures == 1


def test_an_archive_can_be_checked(desk: Desk) -> None:
    archive = shutil.make_archive(str(desk.folder / "packed"), "zip", desk.photos)
    found = desk.check(archive)
    assert found.pictures == 36
    assert found.run.name == "packed-1"


def test_links_to_folders_are_not_followed(desk: Desk) -> None:
    folder = desk.some("linked", blue=3)
    (folder / "red").symlink_to(desk.photos / "red", target_is_directory=True)
    assert desk.check(folder).pictures == 3


def test_numbers_never_collide(desk: Desk) -> None:
    folder = desk.some("few", blue=2)
    assert [desk.check(folder).run.name for _ in range(3)] == ["few-1", "few-2", "few-3"]


@pytest.mark.parametrize("make", ["missing", "empty", "text"])
def test_a_source_without_pictures_is_refused_and_leaves_no_run(desk: Desk, make: str) -> None:
    source = desk.folder / make
    if make != "missing":
        source.mkdir()
    if make == "text":
        (source / "notes.txt").write_text("no picture")
    with pytest.raises(CatalogError, match=make):
        desk.check(source, name="mine")
    assert desk.kept() == []


def test_a_refused_run_frees_its_name(desk: Desk) -> None:
    folder = desk.some("few", blue=2)
    with pytest.raises(FixesError):
        desk.check(folder, name="mine", fixes=desk.folder / "none.csv")
    assert desk.check(folder, name="mine").run.name == "mine"


def test_a_resumed_run_that_is_refused_stays(desk: Desk) -> None:
    folder = desk.some("few", blue=2)
    run = desk.check(folder, name="mine").run
    (run / "catalog.parquet").unlink()
    shutil.rmtree(folder)
    with pytest.raises(CatalogError):
        desk.check(folder, name="mine", resume=True)
    assert (run / "data.html").exists()


def test_an_existing_name_is_refused(clean: CheckResult, office: Desk) -> None:
    with pytest.raises(RunError, match="--resume"):
        office.check(office.photos, name="clean")


def test_its_fixes_resolve_its_findings(desk: Desk) -> None:
    folder = desk.some("dirty", blue=6, red=6)
    (folder / "red" / "empty.png").write_bytes(b"")
    shutil.copy(desk.pictures("red")[0], folder / "red" / "again.png")
    fixes = desk.check(folder).fixes
    after = desk.check(folder, fixes=fixes)
    assert (after.unreadable, after.findings["exact_copy"]) == (0, 0)
