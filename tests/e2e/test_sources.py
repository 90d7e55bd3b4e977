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

from tests.e2e.server_process import COLOURS, Bench

ODD_NAMES = (
    "two\nlines.png", "tab\there.png", "😀.png", "\x1b[31mred.png", "\u202egnp.png", "--help.png", "-f.png", "=1+1.png",
    "@sum.png", 'q"uo\'te.png', "a,b;c.png", " space .png",
)  # fmt: skip


@pytest.fixture
def empty(bench: Bench, tmp_path: Path) -> Path:
    return tmp_path / "source"


def fill(folder: Path, *pictures: Path) -> None:
    """Copy pictures to a folder, numbered."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        shutil.copy(picture, folder / f"{number}.png")


def no_files(bench: Bench, source: Path) -> None:
    source.mkdir()


def only_hidden_files(bench: Bench, source: Path) -> None:
    fill(source / ".git", bench.picture("red"))
    (source / "Thumbs.db").write_bytes(b"x")


def one_picture(bench: Bench, source: Path) -> None:
    fill(source, bench.picture("red"))


def one_class(bench: Bench, source: Path) -> None:
    fill(source / "red", *(bench.picture("red", number) for number in range(5)))


def one_picture_per_class(bench: Bench, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, bench.picture(colour))


def copies_of_one_picture_per_class(bench: Bench, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, *[bench.picture(colour)] * 5)


def the_same_picture_in_all_classes(bench: Bench, source: Path) -> None:
    for colour in COLOURS:
        fill(source / colour, *[bench.picture("red")] * 5)


def no_readable_picture(bench: Bench, source: Path) -> None:
    for colour in COLOURS:
        (source / colour).mkdir(parents=True)
        (source / colour / "a.png").write_text("not a picture")


Make = Callable[[Bench, Path], None]
UNTRAINABLE: list[tuple[Make, str]] = [
    (no_files, "is empty"),
    (only_hidden_files, "is empty"),
    (one_picture, "label"),
    (one_class, "one label, 'red'"),
    (one_picture_per_class, "Nothing could be judged"),
    (copies_of_one_picture_per_class, "Nothing could be judged"),
    (the_same_picture_in_all_classes, "Nothing could be judged"),
    (no_readable_picture, "no readable picture: 3 files"),
]


@pytest.mark.parametrize(("make", "message"), UNTRAINABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_an_untrainable_source_is_an_error_and_leaves_no_run(
    bench: Bench, empty: Path, tmp_path: Path, make: Make, message: str
) -> None:
    make(bench, empty)
    runs = tmp_path / "runs"
    assert message in bench.refused("train", empty, "--runs", runs, "--json", *bench.eyes)
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
    bench: Bench, empty: Path, make: Make, pictures: int, findings: dict[str, int]
) -> None:
    make(bench, empty)
    found = bench.work("check", empty)
    assert found["pictures"] == pictures
    assert {check: count for check, count in found["findings"].items() if count} == findings


def test_a_class_of_unreadable_files_is_counted_and_left_out(bench: Bench, empty: Path) -> None:
    shutil.copytree(bench.photos, empty)
    for picture in (empty / "green").iterdir():
        picture.write_bytes(b"")
    assert bench.work("check", empty)["findings"]["unreadable"] == 12
    trained = bench.work("train", empty)
    assert trained["pictures"]["unreadable"] == 12
    assert bench.json("show", trained["bundle"])["labels"] == ["blue", "red"]


@pytest.fixture(scope="module")
def oddly_named(bench: Bench) -> Path:
    """Two classes of twelve pictures with hostile names, one in a folder whose name is not UTF-8."""
    source = bench.folder / "oddly named"
    for colour, folder in (("red", b"-r\n=ed"), ("blue", b"bl\xffue")):
        inside = Path(os.fsdecode(os.fsencode(source) + b"/" + folder))
        inside.mkdir(parents=True)
        for number, name in enumerate(ODD_NAMES):
            shutil.copy(bench.picture(colour, number), inside / name)
    return source


class TestOddNames:
    def test_they_are_trained_on_and_predicted(self, bench: Bench, oddly_named: Path) -> None:
        trained = bench.work("train", oddly_named)
        assert trained["pictures"]["unreadable"] == 0
        result = bench.call("predict", trained["bundle"], oddly_named)
        assert result.out.count("\n") == 2 * len(ODD_NAMES)
        assert result.out.replace("\n", "").isprintable()

    def test_paths_in_json_are_exact(self, bench: Bench, oddly_named: Path, taught: Any) -> None:
        lines = bench.call("predict", taught["bundle"], oddly_named, "--json").out.splitlines()
        paths = {json.loads(line)["path"] for line in lines}
        assert paths == {str(path) for path in oddly_named.glob("*/*")}

    def test_their_fixes_can_be_applied_and_contain_no_formulas(
        self, bench: Bench, oddly_named: Path, tmp_path: Path
    ) -> None:
        source = shutil.copytree(oddly_named, tmp_path / "copies")
        for picture in source.glob("-r*/*.png"):
            shutil.copy(picture, source / picture.name)
        checked = bench.work("check", source)
        with Path(checked["fixes"]).open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
        assert bench.work("check", source, "--fixes", checked["fixes"])["findings"]["exact_copy"] == 0

    def test_their_split_has_printable_names(self, bench: Bench, oddly_named: Path, tmp_path: Path) -> None:
        bench.work("split", oddly_named, "--out", tmp_path / "parts")
        written = [path for path in (tmp_path / "parts").rglob("*") if path.is_file()]
        assert len(written) == 2 * len(ODD_NAMES) + 4
        assert all(path.name.isprintable() for path in written)


@pytest.fixture
def deep(bench: Bench, tmp_path: Path) -> Iterator[Path]:
    """A picture below more folders than Python's recursion limit."""
    top = tmp_path / "deep"
    top.mkdir()
    with contextlib.chdir(top):
        for _ in range(1200):
            os.mkdir("d")  # noqa: PTH102 - the absolute path would be too long
            os.chdir("d")
        shutil.copy(bench.picture("red"), "a.png")
    yield top
    subprocess.run(["rm", "-r", str(top)], check=True)


