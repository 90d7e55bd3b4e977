"""Work that is cut short, killed, doubled or tampered with: what goes on ends as if nothing had happened."""

import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.e2e.server_process import Bench, Said, ended, refusal, stop


def result(run: Path | str) -> tuple[bytes, bytes]:
    """What must be the same, byte for byte: the figures and the bundle."""
    return (Path(run) / "metrics.json").read_bytes(), (Path(run) / "model.discern").read_bytes()


@pytest.fixture
def elsewhere(bench: Bench, tmp_path: Path) -> tuple[str | Path, ...]:
    """The words of a training of the same name that shares neither runs nor cache with the one before."""
    runs, cache = tmp_path / "runs", tmp_path / "cache"
    return ("train", bench.photos, "--name", "taught", "--runs", runs, "--backbone", bench.eyes[1], "--cache", cache)


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
class TestSignals:
    @pytest.mark.parametrize("seen", ["run.json", "split.json"])
    def test_ctrl_c_is_answered_and_the_run_goes_on(
        self, bench: Bench, taught: Any, tmp_path: Path, elsewhere: tuple[str | Path, ...], seen: str
    ) -> None:
        run = tmp_path / "runs" / "taught"
        said = stop(bench.start(*elsewhere, "--json"), run / seen, signal.SIGINT)
        assert (said.code, said.out, said.err.count("\n")) == (130, "", 1)
        assert "--resume" in said.err
        assert not (run / "report.html").exists()
        resumed = bench.json(*elsewhere, "--resume")
        assert result(resumed["run"]) == result(taught["run"])

    def test_a_killed_run_goes_on(
        self, bench: Bench, taught: Any, tmp_path: Path, elsewhere: tuple[str | Path, ...]
    ) -> None:
        run = tmp_path / "runs" / "taught"
        said = stop(bench.start(*elsewhere), run / "split.json", signal.SIGKILL)
        assert said.code == -signal.SIGKILL
        assert "--resume" in bench.refused(*elsewhere)
        resumed = bench.json(*elsewhere, "--resume")
        assert result(resumed["run"]) == result(taught["run"])
        assert {path.name for path in run.iterdir()} - {".lock"} == {
            path.name for path in Path(taught["run"]).iterdir()
        } - {".lock"}

    def test_an_interrupted_split_writes_no_part_of_its_parts(self, bench: Bench, tmp_path: Path) -> None:
        out = tmp_path / "out" / "parts"
        process = bench.start("split", bench.photos, "--name", "cut", "--out", out, *bench.eyes)
        said = stop(process, bench.runs / "cut" / "run.json", signal.SIGINT)
        assert said.code == 130
        assert not out.exists()


class TestTwoAtOnce:
    def test_one_name_is_had_by_one(self, bench: Bench, tmp_path: Path) -> None:
        words = ("check", bench.photos, "--name", "mine", "--runs", tmp_path, *bench.eyes, "--json")
        said = [ended(process) for process in [bench.start(*words) for _ in range(2)]]
        assert sorted(each.code for each in said) == [0, 2]
        assert all("mine" in refusal(each) for each in said if each.code)

    def test_the_one_that_holds_the_run_is_let_finish(self, bench: Bench, taught: Any) -> None:
        with FileLock(Path(taught["run"]) / ".lock"):
            words = ("train", bench.photos, "--name", "taught", "--resume", *bench.eyes)
            assert "Another process" in bench.refused(*words)


