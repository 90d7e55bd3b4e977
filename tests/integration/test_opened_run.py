"""`discern.open_run`: tables and metrics of a run, of today and of earlier versions."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import discern
from discern.errors import RunError, UsageError
from discern.evaluating import ClassificationMetrics, Metrics
from discern.flow.check import CheckResult
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.opened_run import OpenedRun, open_run
from discern.flow.split import SplitResult
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace, interrupt_at
from tests.unit.display.shown import read_html
from tests.unit.training.factories import write_colours

FORMAT_1 = Path(__file__).parents[1] / "compatibility/format_1"


@pytest.fixture(scope="module")
def checked(shared_workspace: Workspace) -> CheckResult:
    folder = shared_workspace.some("checked", blue=4, red=4)
    shutil.copy(shared_workspace.pictures("red")[0], folder / "red" / "again.png")
    return shared_workspace.check(folder, name="checked")


@pytest.fixture(scope="module")
def parts(shared_workspace: Workspace) -> SplitResult:
    return shared_workspace.split(shared_workspace.photos, name="parts")


@pytest.fixture(scope="module")
def evaluated(shared_workspace: Workspace, trained: TrainResult) -> EvaluateResult:
    fresh = write_colours(shared_workspace.folder / "opened", each=4, seed=35, spread=45)
    return evaluate(trained.bundle, fresh, runs=shared_workspace.runs, cache=shared_workspace.cache)


def opened(result: EvaluateResult) -> OpenedRun:
    assert result.page is not None
    return open_run(result.page.parent)


def test_a_training_has_everything(trained: TrainResult) -> None:
    run = open_run(trained.run)
    assert (run.kind, run.status, run.folder) == ("train", "done", trained.run)
    assert isinstance(run.metrics, Metrics)
    assert run.metrics.to_json() == json.loads((trained.run / "metrics.json").read_text())
    assert run.answers.equals(pl.read_parquet(trained.run / "answers.parquet"))
    assert run.catalog.table["path"].to_list() == [f"{path}" for path in run.answers.sort("row")["path"]]
    assert run.findings.is_empty()


def test_a_fresh_result_has_them_too(trained: TrainResult, checked: CheckResult) -> None:
    assert trained.answers.equals(open_run(trained.run).answers)
    assert trained.metrics.accuracy.leak_free.value == trained.accuracy["leak_free"]["value"]
    assert trained.findings.columns == ["check", "paths", "score", "action", "value", "why"]
    copies = open_run(checked.run).findings.filter(check="exact_copy")
    assert copies["paths"].to_list() == [["red/p0.png", "red/again.png"]]


def test_the_findings_are_those_that_were_counted(checked: CheckResult) -> None:
    counts = dict(open_run(checked.run).findings["check"].value_counts().iter_rows())
    assert counts == {check: number for check, number in checked.findings.items() if number}


def test_an_evaluation_has_its_answers_and_metrics(evaluated: EvaluateResult) -> None:
    run = opened(evaluated)
    assert run.kind == "evaluate"
    assert isinstance(run.metrics, ClassificationMetrics)
    assert run.metrics.accuracy == evaluated.metrics.accuracy
    assert run.answers.equals(evaluated.answers)


@pytest.mark.parametrize(
    ("of", "name", "message"),
    [
        ("check", "answers", r"no answers.parquet: a run of `discern check` has no predictions"),
        ("check", "metrics", r"no metrics.json: a run of `discern check` measures no model"),
        ("split", "metrics", r"no metrics.json: a run of `discern split` measures no model"),
        ("evaluate", "findings", r"`discern evaluate` does not check pictures"),
        ("evaluate", "catalog", r"a run of `discern evaluate` has no table of the pictures"),
    ],
)
def test_what_a_command_does_not_write_is_an_error_with_the_reason(
    checked: CheckResult, parts: SplitResult, evaluated: EvaluateResult, of: str, name: str, message: str
) -> None:
    run = {"check": open_run(checked.run), "split": open_run(parts.run), "evaluate": opened(evaluated)}[of]
    assert run.kind == of
    with pytest.raises(RunError, match=message) as raised:
        getattr(run, name)
    assert raised.value.hint


def test_a_deleted_file_and_a_damaged_one_are_named(trained: TrainResult, tmp_path: Path) -> None:
    shutil.copytree(trained.run, tmp_path / "run")
    (tmp_path / "run/answers.parquet").unlink()
    (tmp_path / "run/metrics.json").write_text("{")
    run = open_run(tmp_path / "run")
    with pytest.raises(RunError, match=r"no answers.parquet: it was deleted"):
        run.answers  # noqa: B018
    with pytest.raises(RunError, match=r"metrics.json cannot be read"):
        run.metrics  # noqa: B018
    assert len(run.catalog) == 36


def test_an_interrupted_run_says_so(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        workspace.train(workspace.photos, name="mine", progress=interrupt_at("fit"))
    run = open_run(workspace.runs / "mine")
    assert (run.kind, run.status) == ("train", "running")
    assert len(run.catalog) == 36
    with pytest.raises(RunError, match="interrupted before it was written"):
        run.answers  # noqa: B018


@pytest.mark.parametrize("make", ["missing", "folder", "file"])
def test_what_is_no_run_is_refused(tmp_path: Path, make: str) -> None:
    place = tmp_path / "place"
    if make == "folder":
        place.mkdir()
    if make == "file":
        place.write_text("text")
    with pytest.raises(RunError, match="is not"):
        open_run(place)
    with pytest.raises(UsageError):
        open_run("")


def test_runs_of_an_earlier_version_can_be_opened() -> None:
    run = discern.open_run(FORMAT_1 / "finished")
    assert isinstance(run.metrics, Metrics)
    assert run.metrics.accuracy.to_json() == json.loads((run.folder / "metrics.json").read_text())["accuracy"]
    assert (run.kind, len(run.catalog), len(run.answers)) == ("train", 21, 20)
    assert set(run.findings["check"])
    assert open_run(FORMAT_1 / "checked").kind == "check"
    assert open_run(FORMAT_1 / "interrupted").status == "running"


def test_nothing_is_written_to_a_run(trained: TrainResult) -> None:
    before = {path: path.stat().st_mtime_ns for path in [trained.run, *trained.run.iterdir()]}
    run = open_run(trained.run)
    assert run.answers is run.answers
    run._repr_html_()
    assert {path: path.stat().st_mtime_ns for path in [trained.run, *trained.run.iterdir()]} == before


def test_a_run_is_shown_with_its_files(trained: TrainResult) -> None:
    run = open_run(trained.run)
    assert repr(run) == f"OpenedRun(folder={str(trained.run)!r}, kind='train', status='done')"
    assert "answers.parquet" in read_html(run._repr_html_()).text