@pytest.mark.skipif(os.name != "posix", reason="paths are too short on this system")
def test_folders_may_be_deeper_than_the_recursion_limit(bench: Bench, deep: Path, taught: Any) -> None:
    assert bench.work("check", deep)["pictures"] == 1
    assert bench.json("predict", taught["bundle"], deep)["label"] == "red"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_pipes_devices_and_broken_links_are_unreadable_and_never_block(
    bench: Bench, empty: Path, taught: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shutil.copytree(bench.photos / "red", empty / "red")
    os.mkfifo(empty / "red" / "pipe.png")
    (empty / "red" / "zero.png").symlink_to("/dev/zero")
    (empty / "red" / "broken.png").symlink_to("nowhere.png")
    (empty / "red" / "circle.png").symlink_to("circle.png")
    (empty / "red" / "folder.png").symlink_to(bench.photos, target_is_directory=True)
    (empty / "red" / ".hidden.png").write_bytes(b"x")
    found = bench.work("check", empty)
    assert (found["pictures"], found["unreadable"]) == (12, 4)
    result = bench.call("predict", taught["bundle"], empty, "--json")
    assert (result.code, result.out.count("\n"), result.out.count("unreadable_file")) == (1, 16, 4)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets on this system")
def test_a_socket_is_unreadable(bench: Bench, empty: Path) -> None:
    fill(empty, bench.picture("red"))
    with socket.socket(socket.AF_UNIX) as end:
        with contextlib.chdir(empty):
            end.bind("s.png")  # socket paths must be short
        assert stat.S_ISSOCK((empty / "s.png").stat().st_mode)
        assert bench.work("check", empty)["unreadable"] == 1


class TestOwnFiles:
    """Files that Discern writes among the pictures are left out."""

    def test_runs_and_cache_may_be_in_the_folder(self, bench: Bench, empty: Path, taught: Any) -> None:
        source = shutil.copytree(bench.photos, empty)
        words = (source, "--runs", source / "runs", "--backbone", bench.eyes[1], "--cache", source / "cache")
        first, second = (bench.json("train", *words) for _ in range(2))
        assert first["pictures"] == second["pictures"] == taught["pictures"]
        assert first["accuracy"] == second["accuracy"]

    def test_runs_may_be_next_to_the_classes(self, bench: Bench, empty: Path) -> None:
        source = shutil.copytree(bench.photos, empty)
        found = [bench.work("check", source, "--runs", source) for _ in range(2)]
        assert [(each["pictures"], each["unreadable"]) for each in found] == [(36, 0), (36, 0)]

    def test_the_folder_may_be_among_the_runs(self, bench: Bench, empty: Path) -> None:
        fill(empty / "set" / "red", bench.picture("red"))
        assert bench.work("check", empty / "set", "--runs", empty)["pictures"] == 1
        assert "already a run" in bench.refused("check", empty / "set", "--runs", empty, "--name", "set", *bench.eyes)

    @pytest.mark.parametrize("text", ["{}", "[]", "{", "[" * 10_000, '{"versions": {"other": "1"}}'])
    def test_a_class_with_another_run_json_is_scanned(self, bench: Bench, empty: Path, text: str) -> None:
        fill(empty / "red", bench.picture("red"))
        (empty / "red" / "run.json").write_text(text)
        assert bench.work("check", empty)["pictures"] == 1

    def test_evaluate_leaves_them_out(self, bench: Bench, taught: Any, fresh: Path, empty: Path) -> None:
        source = shutil.copytree(fresh, empty)
        bench.work("check", source, "--runs", source / "runs")
        evaluated = bench.json("evaluate", taught["bundle"], source, "--cache", bench.cache)
        assert (evaluated["pictures"], evaluated["unreadable"]) == (24, 0)


class TestNamesOfRuns:
    @pytest.mark.parametrize("spelling", ["photos/", "photos/.", "photos/red/..", "../{}/photos"])
    def test_a_run_is_named_after_the_folder_for_any_spelling_of_its_path(
        self, bench: Bench, tmp_path: Path, spelling: str
    ) -> None:
        shutil.copytree(bench.photos, tmp_path / "photos")
        done = bench.work("check", f"{tmp_path}/{spelling.format(tmp_path.name)}", "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == "photos-1"

    @pytest.mark.parametrize(
        ("name", "run"), [("v1.2 photos", "v1.2 photos-1"), (".photos", "photos-1"), ("...", "pictures-1")]
    )
    def test_dots_in_a_folder_name_are_not_a_suffix(self, bench: Bench, tmp_path: Path, name: str, run: str) -> None:
        fill(tmp_path / name, bench.picture("red"))
        done = bench.work("check", tmp_path / name, "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == run

    def test_a_very_long_name_is_truncated(self, bench: Bench, tmp_path: Path) -> None:
        name = "ü" * 120
        fill(tmp_path / name, bench.picture("red"))
        done = bench.work("check", tmp_path / name, "--runs", tmp_path / "runs")
        assert Path(done["run"]).name == "ü" * 50 + "-1"


def test_an_archive_without_pictures_is_an_error(bench: Bench, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    assert "no readable picture" in bench.refused("check", tmp_path / "texts.zip", *bench.eyes)


def test_another_file_is_an_error(bench: Bench) -> None:
    assert "colour.onnx" in bench.refused("train", bench.folder / "colour.onnx", *bench.eyes)
