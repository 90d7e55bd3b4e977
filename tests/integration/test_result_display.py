"""Results in a notebook: HTML of their own, escaped; elsewhere one short line."""

from pathlib import Path

import pytest

import discern
from discern.display.displayed import Displayed
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.display.shown import read_html
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="module")
def strangers(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "outsiders", each=3, seed=28) / "red"


@pytest.fixture(scope="module")
def evaluated(shared_workspace: Workspace, trained: TrainResult, strangers: Path) -> EvaluateResult:
    fresh = write_colours(shared_workspace.folder / "judged", each=5, seed=25, spread=45)
    return evaluate(trained.bundle, fresh, against=[trained.bundle], negatives=strangers, cache=shared_workspace.cache)


def test_every_result_has_a_card_and_a_short_text() -> None:
    results = [getattr(discern, name) for name in discern.__all__ if name.endswith("Result")]
    shown = [each for each in results if each.__name__ != "KeyResult"]  # which has a secret
    assert [each for each in shown if not issubclass(each, Displayed)] == []
    assert [each for each in shown if "__repr__" in vars(each)] == []


def test_a_training_shows_its_accuracy_and_its_files(trained: TrainResult) -> None:
    page = read_html(trained._repr_html_())
    value = trained.accuracy["leak_free"]["value"]
    assert f"leak-free accuracy {100 * value:.0f} %" in page.text
    assert "3: blue 12, green 12 and red 12" in page.text
    assert "model.discern" in page.text
    assert repr(trained) == f"TrainResult(run={str(trained.run)!r}, accuracy={value:.4g})"


def test_a_check_shows_its_findings(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=3, red=3)
    (folder / "red" / "cut.png").write_bytes(b"\x89PNG\r\n")
    checked = workspace.check(folder, plots=True)
    page = read_html(checked._repr_html_())
    number = sum(checked.findings.values())
    assert f"{number} finding" in page.text
    assert "unreadable 1" in page.text
    assert "plots" in page.text
    assert repr(checked) == f"CheckResult(run={str(checked.run)!r}, pictures=6, findings={number})"


def test_an_evaluation_shows_classes_and_other_models(evaluated: EvaluateResult) -> None:
    page = read_html(evaluated._repr_html_())
    assert "15 pictures of 3 classes" in page.text
    assert f"Accuracy minus that of {evaluated.of}: 0.0 percentage points" in page.text
    assert all(label in page.text for label in ("blue", "green", "red"))
    assert len(repr(evaluated)) < 300
    accuracy = evaluated.metrics.accuracy.value
    assert repr(evaluated.metrics).startswith(f"ClassificationMetrics(pictures=15, accuracy={accuracy:.4g}")
    assert "macro f1" in read_html(evaluated.metrics._repr_html_()).text


def test_the_answers_of_an_evaluation_give_its_metrics(evaluated: EvaluateResult, strangers: Path) -> None:
    answers = evaluated.answers
    assert answers["model"].unique().to_list() == [evaluated.of]
    assert len(answers) == 2 * (15 + 3)
    first = answers[:15]
    assert (first["label"] == first["answer"]).mean() == pytest.approx(evaluated.metrics.accuracy.value)
    assert set(first["decision"]) <= {"accept", "review", "unknown"}
    others = answers.filter(answers["label"] == "_other")
    assert set(others["path"]) == {path.name for path in strangers.iterdir()}


def test_a_prediction_shows_its_picture(trained: TrainResult, shared_workspace: Workspace, tmp_path: Path) -> None:
    picture, text = shared_workspace.pictures("red")[0], tmp_path / "notes.txt"
    text.write_text("no picture")
    good, bad = discern.predict(trained.bundle, [picture, text])
    page = read_html(good._repr_html_())
    assert "red" in page.text
    assert [image["alt"] for image in page.all("img")] == [picture.name]
    assert "not usable" in read_html(bad._repr_html_()).text
    assert good.prediction is not None
    assert read_html(good.prediction._repr_html_()).all("img") == []
    assert repr(good.prediction).startswith("Prediction(label='red', decision=")
    assert repr(good).startswith(f"Answer(path={str(picture)!r}, prediction=Prediction(label='red'")
    assert "notes.txt" in repr(bad)


def test_a_picture_that_is_gone_leaves_the_prediction(trained: TrainResult, workspace: Workspace) -> None:
    copy = workspace.some("gone", red=1)
    (answer,) = discern.predict(trained.bundle, [copy])
    next(copy.rglob("*.png")).unlink()
    page = read_html(answer._repr_html_())
    assert (page.all("img"), "red" in page.text) == ([], True)


def test_a_model_shows_its_labels(trained: TrainResult) -> None:
    model = discern.load(trained.bundle)
    assert repr(model) == "Model(name='colours', version='1', labels=3)"
    assert "blue, green, red" in read_html(model._repr_html_()).text


def test_small_results_have_a_card_too(trained: TrainResult, workspace: Workspace) -> None:
    verified = discern.verify(trained.bundle)
    assert "True" in read_html(verified._repr_html_()).text
    assert repr(verified).startswith("VerifyResult(passed=True")
    diagnosed = discern.doctor(cache=workspace.cache)
    assert "picture formats" in read_html(diagnosed._repr_html_()).text
    assert repr(diagnosed) == f"DoctorResult(passed={diagnosed.passed})"
