"""Unusual sources: empty, damaged or deep folders, odd names and other files; each is read or is a clear error."""

import contextlib
import csv
import json
import os
import shutil
import socket
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import COLOURS, Workspace

ODD_NAMES = (
    "two\nlines.png", "tab\there.png", "😀.png", "\x1b[31mred.png", "\u202egnp.png", "--help.png", "-f.png", "=1+1.png",
    "@sum.png", 'q"uo\'te.png', "a,b;c.png", " space .png",
)  # fmt: skip


@pytest.fixture
def empty(workspace: Workspace, tmp_path: Path) -> Path:
    return tmp_path / "source"


def fill(folder: Path, *pictures: Path) -> None:
    """Copy pictures to a folder, numbered."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        shutil.copy(picture, folder / f"{number}.png")


def no_files(workspace: Workspace, source: Path) -> None:
    source.mkdir()


def only_hidden_files(workspace: Workspace, source: Path) -> None:
    fill(source / ".git", workspace.picture("red"))
    (source / "Thumbs.db").write_bytes(b"x")


def one_picture(workspace: Workspace, source: Path) -> None:
    fill(source, workspace.picture("red"))


def one_class(workspace: Workspace, source: Path) -> None:
    fill(source / "red", *(workspace.picture("red", number) for number in range(5)))


def one_picture_per_class(workspace: Workspace, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, workspace.picture(colour))


def copies_of_one_picture_per_class(workspace: Workspace, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, *[workspace.picture(colour)] * 5)


def the_same_picture_in_all_classes(workspace: Workspace, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, *[workspace.picture("red")] * 5)


def no_readable_picture(workspace: Workspace, source: Path) -> None:
    for colour in COLOURS:
        (source / colour).mkdir(parents=True)
        (source / colour / "a.png").write_text("not a picture")


Make = Callable[[Workspace, Path], None]
UNTRAINABLE: list[tuple[Make, str]] = [
    (no_files, "is empty"),
    (only_hidden_files, "is empty"),
    (one_picture, "label"),
    (one_class, "one label, 'red'"),
    (one_picture_per_class, "could not be evaluated"),
    (copies_of_one_picture_per_class, "could not be evaluated"),
    (the_same_picture_in_all_classes, "could not be evaluated"),
    (no_readable_picture, "no readable picture: 3 files"),
]


@pytest.mark.parametrize(("make", "message"), UNTRAINABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_an_untrainable_source_is_an_error_and_leaves_no_run(
    workspace: Workspace, empty: Path, tmp_path: Path, make: Make, message: str
) -> None:
    make(workspace, empty)
    runs = tmp_path / "runs"
    assert message in workspace.refused("train", empty, "--runs", runs, "--json", *workspace.backbone_options)
    assert not list(runs.iterdir())


@pytest.mark.parametrize(
    ("make", "pictures", "findings"),
    [
        (one_picture, 1, {}),
        (one_class, 5, {"small_class": 1}),
        (one_picture_per_class, 3, {"small_class": 3}),
        (copies_of_one_picture_per_class, 15, {"exact_copy": 12, "small_class": 3}),
        (the_same_picture_in_all_classes, 15, {"exact_copy": 14, "label_conflict": 2, "small_class": 3}),
    ],
)
def test_every_readable_source_can_be_checked(
    workspace: Workspace, empty: Path, make: Make, pictures: int, findings: dict[str, int]
) -> None:
    make(workspace, empty)
    found = workspace.work("check", empty)
    assert found["pictures"] == pictures
    assert {check: count for check, count in found["findings"].items() if count} == findings


def test_a_class_of_unreadable_files_is_counted_and_left_out(workspace: Workspace, empty: Path) -> None:
    shutil.copytree(workspace.photos, empty)
    for picture in (empty / "green").iterdir():
        picture.write_bytes(b"")
    assert workspace.work("check", empty)["findings"]["unreadable"] == 12
    trained = workspace.work("train", empty)
    assert trained["pictures"]["unreadable"] == 12
    assert workspace.json("show", trained["bundle"])["labels"] == ["blue", "red"]


@pytest.fixture(scope="module")
def oddly_named(workspace: Workspace) -> Path:
    """Two classes of twelve pictures with hostile names, one in a folder whose name is not UTF-8."""
    source = workspace.folder / "oddly named"
    for colour, folder in (("red", b"-r\n=ed"), ("blue", b"bl\xffue")):
        inside = Path(os.fsdecode(os.fsencode(source) + b"/" + folder))
        inside.mkdir(parents=True)
        for number, name in enumerate(ODD_NAMES):
            shutil.copy(workspace.picture(colour, number), inside / name)
    return source


class TestOddNames:
    def test_they_are_trained_on_and_predicted(self, workspace: Workspace, oddly_named: Path) -> None:
        trained = workspace.work("train", oddly_named)
        assert trained["pictures"]["unreadable"] == 0
        result = workspace.call("predict", trained["bundle"], oddly_named)
        assert result.out.count("\n") == 2 * len(ODD_NAMES)
        assert result.out.replace("\n", "").isprintable()

    def test_paths_in_json_are_exact(self, workspace: Workspace, oddly_named: Path, trained: Any) -> None:
        lines = workspace.call("predict", trained["bundle"], oddly_named, "--json").out.splitlines()
        paths = {json.loads(line)["path"] for line in lines}
        assert paths == {str(path) for path in oddly_named.glob("*/*")}

    def test_their_fixes_can_be_applied_and_contain_no_formulas(
        self, workspace: Workspace, oddly_named: Path, tmp_path: Path
    ) -> None:
        source = shutil.copytree(oddly_named, tmp_path / "copies")
        for picture in source.glob("-r*/*.png"):
            shutil.copy(picture, source / picture.name)
        checked = workspace.work("check", source)
        with Path(checked["fixes"]).open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
        fixed = workspace.look("check", source, "--fixes", checked["fixes"], "--json")
        assert json.loads(fixed.out)["findings"]["exact_copy"] == 0

    def test_their_split_has_printable_names(self, workspace: Workspace, oddly_named: Path, tmp_path: Path) -> None:
        workspace.work("split", oddly_named, "--out", tmp_path / "parts")
        written = [path for path in (tmp_path / "parts").rglob("*") if path.is_file()]
        assert len(written) == 2 * len(ODD_NAMES) + 4
        assert all(path.name.isprintable() for path in written)


@pytest.fixture
def deep(workspace: Workspace, tmp_path: Path) -> Iterator[Path]:
    """A picture below more folders than Python's recursion limit."""
    top = tmp_path / "deep"
    top.mkdir()
    with contextlib.chdir(top):
        for _ in range(1200):
            os.mkdir("d")  # noqa: PTH102 - the absolute path would be too long
            os.chdir("d")
        shutil.copy(workspace.picture("red"), "a.png")
    yield top
    subprocess.run(["rm", "-r", str(top)], check=True)


