"""Invalid arguments: each exits with 2 and one line that names it and the remedy, without a traceback."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import Workspace, mode, without_privilege

INVALID = [
    (("nonsense",), "No such command 'nonsense'"),
    (("--nope",), "No such option"),
    (("check",), "Missing argument 'source'"),
    (("predict", "BUNDLE"), "Missing argument 'paths'"),
    (("check", "photos", "more"), "unexpected extra argument"),
    (("check", "photos", "--runs"), "requires an argument"),
    (("check", "photos", "--nope"), "--nope"),
    (("train", "photos", "--seed", "-1"), "--seed"),
    (("train", "photos", "--seed", "1.5"), "--seed"),
    (("train", "photos", "--seed", ""), "--seed"),
    (("train", "photos", "--backbone", "resnet9000"), "resnet9000"),
    (("train", "photos", "--backbone", "nowhere.onnx"), "nowhere.onnx"),
    (("train", "photos", "--at-most-wrong", "1e-320"), "No number of pictures"),
    (("split", "photos", "--parts", "70/30"), "70/20/10"),
    (("split", "photos", "--parts", "nan/1/1"), "70/20/10"),
    (("split", "photos", "--parts", "1e999/1/1"), "70/20/10"),
    (("split", "photos", "--parts=-1/50/51"), "Invalid shares"),
    (("split", "photos", "--parts", "0/50/50"), "Invalid shares"),
    (("evaluate", "BUNDLE", "photos", "--at-least", "accuracy"), "accuracy=.90"),
    (("evaluate", "BUNDLE", "photos", "--at-least", "accuracy=.9,macro_f1=.9"), "accuracy=.90"),
    (("evaluate", "BUNDLE", "photos", "--at-least", "accuracy=90"), "between 0 and 1"),
    (("evaluate", "BUNDLE", "photos", "--at-least", "accuracy=nan"), "between 0 and 1"),
    (("evaluate", "BUNDLE", "photos", "--at-least", "beauty=.5"), "beauty"),
    (("verify", "BUNDLE", "--fingerprint", "abc"), "Invalid fingerprint"),
    (("verify", "BUNDLE", "--fingerprint", ""), "Invalid fingerprint"),
    (("cache", "--prune", "--keep", "-1"), "--keep"),
    (("cache", "--prune", "--keep", "nan"), "--keep"),
]
EMPTY_PATH = [
    ("check", ""),
    ("train", ""),
    ("split", ""),
    ("check", "photos", "--runs", ""),
    ("check", "photos", "--cache", ""),
    ("check", "photos", "--fixes", ""),
    ("split", "photos", "--out", ""),
    ("evaluate", "BUNDLE", ""),
    ("evaluate", "BUNDLE", "fresh", "--negatives", ""),
    ("predict", "BUNDLE", ""),
    ("predict", "BUNDLE", "photos", ""),
    ("doctor", "--cache", ""),
    ("cache", "--cache", ""),
]
MISSING = [
    (("check", "nowhere"), "nowhere does not exist"),
    (("check", "~nobody-of-that-name/photos"), "does not exist"),
    (("check", "x/" * 3000), "File name too long"),
    (("train", "photos", "--fixes", "nowhere.csv"), "nowhere.csv cannot be read"),
    (("evaluate", "BUNDLE", "nowhere"), "nowhere does not exist"),
    (("evaluate", "BUNDLE", "fresh", "--negatives", "nowhere"), "nowhere does not exist"),
    (("show", "nowhere"), "no bundle at nowhere"),
    (("verify", "nowhere"), "no bundle at nowhere"),
    (("predict", "nowhere", "photos"), "no bundle at nowhere"),
    (("show", "photos"), "no bundle at photos"),
    (("show", "http://127.0.0.1:8000"), "http://127.0.0.1:8000 is a URL"),
    (("verify", "http://127.0.0.1:8000"), "discern evaluate"),
    (("predict", "http://127.0.0.1:8000", "photos"), "discern.Client"),
    (("evaluate", "localhost:8000", "photos"), "pass http://localhost:8000"),
    (("predict", "BUNDLE", "https://shop.example/a.jpg"), "Download it first"),
    (("predict", "BUNDLE", "https://shop.example/a.jpg", "--out", "a.csv"), "Download it first"),
    (("predict", "photos/red/p0.png", "BUNDLE"), "bundle comes first"),
    (("show", "/dev/zero"), "no bundle at"),
    (("check", "photos", "--fixes", "photos"), "is not a file"),
    (("check", "photos", "--fixes", "/dev/zero"), "is not a file"),
]

ADDRESS = "gs://bucket/place"
ADDRESSED = [
    *((command, "ADDRESS") for command in ("check", "train", "split", "show", "verify", "unsort", "serve")),
    *(("check", "photos", option, "ADDRESS") for option in ("--runs", "--fixes", "--cache")),
    *(("train", "photos", option, "ADDRESS") for option in ("--runs", "--fixes", "--cache", "--negatives", "--names")),
    *(("split", "photos", option, "ADDRESS") for option in ("--runs", "--fixes", "--cache", "--out")),
    ("train", "photos", "--backbone", "ADDRESS.onnx"),
    ("evaluate", "ADDRESS", "photos"),
    *(
        ("evaluate", "BUNDLE", "photos", option, "ADDRESS")
        for option in ("--runs", "--cache", "--negatives", "--against")
    ),
    *(("predict", "BUNDLE", *words) for words in (("ADDRESS",), ("photos", "--sort", "ADDRESS"))),
    ("predict", "BUNDLE", "photos", "--out", "ADDRESS.csv"),
    ("predict", "BUNDLE", "photos", "--out", "a.csv", "--sheet", "ADDRESS.html"),
    *(("serve", *words) for words in (("mine=ADDRESS",), ("BUNDLE", "--key-file", "ADDRESS"))),
    ("serve", "BUNDLE", "--examples", "ADDRESS"),
    ("key", "alice", "--key-file", "ADDRESS"),
    *(("export", *words) for words in (("ADDRESS", "site"), ("BUNDLE", "ADDRESS"))),
    *(("export", "BUNDLE", "site", option, "ADDRESS") for option in ("--runtime", "--examples", "--cache")),
    ("doctor", "--cache", "ADDRESS"),
    ("cache", "--cache", "ADDRESS"),
]


def with_bundle(words: tuple[str, ...], trained: Any) -> tuple[str, ...]:
    """Replace BUNDLE by the path of the bundle."""
    return tuple(trained["bundle"] if word == "BUNDLE" else word for word in words)


def named(value: object) -> str:
    return " ".join(value)[:60] if isinstance(value, tuple) else ""


@pytest.mark.parametrize(("words", "why"), INVALID, ids=named)
def test_an_invalid_argument_is_named(workspace: Workspace, trained: Any, words: tuple[str, ...], why: str) -> None:
    assert why in workspace.refused(*with_bundle(words, trained))


@pytest.mark.parametrize("words", EMPTY_PATH, ids=named)
def test_an_empty_path_never_means_the_current_folder(
    workspace: Workspace, trained: Any, fresh: Path, words: tuple[str, ...]
) -> None:
    assert "Invalid path: ''" in workspace.refused(*with_bundle(words, trained))


@pytest.mark.parametrize("words", ADDRESSED, ids=named)
def test_an_address_is_refused_as_it_was_given(
    workspace: Workspace, trained: Any, fresh: Path, words: tuple[str, ...]
) -> None:
    before = set(workspace.folder.iterdir())
    why = workspace.refused(*(word.replace("ADDRESS", ADDRESS) for word in with_bundle(words, trained)))
    assert re.search(rf"{ADDRESS}\S* is a URL, not a (path|local bundle)\. (Download it|Write to a folder)", why)
    assert set(workspace.folder.iterdir()) == before


@pytest.mark.parametrize(("words", "why"), MISSING, ids=named)
def test_a_missing_file_is_named(
    workspace: Workspace, trained: Any, fresh: Path, words: tuple[str, ...], why: str
) -> None:
    assert why in workspace.refused(*with_bundle(words, trained))


@pytest.mark.parametrize("command", ["check", "train", "split"])
def test_an_error_prints_no_json(workspace: Workspace, command: str) -> None:
    workspace.refused(command, "nowhere", "--json")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\nb", "\x1b[31m", "x" * 300, "ü" * 150])
def test_an_invalid_run_name_is_refused(workspace: Workspace, name: str) -> None:
    assert "Invalid run name" in workspace.refused(
        "check", workspace.photos, "--name", name, *workspace.backbone_options
    )


@pytest.mark.parametrize("name", ["-x", " ", "😀", "CON", "a b.c", "Ünïcode"])
def test_a_valid_run_name_is_used(workspace: Workspace, name: str) -> None:
    assert Path(workspace.work("check", workspace.photos, f"--name={name}")["run"]).name == name


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be read as files."""
    folder = tmp_path_factory.mktemp("odd")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "zero").symlink_to("/dev/zero")
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    return folder


