"""The commands from end to end, as a person or a program calls them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawn import SHAPES, write_negatives, write_shapes
from tests.e2e.server_process import Completed, call_here

pytestmark = pytest.mark.slow


class Workspace:
    """Folder with pictures, a cache and runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos = write_shapes(folder / "photos")
        self.cache = folder / "cache"

    def call(self, *words: str | Path) -> Completed:
        return call_here(self.folder, words)

    def apart(self, *words: str | Path, given: bytes = b"") -> Completed:
        command = [sys.executable, "-m", "discern", *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, input=given, check=False)
        return Completed(done.returncode, done.stdout.decode(), done.stderr.decode())

    def json(self, *words: str | Path) -> Any:
        done = self.call(*words, "--json")
        assert done.code == 0, done.err
        assert done.out.count("\n") == 1
        return json.loads(done.out)

    def work(self, command: str, *words: str | Path) -> Any:
        return self.json(command, *words, "--cache", self.cache)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def trained(workspace: Workspace) -> Any:
    done = workspace.apart("train", workspace.photos, "--name", "shapes", "--cache", workspace.cache, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_training_returns_the_documented_keys(trained: Any) -> None:
    assert {"run", "bundle", "report", "pictures", "accuracy", "ece", "policy", "seconds"} <= set(trained)
    assert set(trained["accuracy"]) == {"leak_free", "naive", "given", "difference", "unlike"}
    assert {"value", "low", "high", "method", "estimates", "classes"} <= set(trained["accuracy"]["leak_free"])
    assert {"value", "low", "high", "share", "alarm"} <= set(trained["accuracy"]["unlike"])
    assert {"value", "low", "high", "null95"} <= set(trained["ece"])
    words = {"sentence", "basis", "share", "error", "needed", "risk", "asked", "floor", "offered"}
    assert set(trained["policy"]) == words
    assert all(Path(trained[key]).is_absolute() and Path(trained[key]).exists() for key in ("run", "bundle", "report"))


def test_it_learned_the_shapes(trained: Any) -> None:
    leak_free = trained["accuracy"]["leak_free"]
    assert leak_free["method"] == "grouped-cv"
    assert leak_free["estimates"] == "recipe"
    assert leak_free["classes"] == len(SHAPES)
    assert leak_free["value"] > 0.6


def test_the_run_folder_holds_everything(trained: Any) -> None:
    names = {path.name for path in Path(trained["run"]).iterdir()}
    assert {
        "run.json", "catalog.parquet", "fixes.csv", "split.json", "metrics.json", "report.html", "model.discern"
    } <= names  # fmt: skip
    assert not [name for name in names if name.endswith(".tmp")]


def test_a_second_run_has_the_same_metrics_and_graph(workspace: Workspace, trained: Any) -> None:
    again = workspace.work("train", workspace.photos, "--name", "again")
    first, second = Path(trained["run"]), Path(again["run"])
    assert (first / "metrics.json").read_bytes() == (second / "metrics.json").read_bytes()
    shown = [workspace.json("show", folder / "model.discern") for folder in (first, second)]
    assert shown[0]["metrics"] == shown[1]["metrics"]


def test_a_finished_run_resumed_is_the_same(workspace: Workspace, trained: Any) -> None:
    assert workspace.work("train", workspace.photos, "--name", "shapes", "--resume") == trained


def test_a_taken_name_exits_2_with_one_line(workspace: Workspace, trained: Any) -> None:
    done = workspace.call("train", workspace.photos, "--name", "shapes", "--cache", workspace.cache)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert "--resume" in done.err


def test_prediction_names_paths(workspace: Workspace, trained: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    done = workspace.call("predict", trained["bundle"], workspace.photos / "disc", bad, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1
    assert len(lines) == 15
    assert all(Path(line["path"]).is_absolute() for line in lines)
    assert [line["label"] for line in lines[:14]].count("disc") >= 12
    accepted = [line for line in lines[:14] if line["decision"] == "accept"]
    assert all(line["confidence"] >= trained["policy"]["floor"] >= 0.5 for line in accepted)
    assert (trained["policy"]["share"] > 0) >= bool(accepted)
    assert lines[14]["error"]["code"] == "not_a_picture"


def test_prediction_reads_standard_input(workspace: Workspace, trained: Any) -> None:
    picture = sorted((workspace.photos / "disc").iterdir())[0]
    done = workspace.apart("predict", trained["bundle"], "-", "--json", given=picture.read_bytes())
    assert json.loads(done.out)["label"] == "disc"


def test_evaluation_excludes_training_pictures(workspace: Workspace, trained: Any, tmp_path: Path) -> None:
    fresh = write_shapes(tmp_path / "fresh", each=8, seed=5)
    seen = sorted((workspace.photos / "disc").iterdir())[0]
    shutil.copy(seen, fresh / "disc" / "seen.png")
    negatives = write_negatives(tmp_path / "negatives")
    found = workspace.work("evaluate", trained["bundle"], fresh, "--negatives", negatives)
    assert (found["pictures"], found["seen"]) == (24, 1)
    assert {"value", "low", "high"} <= set(found["accuracy"])
    assert found["accuracy"]["value"] > 0.6
    assert set(found["unknown"]) >= {"auroc", "kept", "rejected"}


def test_a_metric_below_its_minimum_exits_1(workspace: Workspace, trained: Any, tmp_path: Path) -> None:
    fresh = write_shapes(tmp_path / "fresh", each=8, seed=6)
    words = ("evaluate", trained["bundle"], fresh, "--cache", workspace.cache, "--at-least")
    assert workspace.call(*words, "accuracy=0.999").code == 1
    assert workspace.call(*words, "accuracy=0.01").code == 0
    assert workspace.call(*words, "beauty=0.5").code == 2


def test_evaluating_on_the_training_pictures_is_refused(workspace: Workspace, trained: Any) -> None:
    done = workspace.call("evaluate", trained["bundle"], workspace.photos, "--cache", workspace.cache)
    assert done.code == 2
    assert "trained on all" in done.err


def test_checking_counts_and_proposes(workspace: Workspace, tmp_path: Path) -> None:
    dirty = shutil.copytree(workspace.photos, tmp_path / "dirty")
    first = sorted((dirty / "disc").iterdir())[0]
    shutil.copy(first, dirty / "square" / "other.png")
    (dirty / "disc" / "cut.png").write_bytes(first.read_bytes()[:500])
    checked = workspace.work("check", dirty)
    assert checked["pictures"] == 43
    assert checked["unreadable"] == checked["findings"]["unreadable"] == 1
    assert checked["findings"]["label_conflict"] == 1
    assert set(checked["findings"]) == {
        "unreadable", "wrong_suffix", "incomplete", "narrow_range", "exact_copy", "near_copy", "overlap",
        "label_conflict", "multi_label", "similar_labels", "part_leak", "small_class", "large_group",
        "undeclared_film", "imbalance", "too_small", "extreme_aspect", "blank", "dark", "bright", "blurred",
        "likely_wrong_label", "odd_one_out", "shortcut",
    }  # fmt: skip
    assert Path(checked["page"]).name == "data.html"
    strict = workspace.call("check", dirty, "--strict", "--plots", "--cache", workspace.cache)
    assert strict.code == 1
    (plots,) = re.findall(r"^plots: +(.+)$", strict.out, re.MULTILINE)
    assert Path(plots, "pictures_per_class.png").is_file()


def test_fixes_are_applied(workspace: Workspace, tmp_path: Path) -> None:
    dirty = shutil.copytree(workspace.photos, tmp_path / "dirty")
    (dirty / "disc" / "empty.png").write_bytes(b"")
    fixes = workspace.work("check", dirty)["fixes"]
    assert workspace.work("check", dirty, "--fixes", fixes)["unreadable"] == 0


def test_parts_are_written_for_other_tools(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    split = workspace.work("split", workspace.photos, "--parts", "60/20/20", "--out", out)
    assert sum(split["pictures"].values()) == 42
    assert len(list(out.glob("*/*/*.png"))) == 42
    assert {path.name for path in out.iterdir()} >= {"train", "validation", "test", "split.csv", "train.lst"}


def test_showing_verifying_doctor_and_cache(workspace: Workspace, trained: Any) -> None:
    shown = workspace.json("show", trained["bundle"])
    assert shown["labels"] == list(SHAPES)
    assert workspace.json("verify", trained["bundle"], "--fingerprint", shown["fingerprint"])["passed"]
    assert workspace.json("doctor", "--cache", workspace.cache)["passed"]
    assert workspace.json("cache", "--cache", workspace.cache)["bytes"] > 0


def test_a_changed_bundle_fails_verification_with_1(workspace: Workspace, trained: Any, tmp_path: Path) -> None:
    changed = bytearray(Path(trained["bundle"]).read_bytes())
    changed[len(changed) // 2] ^= 1
    path = tmp_path / "changed.discern"
    path.write_bytes(bytes(changed))
    assert workspace.call("verify", path).code == 1
    assert workspace.call("predict", path, workspace.photos).code == 2


def test_a_missing_source_is_named(workspace: Workspace) -> None:
    done = workspace.call("check", "nowhere", "--cache", workspace.cache)
    assert done.code == 2
    assert "nowhere" in done.err
    assert "Traceback" not in done.err


def test_every_command_has_help_with_an_example(workspace: Workspace) -> None:
    for command in ("check", "split", "train", "evaluate", "predict", "show", "verify", "doctor", "cache"):
        shown = workspace.call(command, "--help").out
        assert f"discern {command}" in shown
        assert "Example:" in shown


def test_the_list_of_commands_fits_80_columns(workspace: Workspace) -> None:
    shown = workspace.call("--help").out
    assert "Commands:" in shown
    assert "..." not in shown.split("Commands:")[1]
