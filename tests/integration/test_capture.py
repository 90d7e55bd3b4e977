"""Captured requests are a source of pictures, with labels from a key or from ground truth."""

import csv
import json
from pathlib import Path

import pytest

from discern.bundle import load
from discern.catalog.left_out import REASONS
from discern.errors import CatalogError, DataError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.predict.batch import predict_to
from discern.flow.predict.predict import predict
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.catalog.factories import captured, write_archive
from tests.unit.training.factories import write_colours

HOUR = "my-endpoint/AllTraffic/2026/11/29/10"


@pytest.fixture(scope="module")
def fresh(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "fresh requests", each=6, seed=8)


@pytest.fixture
def capture(fresh: Path, tmp_path: Path) -> Path:
    """A folder of captured requests in two files, with one record of each other sort."""
    folder = tmp_path / "capture" / HOUR
    folder.mkdir(parents=True)
    lines = [
        captured(path.read_bytes(), event=f"{path.parent.name}-{number}", output={"predicted_label": path.parent.name})
        for number, path in enumerate(sorted(fresh.rglob("*.png")))
    ]
    (folder / "00-1.jsonl").write_bytes(b"".join(lines[:10]))
    others = [captured("1,2", event="csv", content_type="text/csv", encoding="CSV"), b'{"captureData": {"end\n']
    (folder / "30-2.jsonl").write_bytes(b"".join([*lines[10:], *others]))
    return tmp_path / "capture"


def write_truth(path: Path, fresh: Path) -> Path:
    records = [
        {
            "groundTruthData": {"data": each.parent.name, "encoding": "CSV"},
            "eventMetadata": {"eventId": f"{each.parent.name}-{number}"},
            "eventVersion": "0",
        }
        for number, each in enumerate(sorted(fresh.rglob("*.png")))
    ]
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def test_check_accounts_for_every_record(workspace: Workspace, capture: Path) -> None:
    result = workspace.check(capture)
    account = result.account
    assert (account.found, account.used) == (20, 0)
    assert account.left_out == dict.fromkeys(REASONS, 0) | {"no_label": 18, "not_a_picture": 1, "unreadable": 1}
    assert (result.pictures, account.classes) == (18, {})
    with (result.run / "left_out.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["path"]: row["message"] for row in csv.DictReader(file) if row["message"]}
    assert "no picture: it is text/csv" in rows[f"{HOUR}/30-2.jsonl!/csv"]
    assert "Line 10 is not valid JSON" in rows[f"{HOUR}/30-2.jsonl!/line-10"]


@pytest.mark.parametrize("form", ["folder", "file", "zip"])
def test_labels_are_taken_from_a_key(workspace: Workspace, capture: Path, form: str) -> None:
    source = capture
    if form == "file":
        source = capture / HOUR / "00-1.jsonl"
    elif form == "zip":
        files = {path.relative_to(capture).as_posix(): path.read_bytes() for path in capture.rglob("*.jsonl")}
        source = write_archive(workspace.folder / "capture.zip", files)
    result = workspace.check(source, label_from="captureData.endpointOutput.data.predicted_label")
    assert result.account.classes == ({"blue": 6, "green": 4} if form == "file" else {"blue": 6, "green": 6, "red": 6})
    with pytest.raises(CatalogError, match="No captured request has a label under nothing"):
        workspace.check(source, label_from="nothing")


def test_a_model_is_evaluated_on_ground_truth(
    trained: TrainResult, shared_workspace: Workspace, capture: Path, fresh: Path
) -> None:
    with pytest.raises(DataError, match="No picture"):
        evaluate(trained.bundle, capture, cache=shared_workspace.cache)
    write_truth(capture / "truth.jsonl", fresh)
    judged = evaluate(trained.bundle, capture, cache=shared_workspace.cache)
    expected = evaluate(trained.bundle, fresh, cache=shared_workspace.cache)
    assert (judged.pictures, judged.unreadable) == (18, 1)
    assert judged.metrics.accuracy == expected.metrics.accuracy
    assert judged.notes == ("The labels of 18 captured pictures are from the ground truth in truth.jsonl.",)


def test_predictions_are_those_of_the_pictures(
    trained: TrainResult, capture: Path, fresh: Path, tmp_path: Path
) -> None:
    model = load(trained.bundle)
    expected = [model(path).label for path in sorted(fresh.rglob("*.png"))]
    file = capture / HOUR / "30-2.jsonl"
    answers = list(predict(model, file))
    assert [each.prediction.label for each in answers if each.prediction] == expected[10:]
    assert [each.error.code for each in answers if each.error] == ["not_a_picture", "damaged"]
    assert answers[0].path == f"{file}!/green-10.png"
    assert [each.prediction.label for each in predict(model, capture) if each.prediction] == expected
    result = predict_to(model, capture, tmp_path / "out.csv")
    assert (result.pictures, result.unusable) == (20, 2)