@pytest.mark.skipif(os.name != "posix", reason="needs special files")
class TestSpecialFiles:
    """Nothing is waited for or read without end, and no error is called unexpected."""

    @pytest.mark.parametrize("option", ["key --key-file", "export --runtime", "check --fixes", "train --names"])
    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("pipe", "is a pipe|is not a file"),
            ("zero", "is a device|is not a file"),
            ("sparse", "larger than the limit"),
            ("loop", "symbolic links|is not a file"),
            ("x" * 5000, "File name too long"),
        ],
        ids=lambda value: value[:9],
    )
    def test_as_a_file(
        self, workspace: Workspace, trained: Any, odd: Path, option: str, name: str, why: str, tmp_path: Path
    ) -> None:
        command, option = option.split()
        arguments = {
            "key": ("bob",),
            "export": (trained["bundle"], tmp_path / "site"),
            "check": (workspace.photos, *workspace.backbone_options),
            "train": (workspace.photos, *workspace.backbone_options),
        }
        assert re.search(why, workspace.refused(command, *arguments[command], option, odd / name))

    def test_as_what_an_earlier_export_left(self, workspace: Workspace, trained: Any, tmp_path: Path) -> None:
        (tmp_path / "site").mkdir()
        os.mkfifo(tmp_path / "site/export.json")
        refused = workspace.refused("export", trained["bundle"], tmp_path / "site", "--api", "http://127.0.0.1:9")
        assert "contains other files" in refused

    @pytest.mark.parametrize("words", [("check", "photos", "--runs"), ("predict", "BUNDLE", "photos", "--out")])
    def test_as_an_output_that_is_not_utf_8(
        self, workspace: Workspace, trained: Any, words: tuple[str, ...], tmp_path: Path
    ) -> None:
        refused = workspace.refused(*with_bundle(words, trained), tmp_path / os.fsdecode(b"\xff.csv"))
        assert r"\xff.csv' is not valid UTF-8" in refused.replace("udcff", "xff")

    def test_as_standard_input(self, workspace: Workspace, trained: Any) -> None:
        with Path("/dev/zero").open("rb") as zero:
            done = workspace.run("predict", trained["bundle"], "-", stdin=zero)
        assert (done.code, done.err) == (1, "")
        assert "64" in done.out