class TestResuming:
    """A run goes on with what it was begun with, or not at all."""

    def again(self, bench: Bench, *words: str | Path, source: Path | None = None) -> Said:
        return bench.look("train", source or bench.photos, "--name", "taught", "--resume", *words)

    def test_a_finished_run_is_told_again(self, bench: Bench, taught: Any) -> None:
        assert json.loads(self.again(bench, "--json").out) == taught

    def test_other_pictures(self, bench: Bench, taught: Any, fresh: Path) -> None:
        assert "another source" in refusal(self.again(bench, source=fresh))

    def test_another_seed(self, bench: Bench, taught: Any) -> None:
        assert "seed" in refusal(self.again(bench, "--seed", "1"))

    def test_another_command(self, bench: Bench, taught: Any) -> None:
        said = bench.look("check", bench.photos, "--name", "taught", "--resume")
        assert "another" in refusal(said)

    def test_other_fixes(self, bench: Bench, taught: Any) -> None:
        assert "another fixes" in refusal(self.again(bench, "--fixes", Path(taught["run"]) / "fixes.csv"))

    def test_fixes_that_were_edited_since(self, bench: Bench, tmp_path: Path) -> None:
        fixes = tmp_path / "fixes.csv"
        fixes.write_text("path,action\n")
        words = ("train", bench.photos, "--name", "edited", "--fixes", fixes)
        assert bench.look(*words).code == 0
        assert bench.look(*words, "--resume").code == 0
        fixes.write_text(f"path,action\nred/{bench.picture('red').name},drop\n")
        assert "another fixes" in refusal(bench.look(*words, "--resume"))

    def test_no_name(self, bench: Bench) -> None:
        assert "--name" in refusal(bench.look("train", bench.photos, "--resume"))
        assert "--name" in refusal(bench.look("check", bench.photos, "--resume"))

    def test_a_folder_of_other_things(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("mine")
        said = bench.look("train", bench.photos, "--runs", tmp_path, "--name", "mine", "--resume")
        assert "something else than a run" in refusal(said)
        assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.fixture
def tampered(bench: Bench, taught: Any, tmp_path: Path) -> Iterator[Path]:
    """The run, to do harm to; it is whole again afterwards."""
    run = Path(taught["run"])
    shutil.copytree(run, tmp_path / "kept")
    yield run
    shutil.rmtree(run)
    shutil.copytree(tmp_path / "kept", run)


def unfinish(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(facts | {"status": "running"}))


class TestDamagedRuns:
    """What a crash of the machine may leave: files of zeros, of nothing, of something else."""

    def again(self, bench: Bench) -> Said:
        return bench.look("train", bench.photos, "--name", "taught", "--resume")

    @pytest.mark.parametrize("name", ["catalog.parquet", "edges.parquet", "split.json"])
    @pytest.mark.parametrize("data", [b"", bytes(1000), b"{", b"[]"])
    def test_what_the_run_goes_on_from_is_named_and_may_be_removed(
        self, bench: Bench, tampered: Path, name: str, data: bytes
    ) -> None:
        before = result(tampered)
        unfinish(tampered)
        (tampered / name).write_bytes(data)
        said = refusal(self.again(bench))
        assert name in said
        assert "Remove it" in said
        (tampered / name).unlink()
        assert self.again(bench).code == 0
        assert result(tampered) == before

    @pytest.mark.parametrize("name", ["metrics.json", "model.discern", "answers.parquet", "report.html", "fixes.csv"])
    def test_what_the_run_makes_is_made_again(self, bench: Bench, tampered: Path, name: str) -> None:
        before = result(tampered)
        unfinish(tampered)
        (tampered / name).write_bytes(b"")
        assert self.again(bench).code == 0
        assert result(tampered) == before
        assert (tampered / name).stat().st_size

    @pytest.mark.parametrize("name", ["metrics.json", "model.discern", "report.html"])
    def test_a_finished_run_without_its_product_is_not_finished(self, bench: Bench, tampered: Path, name: str) -> None:
        before = result(tampered)
        (tampered / name).unlink()
        assert self.again(bench).code == 0
        assert result(tampered) == before

    def test_figures_that_cannot_be_read_are_no_figures(self, bench: Bench, tampered: Path) -> None:
        (tampered / "metrics.json").write_text("{")
        assert "metrics.json cannot be read" in refusal(self.again(bench))

    def test_a_split_of_other_pictures_is_not_taken(self, bench: Bench, tampered: Path) -> None:
        unfinish(tampered)
        split = json.loads((tampered / "split.json").read_text())
        (tampered / "split.json").write_text(json.dumps(split | {"fold": split["fold"][:5]}))
        assert "split.json cannot be read" in refusal(self.again(bench))

    @pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"format": 1}', '{"format": 99}', "[" * 10_000])
    def test_a_run_that_does_not_say_what_it_is(self, bench: Bench, tampered: Path, text: str) -> None:
        (tampered / "run.json").write_text(text)
        assert "new run" in refusal(self.again(bench))


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def a_turned_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def removed(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


class TestPoisonedCaches:
    @pytest.fixture
    def poisoned(self, bench: Bench, taught: Any, tmp_path: Path) -> Path:
        return shutil.copytree(bench.cache, tmp_path / "poisoned")

    @pytest.mark.parametrize("poison", [garbage, a_turned_bit, cut, emptied, removed, a_folder])
    def test_what_does_not_hold_is_computed_again(
        self, bench: Bench, taught: Any, poisoned: Path, tmp_path: Path, poison: Callable[[Path], None]
    ) -> None:
        for path in poisoned.rglob("*.shelf"):
            poison(path)
        words = ("--name", "taught", "--runs", tmp_path / "runs", "--backbone", bench.eyes[1], "--cache", poisoned)
        assert result(bench.json("train", bench.photos, *words)["run"]) == result(taught["run"])

    def test_shelves_exchanged_for_one_another_are_found_out(
        self, bench: Bench, taught: Any, poisoned: Path, tmp_path: Path
    ) -> None:
        first, *_, last = sorted(poisoned.rglob("*.shelf"))
        data = first.read_bytes()
        first.write_bytes(last.read_bytes())
        last.write_bytes(data)
        words = ("--name", "taught", "--runs", tmp_path / "runs", "--backbone", bench.eyes[1], "--cache", poisoned)
        assert result(bench.json("train", bench.photos, *words)["run"]) == result(taught["run"])

    def test_a_newer_cache_is_not_touched(self, bench: Bench, poisoned: Path) -> None:
        for path in poisoned.rglob("*.shelf"):
            path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9'))
        before = sorted((path, path.stat().st_size) for path in poisoned.rglob("*"))
        said = bench.call("check", bench.photos, "--backbone", bench.eyes[1], "--cache", poisoned)
        assert "Upgrade" in refusal(said)
        assert sorted((path, path.stat().st_size) for path in poisoned.rglob("*")) == before

    @pytest.mark.parametrize("keep", ["0", "0.0001", "5", "inf", "1e300"])
    def test_a_pruned_cache_is_filled_again(
        self, bench: Bench, taught: Any, poisoned: Path, tmp_path: Path, keep: str
    ) -> None:
        before = bench.json("cache", "--cache", poisoned)["bytes"]
        pruned = bench.json("cache", "--prune", "--keep", keep, "--cache", poisoned)
        assert pruned["bytes"] == before - pruned["freed"] <= float(keep) * 1e9
        words = ("--runs", tmp_path / "runs", "--backbone", bench.eyes[1], "--cache", poisoned)
        assert bench.json("train", bench.photos, *words)["accuracy"] == taught["accuracy"]


def test_a_picture_that_changes_while_it_is_worked_on_is_named(bench: Bench, tmp_path: Path) -> None:
    source = shutil.copytree(bench.photos, tmp_path / "photos")
    words = (source, "--name", "changing", "--backbone", bench.eyes[1], "--cache", tmp_path / "cache")
    assert bench.call("check", *words).code == 0
    shutil.rmtree(tmp_path / "cache")
    changed = sorted((source / "red").iterdir())[0]
    shutil.copy(bench.picture("green"), changed)
    said = refusal(bench.call("check", *words, "--resume"))
    assert changed.name in said
    assert "has changed" in said


def test_a_bundle_is_the_same_wherever_it_was_made(bench: Bench, taught: Any, tmp_path: Path) -> None:
    moved = shutil.copytree(bench.photos, tmp_path / "elsewhere")
    words = ("--name", "taught", "--runs", tmp_path / "runs", *bench.eyes)
    again = bench.json("train", moved, *words)
    assert result(again["run"]) == result(taught["run"])
    with zipfile.ZipFile(again["bundle"]) as bundle:
        assert str(tmp_path).encode() not in b"".join(bundle.read(name) for name in bundle.namelist())
