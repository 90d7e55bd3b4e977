"""`discern compare`: runs on the pictures that all of them held out, and the one to ship."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import discern
from discern.errors import DataError, RunError, UsageError
from discern.flow.train import TrainResult
from discern.parallel import count_cores
from tests.e2e.server_process import call_here
from tests.integration.workspace import Workspace


def copy_run(trained: TrainResult, folder: Path, *, wrong: int = 0, kept: int | None = None) -> Path:
    """Copy a run, with its first answers wrong, and only the first pictures kept."""
    other = shutil.copytree(trained.run, folder)
    answers = pl.read_parquet(other / "answers.parquet").head(10**6 if kept is None else kept)
    others = pl.when(pl.col("label") == "red").then(pl.lit("blue")).otherwise(pl.lit("red"))
    answer = pl.when(pl.int_range(pl.len()) < wrong).then(others).otherwise("label").alias("answer")
    answers.with_columns(answer).write_parquet(other / "answers.parquet")
    return other


def test_two_runs_are_a_table_a_page_and_a_sentence(trained: TrainResult, tmp_path: Path) -> None:
    other, page = copy_run(trained, tmp_path / "other", wrong=20), tmp_path / "page.html"
    done = call_here(tmp_path, ["compare", str(trained.run), str(other), "--out", str(page), "--json"])
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {"rows", "pairs", "recommended", "page"} <= found.keys()
    row, worse = found["rows"]
    leak_free = trained.accuracy["leak_free"]
    assert row["accuracy"] == {name: pytest.approx(leak_free[name]) for name in ("value", "low", "high")}
    assert (row["run"], row["method"], row["train_seconds"] > 0) == (str(trained.run), "probe", True)
    assert row["parameters"] > 0
    assert row["ms_per_picture"] > 0
    assert row["megabytes"] == pytest.approx(Path(trained.bundle).stat().st_size / 1e6, abs=1e-3)
    assert row["per_class"][0]["label"] == found["labels"][0]
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"]) == (row["run"], worse["run"])
    assert pair["difference"]["value"] == pytest.approx(row["accuracy"]["value"] - worse["accuracy"]["value"])
    assert pair["p"] < 0.05
    assert found["recommended"]["run"] == str(trained.run)
    assert found["recommended"]["why"].startswith(f"Ship {trained.run.name}")
    text = page.read_text(encoding="utf-8")
    assert found["recommended"]["why"] in text
    assert found["page"] == str(page)
    assert found["recommended"]["best"] == str(trained.run)
    assert found["recommended"]["not_inferior"] is True
    assert row["multiply_adds"] > 0
    assert row["cost"].keys() == {"target", "per_day", "per_month", "prices_as_of"}
    assert row["cost"]["per_month"] > 0
    assert sum(each["pictures"] for each in row["per_class"]) == found["pictures"]
    assert row["train_seconds"] >= row["measured_seconds"] > 0


def test_a_training_from_the_cache_is_not_called_faster(workspace: Workspace) -> None:
    cold = workspace.train(workspace.folder / "few", name="cold", seed=1)
    warm = workspace.train(workspace.folder / "few", name="warm", seed=1)
    first, second = discern.compare(cold.run, warm.run).to_json()["rows"]
    assert (first["cached_pictures"], second["cached_pictures"]) == (0, 15)
    assert first["train_seconds"] == first["measured_seconds"]
    assert second["train_seconds"] == pytest.approx(
        second["measured_seconds"] + 15 * second["ms_per_picture"] / 1000 / count_cores(), abs=0.002
    )


def test_uses_of_the_same_pictures_are_counted_beside_the_runs(trained: TrainResult, tmp_path: Path) -> None:
    folder = tmp_path / "counted"
    first, second = copy_run(trained, folder / "first"), copy_run(trained, folder / "second", wrong=9)
    assert discern.compare(first, second).to_json()["uses"] == {"comparisons": 1, "models": 1}
    assert len((folder / "comparisons.jsonl").read_text(encoding="ascii").splitlines()) == 1


def test_runs_are_compared_on_what_all_held_out_under_one_label(trained: TrainResult, tmp_path: Path) -> None:
    part = copy_run(trained, tmp_path / "part", kept=30)
    answers = pl.read_parquet(part / "answers.parquet")
    relabelled = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("green")).otherwise("label").alias("label")
    changed = answers.with_columns(relabelled)
    changed.write_parquet(part / "answers.parquet")
    count = int((changed["label"] != answers["label"]).sum())
    found = discern.compare(trained.run, part)
    assert count > 0
    assert found.pictures == 30 - count
    assert "judged on different pictures (colours 36, part 30)" in found.notes[0]
    assert found.notes[1].startswith(f"{count} of the common pictures are left out, as their labels differ")


def test_runs_without_a_common_picture_are_refused(trained: TrainResult, tmp_path: Path) -> None:
    first, second = copy_run(trained, tmp_path / "first", kept=30), copy_run(trained, tmp_path / "second")
    pl.read_parquet(second / "answers.parquet").tail(6).write_parquet(second / "answers.parquet")
    with pytest.raises(DataError, match="No picture was held out by all"):
        discern.compare(first, second)


def test_runs_that_cannot_be_compared_are_refused(workspace: Workspace, trained: TrainResult, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two or more runs"):
        discern.compare(trained.run)
    with pytest.raises(UsageError, match="given twice"):
        discern.compare(trained.run, f"{trained.run}/")
    with pytest.raises(RunError, match="one of `discern check`"):
        discern.compare(trained.run, workspace.check(workspace.folder / "few", name="checked").run)
    (copy_run(trained, tmp_path / "other") / "model.discern").unlink()
    with pytest.raises(RunError, match="no finished model"):
        discern.compare(trained.run, tmp_path / "other")
    with pytest.raises(UsageError, match="not the name of a page"):
        discern.compare(trained.run, tmp_path / "other", out=tmp_path / "page.txt")


def test_a_class_that_the_metrics_of_a_run_do_not_have_is_named(trained: TrainResult, tmp_path: Path) -> None:
    other = copy_run(trained, tmp_path / "other")
    answers = pl.read_parquet(other / "answers.parquet")
    answers.with_columns(answer=pl.lit("violet")).write_parquet(other / "answers.parquet")
    with pytest.raises(RunError, match="names classes that the metrics of the run do not have: violet"):
        discern.compare(trained.run, other)


def test_runs_of_other_classes_are_refused(trained: TrainResult, tmp_path: Path) -> None:
    other = copy_run(trained, tmp_path / "other")
    metrics = json.loads((other / "metrics.json").read_text(encoding="utf-8"))
    metrics["figures"]["labels"][0] = "violet"
    (other / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    with pytest.raises(DataError, match="only one of them has blue, violet"):
        discern.compare(trained.run, other)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.at(tmp_path_factory.mktemp("compare"))
    workspace.some("few", blue=5, green=5, red=5)
    return workspace