class TestFilesInPlaceOfFolders:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        (tmp_path / "file").write_text("mine")
        return tmp_path / "file"

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_runs(self, workspace: Workspace, file: Path, below: str) -> None:
        assert "--runs" in workspace.refused(
            "check", workspace.photos, "--runs", file / below, *workspace.backbone_options
        )

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_out(self, workspace: Workspace, file: Path, below: str) -> None:
        assert str(file) in workspace.refused(
            "split", workspace.photos, "--out", file / below, *workspace.backbone_options
        )

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_cache(self, workspace: Workspace, file: Path, below: str) -> None:
        words = ("check", workspace.photos, "--backbone", workspace.backbone_options[1], "--cache", file / below)
        assert "--cache" in workspace.refused(*words)
        assert workspace.call("doctor", "--cache", file / below).code == 1

    def test_they_stay_as_they_were(self, workspace: Workspace, file: Path) -> None:
        for option in ("--runs", "--out", "--cache"):
            workspace.refused("split", workspace.photos, "--backbone", workspace.backbone_options[1], option, file)
        assert file.read_text() == "mine"


class TestParts:
    def test_are_never_written_inside_the_source(self, workspace: Workspace) -> None:
        done = workspace.refused(
            "split", workspace.photos, "--out", workspace.photos / "parts", *workspace.backbone_options
        )
        assert "is inside the source" in done

    def test_are_never_put_over_something(self, workspace: Workspace, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")
        assert "not empty" in workspace.refused(
            "split", workspace.photos, "--out", tmp_path, *workspace.backbone_options
        )
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_an_empty_folder_will_do(self, workspace: Workspace, tmp_path: Path) -> None:
        assert workspace.work("split", workspace.photos, "--out", tmp_path)["out"] == str(tmp_path)


@pytest.mark.slow
class TestPermissions:
    """Paths without permission are named in the error; root drops its privileges for these tests."""

    @pytest.fixture
    def prefix(self) -> tuple[str, ...]:
        prefix = without_privilege()
        if prefix is None:
            pytest.skip("root may do everything, and cannot give it up here")
        return prefix

    def refused(self, workspace: Workspace, prefix: tuple[str, ...], *words: str | Path) -> str:
        done = workspace.run(*words, prefix=prefix)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert "unforeseen" not in done.err
        return done.err

    def test_a_cache_that_may_not_be_written(
        self, workspace: Workspace, prefix: tuple[str, ...], tmp_path: Path
    ) -> None:
        with mode(tmp_path, 0o555):
            words = ("check", workspace.photos, "--backbone", workspace.backbone_options[1], "--cache", tmp_path)
            assert "--cache" in self.refused(workspace, prefix, *words)

    def test_a_cache_that_is_full_enough_may_be_read_only(
        self, workspace: Workspace, prefix: tuple[str, ...], trained: Any
    ) -> None:
        folders = [workspace.cache, *(path for path in workspace.cache.iterdir() if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            done = workspace.run("train", workspace.photos, *workspace.backbone_options, "--json", prefix=prefix)
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert done.code == 0, done.err
        assert json.loads(done.out)["accuracy"] == trained["accuracy"]

    def test_runs_that_may_not_be_written(self, workspace: Workspace, prefix: tuple[str, ...], tmp_path: Path) -> None:
        with mode(tmp_path, 0o555):
            assert "--runs" in self.refused(
                workspace, prefix, "check", workspace.photos, "--runs", tmp_path, *workspace.backbone_options
            )

    def test_a_source_that_may_not_be_read(self, workspace: Workspace, prefix: tuple[str, ...], tmp_path: Path) -> None:
        source = shutil.copytree(workspace.photos, tmp_path / "photos")
        with mode(source, 0o000):
            assert "cannot be read" in self.refused(workspace, prefix, "check", source, *workspace.backbone_options)
        with mode(tmp_path, 0o000):
            assert "cannot be read" in self.refused(workspace, prefix, "check", source, *workspace.backbone_options)

    def test_what_may_not_be_read_among_others_is_counted(
        self, workspace: Workspace, prefix: tuple[str, ...], trained: Any, tmp_path: Path
    ) -> None:
        source = shutil.copytree(workspace.photos, tmp_path / "photos")
        with mode(source / "red", 0o000), mode(sorted((source / "blue").iterdir())[0], 0o000):
            checked = workspace.run("check", source, *workspace.backbone_options, "--json", prefix=prefix)
            answered = workspace.run("predict", trained["bundle"], source, "--json", prefix=prefix)
        found = json.loads(checked.out)
        assert (found["pictures"], found["unreadable"]) == (23, 2)
        answers = [json.loads(line) for line in answered.out.splitlines()]
        assert (answered.code, len(answers), sum("error" in answer for answer in answers)) == (1, 25, 2)

    def test_a_bundle_that_may_not_be_read(
        self, workspace: Workspace, prefix: tuple[str, ...], trained: Any, tmp_path: Path
    ) -> None:
        bundle = Path(shutil.copy(trained["bundle"], tmp_path))
        with mode(bundle, 0o000):
            assert "cannot be read" in self.refused(workspace, prefix, "show", bundle)
            assert "cannot be read" in self.refused(workspace, prefix, "verify", bundle)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
class TestFullDisks:
    def test_output_that_cannot_be_written_is_an_error(self, workspace: Workspace, trained: Any) -> None:
        with Path("/dev/full").open("wb") as full:
            for words in (("show", trained["bundle"], "--json"), ("predict", trained["bundle"], workspace.photos)):
                done = workspace.run(*words, stdout=full)
                assert (done.code, done.err.count("\n")) == (2, 1)
                assert "No space left" in done.err

    def test_the_exit_code_is_right_even_if_nothing_can_be_written(self, workspace: Workspace) -> None:
        with Path("/dev/full").open("wb") as full:
            assert workspace.run("show", "nowhere", stderr=full).code == 2


def test_debug_prints_a_traceback(workspace: Workspace) -> None:
    done = workspace.call("--debug", "show", "nowhere")
    assert (done.code, "Traceback" in done.err) == (2, True)
    assert "Traceback" not in workspace.call("show", "nowhere").err


def test_an_interrupted_write_leaves_nothing_behind(workspace: Workspace) -> None:
    assert not [name for name in os.listdir(workspace.folder) if name.startswith(".parts")]  # noqa: PTH208 - names only
