"""`--like`: a former run is repeated to the byte, and what has changed since is said."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer

import discern
from discern.cli.app import app
from discern.cli.option_values import parse_error_limit, parse_order, parse_parts_of, parse_share, parse_thresholds
from discern.errors import RunError, UsageError
from discern.flow.former_run import former_options
from discern.flow.prepare import PrepareConfig
from discern.flow.run import Run
from discern.flow.train import TrainResult
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training import TrainConfig
from tests.compatibility.stored_files import FORMAT_1, StoredFiles
from tests.e2e.server_process import Completed, call_here
from tests.integration.workspace import Workspace
from tests.unit.training.factories import write_colours

SAME_BYTES = (
    *("catalog.parquet", "edges.parquet", "findings.parquet", "split.json", "answers.parquet", "metrics.json"),
    *("fixes.csv", "left_out.csv"),
)


def call(folder: Path, *words: str | Path) -> Completed:
    folder.mkdir(exist_ok=True)
    return call_here(folder, words)


def config_of(run: Path | str) -> dict[str, Any]:
    return dict(json.loads((Path(run) / "run.json").read_text())["config"])


def test_training_like_a_run_gives_the_same_bytes(
    shared_workspace: Workspace, trained: TrainResult, tmp_path: Path
) -> None:
    # From another folder and with an empty cache.
    done = call(tmp_path, "train", "--like", trained.run, "--name", "colours", "--cache", tmp_path / "cache", "--json")
    assert done.code == 0, done.err
    again = Path(json.loads(done.out)["run"])
    assert again == tmp_path / "runs/colours"
    for name in (*SAME_BYTES, "model.discern"):
        assert (again / name).read_bytes() == (trained.run / name).read_bytes(), name
    assert config_of(again) == config_of(trained.run)
    assert "changed since" not in done.err
    options = discern.options_of(trained.run) | {"cache": shared_workspace.cache, "runs": tmp_path}
    other = discern.train(**options, name="other")
    bundles = [zipfile.ZipFile(run / "model.discern") for run in (trained.run, other.run)]
    for member in ("model.onnx", "golden.npz", "seen.npy", "reference.npz"):
        assert bundles[0].read(member) == bundles[1].read(member)
    for bundle in bundles:
        bundle.close()


def test_options_of_a_run_are_those_of_its_function(trained: TrainResult, shared_workspace: Workspace) -> None:
    options = discern.options_of(trained.run)
    assert options == {
        "source": str(shared_workspace.photos), "seed": 0, "fixes": None, "backbone": str(shared_workspace.backbone),
        "at_most_wrong": "auto", "coverage": 0.9, "method": None, "epochs": None, "batch": None, "lr": None,
        "preset": None, "network": None, "hidden": None, "dropout": None, "weight_decay": None, "label_smoothing": None,
        "augment": None, "mirror": None, "balance": None, "device": None, "budget": None, "folds": None,
        "ordered": (), "negatives": None, "names": None, "parts_of": None,
        "group_by": None, "classes": None, "label_from": None, "size": None, "fit": None, "mean": None,
        "deviation": None, "scale": None, "views": None, "weights": None, "thresholds": None, "like": str(trained.run),
    }  # fmt: skip
    assert set(discern.options_of(trained.run, "check")) < {*options, "cache"}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    workspace = Workspace.at(tmp_path_factory.mktemp("checked"))
    fixes = workspace.folder / "my fixes.csv"
    fixes.write_text("path,action,value\nblue/blue-0.png,drop,\n".replace("blue-0", workspace.pictures("blue")[0].stem))
    options = {"fixes": fixes, "group_by": r"(\d)\.png", "thresholds": {"blurred": 0.1, "dark": 12.5}}
    return workspace, workspace.check(workspace.photos, name="first", **options).run


def test_every_option_is_taken_and_those_given_win(checked: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, run = checked
    cache = ("--cache", workspace.cache, "--runs", workspace.runs)
    assert call(tmp_path, "check", "--like", run, "--name", "like", *cache).code == 0
    assert config_of(workspace.runs / "like") == config_of(run)
    given = ("--group-by", r"(\w)\.png", "--set", "blurred=.3")
    assert call(tmp_path, "check", *given, "--like", run, "--name", "given", *cache).code == 0
    changed = {"group_by": r"(\w)\.png", "thresholds": {"blurred": 0.3}}
    assert config_of(workspace.runs / "given") == config_of(run) | changed
    # A split takes what it has in common with a check, and adds its own.
    assert call(tmp_path, "split", "--like", run, "--seed", "3", "--name", "parts", *cache).code == 0
    parts = config_of(workspace.runs / "parts")
    assert (parts["group_by"], parts["seed"], parts["parts"]) == (r"(\d)\.png", 3, [70, 20, 10])
    assert call(tmp_path, "split", "--like", workspace.runs / "parts", "--name", "parts2", *cache).code == 0
    assert config_of(workspace.runs / "parts2") == parts


def test_options_without_a_plain_text_come_through_the_command_line(tmp_path: Path) -> None:
    preparing = PrepareConfig.of(
        tmp_path / "photos",
        fixes=tmp_path / "a, b.csv",
        backbone="my.onnx",
        negatives="others",
        ordered=["low", "high"],
        names="names.csv",
        parts_of={},
        group_by=r"-x(\d), (y)",
        thresholds={"blurred": 1 / 3},
    )
    training = TrainConfig(seed=7, split=SplitConfig(seed=7), at_most_wrong=1 / 30, coverage=None)
    run = Run.create(
        tmp_path / "photos", name="x", runs=tmp_path, resume=False, config=preparing.to_json() | training.to_json()
    )
    values = typer.main.get_command(app).commands["train"].make_context("train", ["--like", str(run.folder)]).params
    values = values | {
        "ordered": parse_order(values["ordered"]),
        "parts_of": parse_parts_of(values["parts_of"]),
        "thresholds": parse_thresholds(values["thresholds"]),
        "at_most_wrong": parse_error_limit(values["at_most_wrong"]),
        "coverage": parse_share(values["coverage"]),
    }
    options = discern.options_of(run.folder)
    assert options["fixes"] == str(tmp_path / "a, b.csv")
    assert {name: values[name] for name in options} == options


def test_labels_with_commas_are_repeated_from_python_only(tmp_path: Path) -> None:
    preparing = PrepareConfig.of(tmp_path, fixes=None, backbone="lite0", ordered=["a, b", "c"])
    config = preparing.to_json() | TrainConfig(head=HeadConfig(ordered=True)).to_json()
    run = Run.create(tmp_path, name="x", runs=tmp_path, resume=False, config=config)
    assert discern.options_of(run.folder)["ordered"] == ("a, b", "c")
    done = call(tmp_path, "train", "--like", run.folder)
    assert (done.code, "has a comma" in done.err) == (2, True)


def test_changed_data_and_fixes_are_said(checked: tuple[Workspace, Path], tmp_path: Path) -> None:
    workspace, _ = checked
    source = shutil.copytree(workspace.photos, tmp_path / "photos")
    fixes = tmp_path / "fixes.csv"
    fixes.write_text("path,action,value\n")
    first = workspace.check(source, fixes=fixes).run
    again = discern.check(**discern.options_of(first, "check"), runs=workspace.runs, cache=workspace.cache)
    assert not any("changed since" in note for note in again.notes)
    red = sorted((source / "red").iterdir())
    red[0].rename(source / "blue/was red.png")
    red[1].unlink()
    fixes.write_text("path,action,value,why\nred/none,drop,,\n".replace("none", red[2].name))
    done = call(tmp_path, "check", "--like", first, "--cache", workspace.cache)
    assert done.code == 0
    assert f"{fixes} has changed since {first}" in done.err
    for words in ("36 pictures then, 34 now", "2 removed: red 2", "1 relabelled: blue 1"):
        assert words in done.err
    # With other data on purpose, nothing has changed unasked.
    other = call(tmp_path, "check", workspace.photos, "--like", first, "--cache", workspace.cache)
    assert (other.code, "data have changed" in other.err) == (0, False)


def test_runs_of_earlier_versions_are_repeated(tmp_path: Path) -> None:
    stored = StoredFiles.copy_to(tmp_path / "kept")
    options = discern.options_of(stored.folder / "finished")
    assert {name: options[name] for name in ("at_most_wrong", "ordered", "names", "group_by", "thresholds")} == {
        "at_most_wrong": 0.23,
        "ordered": ("blue", "green", "red"),
        "names": str(stored.folder / "names.csv"),
        "group_by": None,
        "thresholds": None,
    }
    done = call(tmp_path, "check", "--like", stored.folder / "checked", "--cache", stored.folder / "cache")
    assert done.code == 0, done.err
    assert "version" not in done.err


def test_options_that_do_not_exist_are_named(tmp_path: Path, checked: tuple[Workspace, Path]) -> None:
    workspace, run = checked
    facts = json.loads((FORMAT_1 / "finished/run.json").read_text())
    facts["config"] |= {"sharpen": True, "split": {**facts["config"]["split"], "folds": 7}, "head": {"colour": 1}}
    (tmp_path / "old").mkdir()
    (tmp_path / "old/run.json").write_text(json.dumps(facts))
    assert former_options(tmp_path / "old", "train").gone == ("sharpen", "split.folds", "head.colour")
    facts = json.loads((run / "run.json").read_text())
    (tmp_path / "old/run.json").write_text(json.dumps(facts | {"config": facts["config"] | {"sharpen": True}}))
    done = call(tmp_path, "check", "--like", "old", "--cache", workspace.cache, "--json")
    assert (done.code, "sharpen" in done.err, done.out.count("\n")) == (0, True, 1)


def test_what_cannot_be_repeated_is_refused(tmp_path: Path, trained: TrainResult) -> None:
    for words, message in (
        (("train", "--like", tmp_path), "no run.json"),
        (("train", "--like", tmp_path / "none"), "is not the folder of a run"),
        (("evaluate", "--like", trained.run), "is a run of train"),
        (("train",), "Missing argument"),
    ):
        done = call(tmp_path, *words)
        assert (done.code, done.out, message in done.err) == (2, "", True), done.err
    with pytest.raises(UsageError, match="no former runs"):
        discern.options_of(trained.run, "serve")
    with pytest.raises(RunError, match="run of train, whose options are not those of evaluate"):
        discern.options_of(trained.run, "evaluate")


def test_an_evaluation_is_repeated(trained: TrainResult, tmp_path: Path, checked: tuple[Workspace, Path]) -> None:
    fresh = write_colours(tmp_path / "fresh", each=8, seed=5)
    options = ("--group-by", r"(\w)\.png", "--seed", "4", "--cache", tmp_path / "cache")
    assert call(tmp_path, "evaluate", trained.bundle, fresh, *options, "--name", "one").code == 0
    done = call(tmp_path / "elsewhere", "evaluate", "--like", tmp_path / "runs/one", "--cache", tmp_path / "cache")
    assert done.code == 0, done.err
    first, again = tmp_path / "runs/one", tmp_path / "elsewhere/runs/fresh-1"
    assert config_of(first) == config_of(again)
    metrics = [json.loads((run / "evaluation.json").read_text()) | {"page": None} for run in (first, again)]
    assert metrics[0] == metrics[1]
