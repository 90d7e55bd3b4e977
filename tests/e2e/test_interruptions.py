"""Runs that are interrupted, killed, doubled or tampered with end as if nothing had happened."""

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

from tests.e2e.server_process import Completed, Workspace, ended, refusal, stop


def result(run: Path | str) -> tuple[bytes, bytes]:
    """Metrics and bundle of a run, which must be equal byte for byte."""
    return (Path(run) / "metrics.json").read_bytes(), (Path(run) / "model.discern").read_bytes()


@pytest.fixture
def elsewhere(workspace: Workspace, tmp_path: Path) -> tuple[str | Path, ...]:
    """Arguments of a training run of the same name with other runs and another cache."""
    runs, cache = tmp_path / "runs", tmp_path / "cache"
    return (
        "train",
        workspace.photos,
        "--name",
        "trained",
        "--runs",
        runs,
        "--backbone",
        workspace.backbone_options[1],
        "--cache",
        cache,
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
class TestSignals:
    @pytest.mark.parametrize("seen", ["run.json", "split.json"])
    def test_ctrl_c_exits_with_130_and_the_run_can_be_resumed(
        self, workspace: Workspace, trained: Any, tmp_path: Path, elsewhere: tuple[str | Path, ...], seen: str
    ) -> None:
        run = tmp_path / "runs" / "trained"
        done = stop(workspace.start(*elsewhere, "--json"), run / seen, signal.SIGINT)
        assert (done.code, done.out, done.err.count("\n")) == (130, "", 1)
        assert "--resume" in done.err
        assert not (run / "report.html").exists()
        resumed = workspace.json(*elsewhere, "--resume")
        assert result(resumed["run"]) == result(trained["run"])

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
    def test_other_signals_stop_a_run_like_ctrl_c(
        self, workspace: Workspace, tmp_path: Path, elsewhere: tuple[str | Path, ...], how: signal.Signals
    ) -> None:
        run = tmp_path / "runs" / "trained"
        process = workspace.start(*elsewhere, "--json", preexec_fn=lambda: signal.signal(how, signal.SIG_DFL))
        done = stop(process, run / "run.json", how)
        assert (done.code, done.out, done.err.count("\n")) == (130, "", 1)
        assert "--resume" in done.err
        assert workspace.json(*elsewhere, "--resume")["run"] == str(run)

    def test_a_hangup_that_is_ignored_from_the_start_stops_nothing(
        self, workspace: Workspace, tmp_path: Path, elsewhere: tuple[str | Path, ...]
    ) -> None:
        process = workspace.start(*elsewhere, "--json", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        assert stop(process, tmp_path / "runs" / "trained" / "run.json", signal.SIGHUP).code == 0

    def test_a_killed_run_is_resumed(
        self, workspace: Workspace, trained: Any, tmp_path: Path, elsewhere: tuple[str | Path, ...]
    ) -> None:
        run = tmp_path / "runs" / "trained"
        done = stop(workspace.start(*elsewhere), run / "split.json", signal.SIGKILL)
        assert done.code == -signal.SIGKILL
        assert "--resume" in workspace.refused(*elsewhere)
        resumed = workspace.json(*elsewhere, "--resume")
        assert result(resumed["run"]) == result(trained["run"])
        assert {path.name for path in run.iterdir()} - {".lock"} == {
            path.name for path in Path(trained["run"]).iterdir()
        } - {".lock"}

    def test_an_interrupted_split_writes_no_parts(self, workspace: Workspace, tmp_path: Path) -> None:
        out = tmp_path / "out" / "parts"
        process = workspace.start("split", workspace.photos, "--name", "cut", "--out", out, *workspace.backbone_options)
        done = stop(process, workspace.runs / "cut" / "run.json", signal.SIGINT)
        assert done.code == 130
        assert not out.exists()


@pytest.mark.slow
class TestConcurrentProcesses:
    def test_a_name_is_used_by_one_process(self, workspace: Workspace, tmp_path: Path) -> None:
        words = ("check", workspace.photos, "--name", "mine", "--runs", tmp_path, *workspace.backbone_options, "--json")
        done = [ended(process) for process in [workspace.start(*words) for _ in range(2)]]
        assert sorted(each.code for each in done) == [0, 2]
        assert all("mine" in refusal(each) for each in done if each.code)

    def test_a_locked_run_is_refused(self, workspace: Workspace, trained: Any) -> None:
        with FileLock(Path(trained["run"]) / ".lock"):
            words = ("train", workspace.photos, "--name", "trained", "--resume", *workspace.backbone_options)
            assert "Another process" in workspace.refused(*words)


class TestResuming:
    """A run is resumed with the same options, or not at all."""

    def again(self, workspace: Workspace, *words: str | Path, source: Path | None = None) -> Completed:
        return workspace.look("train", source or workspace.photos, "--name", "trained", "--resume", *words)

    def test_a_finished_run_is_printed_again(self, workspace: Workspace, trained: Any) -> None:
        assert json.loads(self.again(workspace, "--json").out) == trained

    def test_other_pictures(self, workspace: Workspace, trained: Any, fresh: Path) -> None:
        assert "another source" in refusal(self.again(workspace, source=fresh))

    def test_another_seed(self, workspace: Workspace, trained: Any) -> None:
        assert "seed" in refusal(self.again(workspace, "--seed", "1"))

    def test_another_command(self, workspace: Workspace, trained: Any) -> None:
        done = workspace.look("check", workspace.photos, "--name", "trained", "--resume")
        assert "another" in refusal(done)

    def test_other_fixes(self, workspace: Workspace, trained: Any) -> None:
        assert "another fixes" in refusal(self.again(workspace, "--fixes", Path(trained["run"]) / "fixes.csv"))

    def test_fixes_that_were_edited_since(self, workspace: Workspace, tmp_path: Path) -> None:
        fixes = tmp_path / "fixes.csv"
        fixes.write_text("path,action\n")
        words = ("train", workspace.photos, "--name", "edited", "--fixes", fixes)
        assert workspace.look(*words).code == 0
        assert workspace.look(*words, "--resume").code == 0
        fixes.write_text(f"path,action\nred/{workspace.picture('red').name},drop\n")
        assert "another fixes" in refusal(workspace.look(*words, "--resume"))

    def test_no_name(self, workspace: Workspace) -> None:
        assert "--name" in refusal(workspace.look("train", workspace.photos, "--resume"))
        assert "--name" in refusal(workspace.look("check", workspace.photos, "--resume"))

    def test_a_folder_that_is_not_a_run(self, workspace: Workspace, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("mine")
        done = workspace.look("train", workspace.photos, "--runs", tmp_path, "--name", "mine", "--resume")
        assert "is not a run" in refusal(done)
        assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.fixture
def tampered(workspace: Workspace, trained: Any, tmp_path: Path) -> Iterator[Path]:
    """The run, to be damaged; it is restored afterwards."""
    run = Path(trained["run"])
    shutil.copytree(run, tmp_path / "kept")
    yield run
    shutil.rmtree(run)
    shutil.copytree(tmp_path / "kept", run)


def unfinish(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(facts | {"status": "running"}))


class TestDamagedRuns:
    """Files that a crash of the machine may leave: zeros, empty, or other content."""

    def heals(self, workspace: Workspace, name: str, caplog: pytest.LogCaptureFixture) -> None:
        done = self.again(workspace)
        assert done.code == 0, done
        assert f"{name} is damaged. Computing it again." in caplog.text

    def again(self, workspace: Workspace) -> Completed:
        return workspace.look("train", workspace.photos, "--name", "trained", "--resume")

    @pytest.mark.parametrize("name", ["catalog.parquet", "edges.parquet", "split.json"])
    @pytest.mark.parametrize("data", [b"", bytes(1000), b"{", b"[]"])
    def test_a_damaged_input_is_named_and_computed_again(
        self, workspace: Workspace, tampered: Path, name: str, data: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = result(tampered)
        unfinish(tampered)
        (tampered / name).write_bytes(data)
        self.heals(workspace, name, caplog)
        assert result(tampered) == before

    @pytest.mark.parametrize("name", ["metrics.json", "model.discern", "answers.parquet", "report.html", "fixes.csv"])
    def test_a_damaged_output_is_made_again(self, workspace: Workspace, tampered: Path, name: str) -> None:
        before = result(tampered)
        unfinish(tampered)
        (tampered / name).write_bytes(b"")
        assert self.again(workspace).code == 0
        assert result(tampered) == before
        assert (tampered / name).stat().st_size

    @pytest.mark.parametrize("name", ["metrics.json", "model.discern", "report.html"])
    def test_a_finished_run_without_an_output_makes_it_again(
        self, workspace: Workspace, tampered: Path, name: str
    ) -> None:
        before = result(tampered)
        (tampered / name).unlink()
        assert self.again(workspace).code == 0
        assert result(tampered) == before

    def test_unreadable_metrics_are_computed_again(
        self, workspace: Workspace, tampered: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = result(tampered)
        (tampered / "metrics.json").write_text("{")
        self.heals(workspace, "metrics.json", caplog)
        assert result(tampered) == before

    def test_a_split_of_other_pictures_is_computed_again(
        self, workspace: Workspace, tampered: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = result(tampered)
        unfinish(tampered)
        split = json.loads((tampered / "split.json").read_text())
        (tampered / "split.json").write_text(json.dumps(split | {"fold": split["fold"][:5]}))
        self.heals(workspace, "split.json", caplog)
        assert result(tampered) == before

    @pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"format": 1}', '{"format": 99}', "[" * 10_000])
    def test_a_malformed_run_json_is_refused(self, workspace: Workspace, tampered: Path, text: str) -> None:
        (tampered / "run.json").write_text(text)
        assert "new run" in refusal(self.again(workspace))


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


def _retrain(workspace: Workspace, runs: Path, *, cache: Path) -> tuple[bytes, bytes]:
    """Train once more under the same name, with another cache and folder of runs; return the files that count."""
    options = ("--name", "trained", "--runs", runs, "--backbone", workspace.backbone_options[1], "--cache", cache)
    return result(workspace.json("train", workspace.photos, *options)["run"])


class TestPoisonedCaches:
    @pytest.fixture
    def poisoned(self, workspace: Workspace, trained: Any, tmp_path: Path) -> Path:
        return shutil.copytree(workspace.cache, tmp_path / "poisoned")

    @pytest.mark.parametrize("poison", [garbage, a_turned_bit, cut, emptied, removed, a_folder])
    def test_damaged_entries_are_computed_again(
        self, workspace: Workspace, trained: Any, poisoned: Path, tmp_path: Path, poison: Callable[[Path], None]
    ) -> None:
        for path in poisoned.rglob("*.shelf"):
            poison(path)
        assert _retrain(workspace, tmp_path / "runs", cache=poisoned) == result(trained["run"])

    def test_swapped_files_are_detected(
        self, workspace: Workspace, trained: Any, poisoned: Path, tmp_path: Path
    ) -> None:
        first, *_, last = sorted(poisoned.rglob("*.shelf"))
        data = first.read_bytes()
        first.write_bytes(last.read_bytes())
        last.write_bytes(data)
        assert _retrain(workspace, tmp_path / "runs", cache=poisoned) == result(trained["run"])

    def test_a_newer_cache_is_not_touched(self, workspace: Workspace, poisoned: Path) -> None:
        for path in poisoned.rglob("*.shelf"):
            path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9'))
        before = sorted((path, path.stat().st_size) for path in poisoned.rglob("*"))
        done = workspace.call(
            "check", workspace.photos, "--backbone", workspace.backbone_options[1], "--cache", poisoned
        )
        assert "Upgrade" in refusal(done)
        assert sorted((path, path.stat().st_size) for path in poisoned.rglob("*")) == before

    @pytest.mark.parametrize("keep", ["0", "0.0001", "5", "inf", "1e300"])
    def test_a_pruned_cache_is_filled_again(
        self, workspace: Workspace, trained: Any, poisoned: Path, tmp_path: Path, keep: str
    ) -> None:
        before = workspace.json("cache", "--cache", poisoned)["bytes"]
        pruned = workspace.json("cache", "--prune", "--keep", keep, "--cache", poisoned)
        assert pruned["bytes"] == before - pruned["freed"] <= float(keep) * 1e9
        words = ("--runs", tmp_path / "runs", "--backbone", workspace.backbone_options[1], "--cache", poisoned)
        assert workspace.json("train", workspace.photos, *words)["accuracy"] == trained["accuracy"]


def test_a_picture_that_changes_meanwhile_is_named(workspace: Workspace, tmp_path: Path) -> None:
    source = shutil.copytree(workspace.photos, tmp_path / "photos")
    words = (source, "--name", "changing", "--backbone", workspace.backbone_options[1], "--cache", tmp_path / "cache")
    assert workspace.call("check", *words).code == 0
    shutil.rmtree(tmp_path / "cache")
    changed = sorted((source / "red").iterdir())[0]
    shutil.copy(workspace.picture("green"), changed)
    done = refusal(workspace.call("check", *words, "--resume"))
    assert changed.name in done
    assert "has changed" in done


def test_a_bundle_is_the_same_wherever_it_was_made(workspace: Workspace, trained: Any, tmp_path: Path) -> None:
    moved = shutil.copytree(workspace.photos, tmp_path / "elsewhere")
    words = ("--name", "trained", "--runs", tmp_path / "runs", *workspace.backbone_options)
    again = workspace.json("train", moved, *words)
    assert result(again["run"]) == result(trained["run"])
    with zipfile.ZipFile(again["bundle"]) as bundle:
        assert str(tmp_path).encode() not in b"".join(bundle.read(name) for name in bundle.namelist())
