import os
from pathlib import Path

import pytest

from discern.catalog.formats.folder_walk import FolderWalk
from tests.unit.catalog.factories import write_files

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need permission on Windows")


def walk(root: Path) -> tuple[list[str], dict[str, str]]:
    """Paths of the files, and the messages about links that are not followed."""
    found = FolderWalk(root)
    assert all(each.reason == "link_not_followed" for each in found.left_out)
    return [folder + name for folder, name in found.files], {each.path: each.message for each in found.left_out}


def link(place: Path, target: Path | str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return write_files(tmp_path / "disk", {"ring/1.png": b"1", "valid/bar/2.png": b"2"})


def test_classes_and_parts_may_be_links_to_another_disk(folder, disk):
    write_files(folder, {"disc/0.png": b"0"})
    link(folder / "ring", disk / "ring")
    link(folder / "valid", disk / "valid")
    assert walk(folder) == (["disc/0.png", "ring/1.png", "valid/bar/2.png"], {})


def test_nothing_but_relative_links(folder, disk):
    for name in ("ring", "valid"):
        link(folder / name, f"../disk/{name}")
    assert walk(folder) == (["ring/1.png", "valid/bar/2.png"], {})


def test_the_root_may_be_a_link(tmp_path, disk):
    link(tmp_path / "here", disk)
    assert walk(tmp_path / "here")[0] == ["ring/1.png", "valid/bar/2.png"]


@pytest.mark.parametrize("target", [".", "..", "../..", "/"])
def test_links_to_folders_above_are_not_followed(folder, target):
    write_files(folder, {"a/1.png": b"1"})
    link(folder / "a" / "up", target)
    files, refused = walk(folder)
    assert files == ["a/1.png"]
    assert list(refused) == ["a/up"]
    assert "contains" in refused["a/up"]


def test_loops_between_linked_folders_end(folder, disk):
    link(folder / "ring", disk / "ring")
    link(disk / "ring" / "back", folder)
    link(disk / "ring" / "valid", disk / "valid")
    link(disk / "valid" / "ring", disk / "ring")
    files, refused = walk(folder)
    assert files == ["ring/1.png", "ring/valid/bar/2.png"]
    assert list(refused) == ["ring/back", "ring/valid/ring"]


def test_a_loop_through_a_folder_above_the_target_ends(folder, disk):
    link(folder / "ring", disk / "ring")
    link(disk / "ring" / "all", disk)
    files, refused = walk(folder)
    assert sorted(files) == ["ring/1.png", "ring/all/valid/bar/2.png"]
    assert list(refused) == ["ring/all/ring"]
    assert "contains it" in refused["ring/all/ring"]


def test_a_folder_counts_once_and_the_folder_itself_first(folder, disk):
    write_files(folder, {"z/1.png": b"1"})
    for name, target in {"a": folder / "z", "b": disk / "ring", "c": disk / "ring"}.items():
        link(folder / name, target)
    files, refused = walk(folder)
    assert files == ["b/1.png", "z/1.png"]
    assert refused == {
        "a": "It is not followed, because its files are already found in z.",
        "c": "It is not followed, because its files are already found in b.",
    }


def test_a_linked_folder_below_another_counts_once(folder, disk):
    link(folder / "a", disk / "ring")
    link(folder / "b", disk)
    files, refused = walk(folder)
    assert files == ["a/1.png", "b/valid/bar/2.png"]
    assert list(refused) == ["b/ring"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
@pytest.mark.parametrize("target", ["/proc", "/proc/self/task", "/dev", "/sys"])
def test_places_of_the_system_are_not_followed(folder, target):
    write_files(folder, {"a.png": b"1"})
    link(folder / "x", target)
    files, refused = walk(folder)
    assert files == ["a.png"]
    assert "part of the system" in refused["x"]


def test_a_link_to_nothing_is_named_or_is_a_missing_picture(folder):
    for name in ("ring", "ring v1.5", "1.png", "2.JPG", "3.zip"):
        link(folder / name, folder / "absent")
    link(folder / "itself", folder / "itself")
    files, refused = walk(folder)
    assert files == ["1.png", "2.JPG", "3.zip"]
    assert list(refused) == ["itself", "ring", "ring v1.5"]
    assert "absent, which cannot be opened (No such file or directory)" in refused["ring"]


def test_files_of_systems_are_recorded_without_following_links(folder, disk):
    names = ["@eaDir/1.png/THUMB.jpg", "#recycle/a/2.png", "c/._1.png", "c/Thumbs.db", ".git/x", "lost+found/3.png"]
    write_files(folder, dict.fromkeys([*names, "c/1.png"], b"x"))
    link(folder / "@eaDir" / "ring", disk / "ring")
    link(folder / ".hidden", disk / "ring")
    found = FolderWalk(folder)
    assert found.files == [("c/", "1.png")]
    assert {each.path for each in found.left_out} == {*names, "@eaDir/ring", ".hidden"}
    assert {each.reason for each in found.left_out} == {"system_file"}
    assert found.empty_folders == []


def test_empty_folders_are_named(folder, disk):
    write_files(folder, {"c/1.png": b"x", "git/.gitkeep": b"", "nas/@eaDir/1.png": b"", "own/runs/x": b""})
    (folder / "ring" / "deep").mkdir(parents=True)
    (disk / "none").mkdir()
    link(folder / "linked", disk / "none")
    found = FolderWalk(folder, lambda path: path.name == "runs")
    assert found.empty_folders == ["git", "linked", "nas", "ring"]


def test_linked_folders_are_left_out_as_others(folder, disk):
    link(folder / "ring", disk / "ring")
    link(folder / "valid", disk / "valid")
    found = FolderWalk(folder, lambda path: path.name == "valid")
    assert found.files == [("ring/", "1.png")]


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_of_unreadable_folders_is_empty(folder):
    write_files(folder, {"c/1.png": b"x", "ring/closed/2.png": b"x"})
    (folder / "ring" / "closed").chmod(0)
    try:
        found = FolderWalk(folder)
        assert found.files == [("c/", "1.png"), ("ring/closed/", "")]
        assert found.empty_folders == ["ring"]
    finally:
        (folder / "ring" / "closed").chmod(0o700)
