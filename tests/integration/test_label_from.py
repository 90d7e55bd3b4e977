"""`--label-from` takes labels from JSON files of pictures, and from columns and keys of lists."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discern.bundle import load
from discern.cli.app import app
from discern.errors import CatalogError, DiscernError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.predict.batch import predict_to
from discern.flow.predict.predict import predict
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.catalog.factories import write_archive
from tests.unit.training.factories import write_colours

QUANTITY = {"blue": 1, "green": 2, "red": 10}


def bins(photos: Path, target: Path, key: str = "EXPECTED_QUANTITY") -> Path:
    """The layout of the Amazon Bin Image Dataset, with a quantity for each colour."""
    (target / "bin-images").mkdir(parents=True)
    (target / "metadata").mkdir()
    for number, path in enumerate(sorted(photos.rglob("*.png"))):
        shutil.copy(path, target / "bin-images" / f"{number:04}.jpg")
        content = {"BIN": {"quantity": 1}, key: QUANTITY[path.parent.name]}
        (target / "metadata" / f"{number:04}.json").write_text(json.dumps(content))
    return target


def listed(run: Path) -> list[str]:
    with (run / "left_out.csv").open(newline="", encoding="utf-8") as file:
        return [row["reason"] for row in csv.DictReader(file)]


def test_bins_train_an_ordinal_model_by_themselves(workspace: Workspace) -> None:
    source = bins(workspace.photos, workspace.folder / "bucket")
    result = workspace.train(source, ordered=["numeric"])
    assert result.account.classes == {"1": 12, "2": 12, "10": 12}
    assert (result.account.found, result.account.used, result.account.left_out["sidecar"]) == (72, 36, 36)
    assert (result.account.folders_without_pictures, result.account.classes_without_pictures) == ({}, {})
    assert listed(result.run) == ["sidecar"] * 36
    assert load(result.bundle).labels == ("1", "2", "10")
    assert result.counts is not None
    fresh = bins(write_colours(workspace.folder / "fresh", each=6, seed=3), workspace.folder / "more")
    judged = evaluate(result.bundle, fresh, classes="1,10", cache=workspace.cache)
    assert (judged.pictures, judged.left_out["class_not_chosen"], judged.unreadable) == (12, 6, 0)
    assert judged.notes == ("The labels are the EXPECTED_QUANTITY in 18 JSON files of the pictures.",)


@pytest.mark.parametrize("form", ["", ".zip"])
def test_any_key_of_json_files_gives_the_labels(workspace: Workspace, form: str) -> None:
    source = bins(workspace.some("few", blue=3, red=3), workspace.folder / "bucket", key="n")
    if form:
        files = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*.*")}
        source = write_archive(workspace.folder / f"bucket{form}", files)
    result = workspace.check(source, label_from="n")
    assert result.account.classes == {"1": 3, "10": 3}
    assert json.loads((result.run / "run.json").read_text())["config"]["label_from"] == "n"
    assert workspace.check(source, label_from="BIN.quantity").account.classes == {"1": 6}


LISTS = {
    "a.csv": "path,count,breed\n{blue},1,x\n{red},2,x\n",
    "a.jsonl": '{{"path": "{blue}", "x": {{"count": 1}}}}\n{{"path": "{red}", "x": {{"count": 2.0}}}}\n',
    "a.manifest": '{{"source-ref": "s3://b/{blue}", "count": 1}}\n{{"source-ref": "s3://b/{red}", "count": 2}}\n',
    "a.json": '[{{"image": "{blue}", "count": 1}}, {{"image": "{red}", "count": 2}}]',
    "b.json": '{{"{blue}": {{"count": 1}}, "{red}": {{"count": 2}}}}',
    "metadata.jsonl": '{{"file_name": "{blue}", "count": 1}}\n{{"file_name": "{red}", "count": 2}}\n',
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_name_the_column_or_key(workspace: Workspace, name: str) -> None:
    photos = workspace.some("few", blue=1, red=1)
    paths = {path.parent.name: path.relative_to(photos).as_posix() for path in photos.rglob("*.png")}
    (photos / name).write_text(LISTS[name].format(**paths))
    key = "x.count" if name == "a.jsonl" else "count"
    sources = [photos, photos / name] if name == "metadata.jsonl" else [photos / name]
    for source in sources:
        assert workspace.check(source, label_from=key).account.classes == {"1": 1, "2": 1}
        with pytest.raises(CatalogError, match="nothing"):
            workspace.check(source, label_from="nothing")


@pytest.mark.parametrize(("key", "error"), [(" ", UsageError), ("count", CatalogError)])
def test_what_has_no_such_labels_is_refused(workspace: Workspace, key: str, error: type[DiscernError]) -> None:
    with pytest.raises(error):
        workspace.check(workspace.some("few", blue=1, red=1), label_from=key)
    assert workspace.kept() == []


def test_a_list_without_keys_is_refused(workspace: Workspace) -> None:
    photos = workspace.some("few", blue=1, red=1)
    (photos / "a.lst").write_text(f"0\t1\tblue/{workspace.pictures('blue')[0].name}\n")
    with pytest.raises(CatalogError, match="has no keys or columns"):
        workspace.check(photos / "a.lst", label_from="label")


def test_fixes_of_earlier_versions_may_drop_such_files(workspace: Workspace) -> None:
    source = bins(workspace.some("few", blue=2, red=2), workspace.folder / "bucket")
    fixes = workspace.folder / "fixes.csv"
    fixes.write_text("path,action\nmetadata/0000.json,drop\n")
    assert workspace.check(source, fixes=fixes).account.left_out["dropped_by_fix"] == 0


def test_predictions_pass_over_files_of_pictures(trained: TrainResult, workspace: Workspace, tmp_path: Path) -> None:
    source = bins(workspace.some("few", blue=2, red=2), workspace.folder / "bucket")
    (source / "notes.json").write_text("{}")
    answers = list(predict(trained.bundle, source))
    assert sorted(Path(each.path).name for each in answers if each.prediction) == [f"000{n}.jpg" for n in range(4)]
    assert [Path(each.path).name for each in answers if each.error] == ["notes.json"]
    result = predict_to(trained.bundle, source, tmp_path / "out.csv")
    assert (result.pictures, result.unusable) == (5, 1)


@pytest.mark.parametrize("command", ["check", "split", "train", "evaluate"])
def test_each_command_takes_the_option(command: str) -> None:
    assert "--label-from" in CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
