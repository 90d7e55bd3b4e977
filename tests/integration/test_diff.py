"""`discern diff`: pictures, options, versions and figures of two runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import discern
from discern.cli.diff_lines import describe_diff
from discern.errors import CatalogError, RunError
from discern.evaluating import Interval
from discern.flow.data_changes import KINDS
from discern.flow.figures import Figure
from discern.flow.train import TrainResult
from tests.compatibility.stored_files import FORMAT_1
from tests.e2e.server_process import call_here
from tests.integration.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.at(tmp_path_factory.mktemp("diff"))
    workspace.some("few", blue=5, green=5, red=5)
    return workspace


@pytest.fixture(scope="module")
def first(workspace: Workspace) -> Path:
    return workspace.check(workspace.folder / "few", name="first").run


def counts(data: dict[str, Any]) -> dict[str, int]:
    return {kind: data[kind]["count"] for kind in KINDS if data[kind]["count"]}


def figure(*runs: tuple[float, ...] | None) -> Figure:
    """A figure of two runs, each with its value and the ends of its interval."""
    names = ("value", "low", "high")
    a, b = (None if run is None else Interval(**dict(zip(names, run, strict=False))) for run in runs)
    return Figure(name="accuracy", a=a, b=b)


def test_a_run_does_not_differ_from_itself(trained: TrainResult) -> None:
    found = discern.diff(trained.run, trained.run).to_json()
    assert (counts(found["data"]), found["options"], found["versions"], found["notes"]) == ({}, {}, {}, [])
    assert found["data"]["same"] == found["data"]["pictures"]["a"] == 36
    figures = {each["name"]: each for each in found["figures"]}
    assert {"accuracy", "accuracy.naive", "macro_f1", "ece", "recall of red", "findings.blurred"} <= set(figures)
    assert figures["accuracy"]["a"] == trained.accuracy["leak_free"]["value"]
    assert {each["difference"] for each in figures.values()} == {0.0}
    assert {each["within_noise"] for each in figures.values()} == {None}


def test_pictures_differ_by_kind_and_class(workspace: Workspace, first: Path, tmp_path: Path) -> None:
    other = shutil.copytree(workspace.folder / "few", tmp_path / "other")
    blue, green, red = (sorted((other / colour).iterdir()) for colour in ("blue", "green", "red"))
    shutil.copy(workspace.pictures("green")[9], other / "green/new.png")
    blue[0].unlink()
    blue[1].rename(other / "blue/renamed.png")
    red[0].rename(other / "green/was red.png")
    red[1].write_bytes(red[1].read_bytes() + b" ")
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(
        "path,action,value,with\n"
        f"green/{green[0].name},relabel,blue,\n"
        f"green/{green[1].name},group,pair,green/{green[2].name}\n"
    )
    second = workspace.check(other, fixes=fixes, name="second").run
    found = discern.diff(first, second).to_json()
    data = found["data"]
    assert counts(data) == {"added": 1, "removed": 1, "moved": 1, "relabelled": 2, "regrouped": 2, "other_bytes": 1}
    assert (data["pictures"], data["same"]) == ({"a": 15, "b": 15}, 8)
    assert data["added"] == {"count": 1, "classes": {"green": 1}, "paths": ["green/new.png"]}
    assert data["removed"]["paths"] == [f"blue/{blue[0].name}"]
    assert data["relabelled"]["classes"] == {"blue": 1, "green": 1}
    assert data["relabelled"]["labels"]["green/was red.png"] == {"a": "red", "b": "green"}
    assert set(found["options"]) == {"source", "fixes"}
    assert found["options"]["fixes"]["a"] is None
    # The other way round, what was added is removed.
    assert counts(discern.diff(second, first).to_json()["data"]) == counts(data)
    done = call_here(tmp_path, ["diff", str(first), str(second)])
    assert done.code == 0
    for words in ("1 added: green 1; green/new.png", "2 relabelled: ", "fixes: none -> ", "versions: the same"):
        assert words in done.out
    printed = call_here(tmp_path, ["diff", str(first), str(second), "--json"])
    assert (printed.err, json.loads(printed.out)) == ("", json.loads(json.dumps(found)))


def test_accuracies_on_the_same_pictures_are_compared_in_pairs(trained: TrainResult, tmp_path: Path) -> None:
    other = shutil.copytree(trained.run, tmp_path / "other")
    answers = pl.read_parquet(other / "answers.parquet")
    wrong = pl.when(pl.int_range(pl.len()) < 6).then(pl.lit("none")).otherwise("answer").alias("answer")
    answers.with_columns(wrong).write_parquet(other / "answers.parquet")
    accuracy = next(each for each in discern.diff(trained.run, other).figures if each.name == "accuracy")
    assert accuracy.paired is not None
    # Other pictures have a figure of their own, as the two accuracies are not of the same.
    answers.with_columns(wrong).head(20).write_parquet(other / "answers.parquet")
    figures = discern.diff(trained.run, other).figures
    assert [each.name for each in figures[:2]] == ["accuracy", "accuracy on the 20 pictures of both"]
    low, high = figures[1].interval or (0, 0)
    assert figures[0].paired is None
    assert low < high < 0
    assert figures[1].within_noise is False


def test_earlier_unfinished_and_other_runs_are_handled(trained: TrainResult, first: Path, tmp_path: Path) -> None:
    found = discern.diff(FORMAT_1 / "interrupted", FORMAT_1 / "finished")
    assert (found.data is not None and not found.data.any, "is not finished" in found.notes[0]) == (True, True)
    assert all(each.a is None and each.difference is None for each in found.figures)
    found = discern.diff(FORMAT_1 / "checked", trained.run)
    assert found.data is not None
    assert found.data.pictures == (21, 36)
    assert "A is a run of check and B one of train" in found.notes[0]
    assert "split" not in found.options
    found = discern.diff(first, FORMAT_1 / "checked")
    assert {each.name for each in found.figures if each.b is None} == {each.name for each in found.figures}
    assert any("in A only: findings.unreadable" in line for line in describe_diff(found))
    facts = json.loads((first / "run.json").read_text())
    facts["config"] = {"source": "few", "models": ["a.discern"]}
    (tmp_path / "run.json").write_text(json.dumps(facts | {"versions": {**facts["versions"], "numpy": "1.0"}}))
    found = discern.diff(tmp_path, first)
    assert found.data is None
    assert any("evaluate keeps no catalog" in note for note in found.notes)
    assert found.versions == {"numpy": {"a": "1.0", "b": facts["versions"]["numpy"]}}


def test_what_is_not_a_run_is_refused(first: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run\.json"):
        discern.diff(first, tmp_path)
    damaged = shutil.copytree(first, tmp_path / "damaged")
    (damaged / "catalog.parquet").write_bytes(b"damaged")
    with pytest.raises(CatalogError, match=r"catalog\.parquet cannot be read"):
        discern.diff(first, damaged)


def test_an_interval_of_independent_figures_is_composed() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), example (a), method 10: 56/70 and 48/80 give .2000 (.0524 to .3339).
    first, second = (0.6, 0.4904, 0.7002), (0.8, 0.6918, 0.8772)
    found = figure(first, second)
    assert found.difference == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=3e-3)
    assert found.within_noise is False
    assert figure((0.6, 0.5, 0.7), (0.62, 0.5, 0.7)).within_noise is True
    assert figure((0.6, 0.5, 0.7), (0.6, 0.5, 0.7)).within_noise is None
    assert figure((0.6,), (0.62,)).within_noise is None
    assert figure(None, (0.62,)).to_json()["difference"] is None
