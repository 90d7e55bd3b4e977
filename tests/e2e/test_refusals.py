"""Words that make no sense: each is refused with exit 2 and one line that names it and the remedy, without a trace."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import Bench, mode, without_privilege

NONSENSE = [
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
    (("verify", "BUNDLE", "--fingerprint", "abc"), "no fingerprint"),
    (("verify", "BUNDLE", "--fingerprint", ""), "no fingerprint"),
    (("cache", "--prune", "--keep", "-1"), "--keep"),
    (("cache", "--prune", "--keep", "nan"), "--keep"),
]
NO_PATH = [
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
NOT_THERE = [
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
    (("show", "http://127.0.0.1:8000"), "http://127.0.0.1:8000 is an address"),
    (("verify", "http://127.0.0.1:8000"), "discern evaluate"),
    (("predict", "http://127.0.0.1:8000", "photos"), "discern.Client"),
    (("evaluate", "localhost:8000", "photos"), "write http://localhost:8000"),
    (("predict", "BUNDLE", "https://shop.example/a.jpg"), "Download it first"),
    (("predict", "BUNDLE", "https://shop.example/a.jpg", "--out", "a.csv"), "Download it first"),
    (("predict", "photos/red/p0.png", "BUNDLE"), "bundle is named first"),
    (("show", "/dev/zero"), "no bundle at"),
    (("check", "photos", "--fixes", "photos"), "is not a file"),
    (("check", "photos", "--fixes", "/dev/zero"), "is not a file"),
]


def with_bundle(words: tuple[str, ...], taught: Any) -> tuple[str, ...]:
    """The words with the bundle's path, and eyes where none are named and the command takes some."""
    return tuple(taught["bundle"] if word == "BUNDLE" else word for word in words)


def named(value: object) -> str:
    return " ".join(value)[:60] if isinstance(value, tuple) else ""


@pytest.mark.parametrize(("words", "why"), NONSENSE, ids=named)
def test_nonsense_is_named(bench: Bench, taught: Any, words: tuple[str, ...], why: str) -> None:
    assert why in bench.refused(*with_bundle(words, taught))


@pytest.mark.parametrize("words", NO_PATH, ids=named)
def test_an_unset_variable_is_no_path_and_never_means_here(
    bench: Bench, taught: Any, fresh: Path, words: tuple[str, ...]
) -> None:
    assert "'' is no path" in bench.refused(*with_bundle(words, taught))


@pytest.mark.parametrize(("words", "why"), NOT_THERE, ids=named)
def test_what_is_not_there_is_named(bench: Bench, taught: Any, fresh: Path, words: tuple[str, ...], why: str) -> None:
    assert why in bench.refused(*with_bundle(words, taught))