@pytest.mark.skipif(os.name != "posix", reason="paths are too short on this system")
def test_folders_may_be_deeper_than_the_recursion_limit(workspace: Workspace, deep: Path, trained: Any) -> None:
    assert workspace.work("check", deep)["pictures"] == 1
    assert workspace.json("predict", trained["bundle"], deep)["label"] == "red"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_pipes_devices_and_broken_links_are_unreadable_and_never_block(
    workspace: Workspace, empty: Path, trained: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shutil.copytree(workspace.photos / "red", empty / "red")
    os.mkfifo(empty / "red" / "pipe.png")
    (empty / "red" / "zero.png").symlink_to("/dev/zero")
    (empty / "red" / "broken.png").symlink_to("nowhere.png")
    (empty / "red" / "circle.png").symlink_to("circle.png")
    (empty / "red" / "folder.png").symlink_to(empty, target_is_directory=True)
    (empty / "red" / ".hidden.png").write_bytes(b"x")
    found = workspace.work("check", empty)
    assert (found["pictures"], found["unreadable"]) == (12, 4)
    result = workspace.call("predict", trained["bundle"], empty, "--json")
    assert (result.code, result.out.count("\n"), result.out.count("unreadable_file")) == (1, 16, 4)


@pytest.mark.parametrize("command", ["check", "split", "train"])
def test_parts_with_other_names_are_refused_until_they_are_named(
    workspace: Workspace, empty: Path, tmp_path: Path, command: str
) -> None:
    for part, numbers in (("seg_train", range(8)), ("seg_test", range(8, 12))):
        for colour in COLOURS:
            fill(empty / part / colour, *(workspace.picture(colour, number) for number in numbers))
    options = ("--runs", tmp_path / "runs", "--json", *workspace.backbone_options)
    line = workspace.refused(command, empty, *options)
    assert "named like parts and hold blue, green and red: seg_test and seg_train" in line
    assert "--parts-of train=seg_train,test=seg_test" in line
    if command == "check":
        assert workspace.work("check", empty, "--parts-of", "train=seg_train,test=seg_test")["pictures"] == 36
        assert "twice" in workspace.refused(command, empty, "--parts-of", "train=a,train=b", *options)
        assert "seg_test, seg_train" in workspace.refused(command, empty, "--parts-of", "test=absent", *options)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets on this system")
def test_a_socket_is_unreadable(workspace: Workspace, empty: Path) -> None:
    fill(empty, workspace.picture("red"))
    with socket.socket(socket.AF_UNIX) as end:
        with contextlib.chdir(empty):
            end.bind("s.png")  # socket paths must be short
        assert stat.S_ISSOCK((empty / "s.png").stat().st_mode)
        assert workspace.work("check", empty)["unreadable"] == 1


class TestOwnFiles:
    """Files that Discern writes among the pictures are left out."""

    def test_runs_and_cache_may_be_in_the_folder(self, workspace: Workspace, empty: Path, trained: Any) -> None:
        source = shutil.copytree(workspace.photos, empty)
        words = (
            source,
            "--runs",
            source / "runs",
            "--backbone",
            workspace.backbone_options[1],
            "--cache",
            source / "cache",
        )
        first, second = (workspace.json("train", *words) for _ in range(2))
        assert first["pictures"] == second["pictures"] == trained["pictures"]
        assert first["accuracy"] == second["accuracy"]

    def test_runs_may_be_next_to_the_classes(self, workspace: Workspace, empty: Path) -> None:
        source = shutil.copytree(workspace.photos, empty)
        found = [workspace.work("check", source, "--runs", source) for _ in range(2)]
        assert [(each["pictures"], each["unreadable"]) for each in found] == [(36, 0), (36, 0)]

    def test_the_folder_may_be_among_the_runs(self, workspace: Workspace, empty: Path) -> None:
        fill(empty / "set" / "red", workspace.picture("red"))
        assert workspace.work("check", empty / "set", "--runs", empty)["pictures"] == 1
        assert "already a run" in workspace.refused(
            "check", empty / "set", "--runs", empty, "--name", "set", *workspace.backbone_options
        )

    @pytest.mark.parametrize("text", ["{}", "[]", "{", "[" * 10_000, '{"versions": {"other": "1"}}'])
    def test_a_class_with_another_run_json_is_scanned(self, workspace: Workspace, empty: Path, text: str) -> None:
        fill(empty / "red", workspace.picture("red"))
        (empty / "red" / "run.json").write_text(text)
        assert workspace.work("check", empty)["pictures"] == 1

    def test_evaluate_leaves_them_out(self, workspace: Workspace, trained: Any, fresh: Path, empty: Path) -> None:
        source = shutil.copytree(fresh, empty)
        workspace.work("check", source, "--runs", source / "runs")
        evaluated = workspace.json("evaluate", trained["bundle"], source, "--cache", workspace.cache)
        assert (evaluated["pictures"], evaluated["unreadable"]) == (24, 0)


class TestNamesOfRuns:
    @pytest.mark.parametrize("spelling", ["photos/", "photos/.", "photos/red/..", "../{}/photos"])
    def test_a_run_is_named_after_the_folder_for_any_spelling_of_its_path(
        self, workspace: Workspace, tmp_path: Path, spelling: str
    ) -> None:
        shutil.copytree(workspace.photos, tmp_path / "photos")
        done = workspace.work("check", f"{tmp_path}/{spelling.format(tmp_path.name)}", "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == "photos-1"

    @pytest.mark.parametrize(
        ("name", "run"), [("v1.2 photos", "v1.2 photos-1"), (".photos", "photos-1"), ("...", "pictures-1")]
    )
    def test_dots_in_a_folder_name_are_not_a_suffix(
        self, workspace: Workspace, tmp_path: Path, name: str, run: str
    ) -> None:
        fill(tmp_path / name, workspace.picture("red"))
        done = workspace.work("check", tmp_path / name, "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == run

    def test_a_very_long_name_is_truncated(self, workspace: Workspace, tmp_path: Path) -> None:
        name = "ü" * 120
        fill(tmp_path / name, workspace.picture("red"))
        done = workspace.work("check", tmp_path / name, "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == "ü" * 50 + "-1"


def test_an_archive_without_pictures_is_an_error(workspace: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    assert "no readable picture" in workspace.refused("check", tmp_path / "texts.zip", *workspace.backbone_options)


def test_another_file_is_an_error(workspace: Workspace) -> None:
    assert "colour.onnx" in workspace.refused("train", workspace.folder / "colour.onnx", *workspace.backbone_options)
