"""The commands as a person or a program calls them; training and answering in processes of their own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawn import KINDS, write_shapes, write_strangers
from tests.e2e.server_process import Said, call_here


class Desk:
    """A folder of pictures, a cache and the runs of one story."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos = write_shapes(folder / "photos")
        self.cache = folder / "cache"

    def call(self, *words: str | Path) -> Said:
        return call_here(self.folder, words)

    def apart(self, *words: str | Path, given: bytes = b"") -> Said:
        command = [sys.executable, "-m", "discern", *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, input=given, check=False)
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def json(self, *words: str | Path) -> Any:
        done = self.call(*words, "--json")
        assert done.code == 0, done.err
        assert done.out.count("\n") == 1
        return json.loads(done.out)

    def work(self, command: str, *words: str | Path) -> Any:
        return self.json(command, *words, "--cache", self.cache)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def trained(desk: Desk) -> Any:
    done = desk.apart("train", desk.photos, "--name", "shapes", "--cache", desk.cache, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_training_gives_what_others_rely_on(trained: Any) -> None:
    assert {"run", "bundle", "report", "pictures", "accuracy", "ece", "policy", "seconds"} <= set(trained)
    assert set(trained["accuracy"]) == {"leak_free", "naive", "given", "difference"}
    assert {"value", "low", "high", "method", "estimates", "classes"} <= set(trained["accuracy"]["leak_free"])
    assert {"value", "low", "high", "null95"} <= set(trained["ece"])
    assert set(trained["policy"]) == {"sentence", "basis", "share", "error", "needed"}
    assert all(Path(trained[key]).is_absolute() and Path(trained[key]).exists() for key in ("run", "bundle", "report"))


def test_it_learned_the_shapes(trained: Any) -> None:
    leak_free = trained["accuracy"]["leak_free"]
    assert leak_free["method"] == "grouped-cv"
    assert leak_free["estimates"] == "recipe"
    assert leak_free["classes"] == len(KINDS)
    assert leak_free["value"] > 0.6


def test_the_run_folder_holds_everything(trained: Any) -> None:
    names = {path.name for path in Path(trained["run"]).iterdir()}
    assert {
        "run.json", "catalog.parquet", "fixes.csv", "split.json", "metrics.json", "report.html", "model.discern"
    } <= names  # fmt: skip
    assert not [name for name in names if name.endswith(".tmp")]


def test_a_second_run_has_the_same_figures_and_graph(desk: Desk, trained: Any) -> None:
    again = desk.work("train", desk.photos, "--name", "again")
    first, second = Path(trained["run"]), Path(again["run"])
    assert (first / "metrics.json").read_bytes() == (second / "metrics.json").read_bytes()
    shown = [desk.json("show", folder / "model.discern") for folder in (first, second)]
    assert shown[0]["metrics"] == shown[1]["metrics"]


def test_a_finished_run_resumed_is_the_same(desk: Desk, trained: Any) -> None:
    assert desk.work("train", desk.photos, "--name", "shapes", "--resume") == trained


def test_a_taken_name_exits_2_with_one_line(desk: Desk, trained: Any) -> None:
    done = desk.call("train", desk.photos, "--name", "shapes", "--cache", desk.cache)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert "--resume" in done.err


def test_prediction_answers_and_names_paths(desk: Desk, trained: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    done = desk.call("predict", trained["bundle"], desk.photos / "disc", bad, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1
    assert len(lines) == 15
    assert all(Path(line["path"]).is_absolute() for line in lines)
    assert [line["label"] for line in lines[:14]].count("disc") >= 12
    assert {line["decision"] for line in lines[:14]} <= {"review", "unknown"}
    assert lines[14]["error"]["code"] == "not_a_picture"


def test_prediction_reads_standard_input(desk: Desk, trained: Any) -> None:
    picture = sorted((desk.photos / "disc").iterdir())[0]
    done = desk.apart("predict", trained["bundle"], "-", "--json", given=picture.read_bytes())
    assert json.loads(done.out)["label"] == "disc"


def test_evaluation_leaves_out_what_was_seen(desk: Desk, trained: Any, tmp_path: Path) -> None:
    fresh = write_shapes(tmp_path / "fresh", each=8, seed=5)
    seen = sorted((desk.photos / "disc").iterdir())[0]
    shutil.copy(seen, fresh / "disc" / "seen.png")
    strangers = write_strangers(tmp_path / "strangers")
    judged = desk.work("evaluate", trained["bundle"], fresh, "--negatives", strangers)
    assert (judged["pictures"], judged["seen"]) == (24, 1)
    assert {"value", "low", "high"} <= set(judged["accuracy"])
    assert judged["accuracy"]["value"] > 0.6
    assert set(judged["unknown"]) >= {"auroc", "kept", "rejected"}


def test_a_floor_that_is_not_reached_exits_1(desk: Desk, trained: Any, tmp_path: Path) -> None:
    fresh = write_shapes(tmp_path / "fresh", each=8, seed=6)
    words = ("evaluate", trained["bundle"], fresh, "--cache", desk.cache, "--at-least")
    assert desk.call(*words, "accuracy=0.999").code == 1
    assert desk.call(*words, "accuracy=0.01").code == 0
    assert desk.call(*words, "beauty=0.5").code == 2


def test_evaluating_on_the_training_pictures_is_refused(desk: Desk, trained: Any) -> None:
    done = desk.call("evaluate", trained["bundle"], desk.photos, "--cache", desk.cache)
    assert done.code == 2
    assert "trained on all" in done.err


def test_checking_counts_and_proposes(desk: Desk, tmp_path: Path) -> None:
    dirty = shutil.copytree(desk.photos, tmp_path / "dirty")
    first = sorted((dirty / "disc").iterdir())[0]
    shutil.copy(first, dirty / "square" / "other.png")
    (dirty / "disc" / "cut.png").write_bytes(first.read_bytes()[:500])
    checked = desk.work("check", dirty)
    assert checked["pictures"] == 43
    assert checked["unreadable"] == checked["findings"]["unreadable"] == 1
    assert checked["findings"]["label_conflict"] == 1
    assert set(checked["findings"]) == {
        "unreadable", "wrong_suffix", "exact_copy", "near_copy",
        "label_conflict", "part_leak", "small_class", "large_group", "undeclared_film", "imbalance",
        "too_small", "extreme_aspect", "blank", "dark", "bright", "blurred",
        "likely_wrong_label", "odd_one_out", "shortcut",
    }  # fmt: skip
    assert Path(checked["page"]).name == "data.html"
    strict = desk.call("check", dirty, "--strict", "--cache", desk.cache)
    assert strict.code == 1


def test_fixes_are_applied(desk: Desk, tmp_path: Path) -> None:
    dirty = shutil.copytree(desk.photos, tmp_path / "dirty")
    (dirty / "disc" / "empty.png").write_bytes(b"")
    fixes = desk.work("check", dirty)["fixes"]
    assert desk.work("check", dirty, "--fixes", fixes)["unreadable"] == 0


def test_parts_are_written_for_other_tools(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    split = desk.work("split", desk.photos, "--parts", "60/20/20", "--out", out)
    assert sum(split["pictures"].values()) == 42
    assert len(list(out.glob("*/*/*.png"))) == 42
    assert {path.name for path in out.iterdir()} >= {"train", "validation", "test", "split.csv", "train.lst"}


def test_showing_verifying_doctor_and_cache(desk: Desk, trained: Any) -> None:
    shown = desk.json("show", trained["bundle"])
    assert shown["labels"] == list(KINDS)
    assert desk.json("verify", trained["bundle"], "--fingerprint", shown["fingerprint"])["passed"]
    assert desk.json("doctor", "--cache", desk.cache)["passed"]
    assert desk.json("cache", "--cache", desk.cache)["bytes"] > 0


def test_a_changed_bundle_fails_verification_with_1(desk: Desk, trained: Any, tmp_path: Path) -> None:
    changed = bytearray(Path(trained["bundle"]).read_bytes())
    changed[len(changed) // 2] ^= 1
    path = tmp_path / "changed.discern"
    path.write_bytes(bytes(changed))
    assert desk.call("verify", path).code == 1
    assert desk.call("predict", path, desk.photos).code == 2


def test_a_source_that_is_not_there_is_named(desk: Desk) -> None:
    done = desk.call("check", "nowhere", "--cache", desk.cache)
    assert done.code == 2
    assert "nowhere" in done.err
    assert "Traceback" not in done.err


def test_every_command_has_help_with_an_example(desk: Desk) -> None:
    for command in ("check", "split", "train", "evaluate", "predict", "show", "verify", "doctor", "cache"):
        shown = desk.call(command, "--help").out
        assert f"discern {command}" in shown
        assert "Example:" in shown