@pytest.mark.parametrize("command", ["check", "train", "split"])
def test_json_says_nothing_where_nothing_can_be_said(bench: Bench, command: str) -> None:
    bench.refused(command, "nowhere", "--json")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\nb", "\x1b[31m", "x" * 300, "ü" * 150])
def test_a_name_that_no_folder_can_have_is_refused(bench: Bench, name: str) -> None:
    assert "no name for a run" in bench.refused("check", bench.photos, "--name", name, *bench.eyes)


@pytest.mark.parametrize("name", ["-x", " ", "😀", "CON", "a b.c", "Ünïcode"])
def test_a_name_that_a_folder_can_have_is_kept(bench: Bench, name: str) -> None:
    assert Path(bench.work("check", bench.photos, f"--name={name}")["run"]).name == name


class TestPlacesThatAreFiles:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        (tmp_path / "file").write_text("mine")
        return tmp_path / "file"

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_runs(self, bench: Bench, file: Path, below: str) -> None:
        assert "--runs" in bench.refused("check", bench.photos, "--runs", file / below, *bench.eyes)

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_out(self, bench: Bench, file: Path, below: str) -> None:
        assert str(file) in bench.refused("split", bench.photos, "--out", file / below, *bench.eyes)

    @pytest.mark.parametrize("below", ["", "deeper"])
    def test_cache(self, bench: Bench, file: Path, below: str) -> None:
        words = ("check", bench.photos, "--backbone", bench.eyes[1], "--cache", file / below)
        assert "--cache" in bench.refused(*words)
        assert bench.call("doctor", "--cache", file / below).code == 1

    def test_they_stay_as_they_were(self, bench: Bench, file: Path) -> None:
        for option in ("--runs", "--out", "--cache"):
            bench.refused("split", bench.photos, "--backbone", bench.eyes[1], option, file)
        assert file.read_text() == "mine"


class TestParts:
    def test_are_never_put_among_the_pictures(self, bench: Bench) -> None:
        said = bench.refused("split", bench.photos, "--out", bench.photos / "parts", *bench.eyes)
        assert "lies among the pictures" in said

    def test_are_never_put_over_something(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")
        assert "not empty" in bench.refused("split", bench.photos, "--out", tmp_path, *bench.eyes)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_an_empty_folder_will_do(self, bench: Bench, tmp_path: Path) -> None:
        assert bench.work("split", bench.photos, "--out", tmp_path)["out"] == str(tmp_path)


class TestPermissions:
    """What may not be read or written is named; root, who may do everything, gives that up for these."""

    @pytest.fixture
    def prefix(self) -> tuple[str, ...]:
        prefix = without_privilege()
        if prefix is None:
            pytest.skip("root may do everything, and cannot give it up here")
        return prefix

    def refused(self, bench: Bench, prefix: tuple[str, ...], *words: str | Path) -> str:
        said = bench.run(*words, prefix=prefix)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1), said
        assert "unforeseen" not in said.err
        return said.err

    def test_a_cache_that_may_not_be_written(self, bench: Bench, prefix: tuple[str, ...], tmp_path: Path) -> None:
        with mode(tmp_path, 0o555):
            words = ("check", bench.photos, "--backbone", bench.eyes[1], "--cache", tmp_path)
            assert "--cache" in self.refused(bench, prefix, *words)

    def test_a_cache_that_is_full_enough_may_be_read_only(
        self, bench: Bench, prefix: tuple[str, ...], taught: Any
    ) -> None:
        folders = [bench.cache, *(path for path in bench.cache.iterdir() if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            said = bench.run("train", bench.photos, *bench.eyes, "--json", prefix=prefix)
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert said.code == 0, said.err
        assert json.loads(said.out)["accuracy"] == taught["accuracy"]

    def test_runs_that_may_not_be_written(self, bench: Bench, prefix: tuple[str, ...], tmp_path: Path) -> None:
        with mode(tmp_path, 0o555):
            assert "--runs" in self.refused(bench, prefix, "check", bench.photos, "--runs", tmp_path, *bench.eyes)

    def test_a_source_that_may_not_be_read(self, bench: Bench, prefix: tuple[str, ...], tmp_path: Path) -> None:
        source = shutil.copytree(bench.photos, tmp_path / "photos")
        with mode(source, 0o000):
            assert "cannot be read" in self.refused(bench, prefix, "check", source, *bench.eyes)
        with mode(tmp_path, 0o000):
            assert "cannot be read" in self.refused(bench, prefix, "check", source, *bench.eyes)

    def test_what_may_not_be_read_among_others_is_counted(
        self, bench: Bench, prefix: tuple[str, ...], taught: Any, tmp_path: Path
    ) -> None:
        source = shutil.copytree(bench.photos, tmp_path / "photos")
        with mode(source / "red", 0o000), mode(sorted((source / "blue").iterdir())[0], 0o000):
            checked = bench.run("check", source, *bench.eyes, "--json", prefix=prefix)
            answered = bench.run("predict", taught["bundle"], source, "--json", prefix=prefix)
        found = json.loads(checked.out)
        assert (found["pictures"], found["unreadable"]) == (23, 2)
        answers = [json.loads(line) for line in answered.out.splitlines()]
        assert (answered.code, len(answers), sum("error" in answer for answer in answers)) == (1, 25, 2)

    def test_a_bundle_that_may_not_be_read(
        self, bench: Bench, prefix: tuple[str, ...], taught: Any, tmp_path: Path
    ) -> None:
        bundle = Path(shutil.copy(taught["bundle"], tmp_path))
        with mode(bundle, 0o000):
            assert "cannot be read" in self.refused(bench, prefix, "show", bundle)
            assert "cannot be read" in self.refused(bench, prefix, "verify", bundle)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
class TestFullDisks:
    def test_output_that_cannot_be_written_is_an_error(self, bench: Bench, taught: Any) -> None:
        with Path("/dev/full").open("wb") as full:
            for words in (("show", taught["bundle"], "--json"), ("predict", taught["bundle"], bench.photos)):
                said = bench.run(*words, stdout=full)
                assert (said.code, said.err.count("\n")) == (2, 1)
                assert "No space left" in said.err

    def test_the_exit_code_is_true_where_nothing_can_be_said(self, bench: Bench) -> None:
        with Path("/dev/full").open("wb") as full:
            assert bench.run("show", "nowhere", stderr=full).code == 2


def test_a_trace_is_shown_when_asked_for(bench: Bench) -> None:
    said = bench.call("--debug", "show", "nowhere")
    assert (said.code, "Traceback" in said.err) == (2, True)
    assert "Traceback" not in bench.call("show", "nowhere").err


def test_an_interrupted_write_leaves_nothing_behind(bench: Bench) -> None:
    assert not [name for name in os.listdir(bench.folder) if name.startswith(".parts")]  # noqa: PTH208 - names only
