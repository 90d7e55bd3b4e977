"""The page of `discern evaluate`: where it is written, and what it shows."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.cli import render
from discern.errors import DataError, RunError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.evaluation_run import default_runs
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.reporting.factories import Page
from tests.unit.training.factories import COLOURS, write_colours


@pytest.fixture(scope="module")
def fresh(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "shown", each=10, seed=15, spread=45)


@pytest.fixture(scope="module")
def small(shared_workspace: Workspace) -> TrainResult:
    photos = write_colours(shared_workspace.folder / "few photos", each=3, seed=4, spread=70)
    return shared_workspace.train(photos, name="small")


@pytest.fixture(scope="module")
def strangers(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "strangers", each=6, seed=18) / "red"


@pytest.fixture(scope="module")
def compared(
    shared_workspace: Workspace, trained: TrainResult, small: TrainResult, fresh: Path, strangers: Path
) -> EvaluateResult:
    return evaluate(
        trained.bundle,
        fresh,
        against=[small.bundle],
        negatives=strangers,
        runs=shared_workspace.folder / "evaluations",
        cache=shared_workspace.cache,
    )


@pytest.fixture(scope="module")
def page(compared: EvaluateResult) -> Page:
    assert compared.page is not None
    return Page(compared.page.read_text("utf-8"))


class TestPage:
    def test_it_is_in_a_run_of_its_own_beside_the_metrics(self, compared: EvaluateResult) -> None:
        assert compared.page is not None
        plain = compared.to_json()
        assert plain["page"] == str(compared.page)
        assert compared.page.parent.name == "shown-1"
        assert json.loads((compared.page.parent / "evaluation.json").read_text()) == plain
        assert json.loads((compared.page.parent / "run.json").read_text())["status"] == "done"
        assert (compared.page.parent / "left_out.csv").read_text() == "path,reason,message\n"

    def test_it_has_all_sections(self, page: Page) -> None:
        for words in (
            "On 30 pictures of 3 classes, it is correct",
            "Its training had measured",
            "Side by side",
            "Wrong alone",
            "How accurate it is",
            "How much it can do without a person",
            "Promised:",
            "Class by class",
            "What it mixes up",
            "The most confident errors",
            "Random examples",
            "Calibration",
            "Prediction sets",
            "6 pictures of none of the classes (negatives) were given",
            "Answered as a class, for review",
            "Left out: none of 30 files",
            "Only the training pictures themselves are recognised",
        ):
            assert words in page.text, words
        assert page.open == []
        assert len(page.all("table")) == len(page.all("caption"))

    def test_it_loads_nothing_from_elsewhere(self, page: Page) -> None:
        addresses = [each[name] for _, each in page.elements for name in ("src", "href") if name in each]
        assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses)

    def test_pictures_that_one_model_alone_gets_wrong_are_shown(self, compared: EvaluateResult, page: Page) -> None:
        difference = compared.to_json()["against"][0]["difference"]
        first, other = difference["only_first_wrong"], difference["only_other_wrong"]
        assert other > first
        assert f"colours {first}" in page.text
        assert f"small {other}" in page.text
        assert difference["value"] == pytest.approx((other - first) / 30)


class TestDifferencesByClass:
    def test_they_are_differences_in_recall(self, compared: EvaluateResult) -> None:
        plain = compared.to_json()
        found = plain["against"][0]["per_class_difference"]
        recall, other = (
            {each["label"]: each["recall"]["value"] for each in metrics["per_class"]}
            for metrics in (plain, plain["against"][0])
        )
        assert set(found) == set(COLOURS)
        for label, difference in found.items():
            assert {"value", "low", "high"} <= set(difference)
            assert difference["value"] == pytest.approx(recall[label] - other[label])

    def test_they_add_up_to_the_overall_difference(self, compared: EvaluateResult) -> None:
        (other,) = compared.against
        values = [each.value for each in other.per_class_difference.values()]
        assert other.difference.value == pytest.approx(np.mean(values))


class TestWhereItIsWritten:
    def test_without_a_folder_of_runs_there_is_no_page(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path
    ) -> None:
        assert evaluate(trained.bundle, fresh, cache=shared_workspace.cache).to_json()["page"] is None

    @pytest.mark.parametrize("inside", ["", "runs", "red/runs"])
    def test_it_is_never_in_the_source(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, inside: str
    ) -> None:
        before = sorted(fresh.rglob("*"))
        with pytest.raises(UsageError, match="part of the pictures"):
            evaluate(trained.bundle, fresh, runs=fresh / inside, cache=shared_workspace.cache)
        assert sorted(fresh.rglob("*")) == before

    def test_a_link_into_the_source_is_the_source(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "runs").symlink_to(fresh)
        with pytest.raises(UsageError, match="part of the pictures"):
            evaluate(trained.bundle, fresh, runs=tmp_path / "runs", cache=shared_workspace.cache)

    def test_the_default_is_beside_a_source_that_is_the_working_directory(self, tmp_path: Path) -> None:
        (tmp_path / "photos/red").mkdir(parents=True)
        for here, runs in (("", "runs"), ("photos", "runs"), ("photos/red", "runs")):
            with contextlib.chdir(tmp_path / here):
                assert default_runs(tmp_path / "photos") == tmp_path / runs
        with contextlib.chdir(tmp_path / "photos"):
            assert default_runs("red") == tmp_path / "photos/runs"
            assert default_runs(".") == tmp_path / "runs"

    def test_a_name_that_is_taken_is_refused_before_any_work(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "first").mkdir()
        with pytest.raises(RunError, match="already a run"):
            evaluate(trained.bundle, fresh, runs=tmp_path, name="first", cache=tmp_path / "cache")
        assert not (tmp_path / "cache").exists()

    def test_a_failed_evaluation_leaves_no_run(
        self, shared_workspace: Workspace, trained: TrainResult, tmp_path: Path
    ) -> None:
        with pytest.raises(DataError):
            evaluate(trained.bundle, shared_workspace.photos, runs=tmp_path / "runs", cache=shared_workspace.cache)
        assert list((tmp_path / "runs").iterdir()) == []


class TestTrainingPictures:
    def test_they_are_named_where_they_are_all(self, shared_workspace: Workspace, trained: TrainResult) -> None:
        first = sorted((shared_workspace.photos / "blue").iterdir(), key=lambda path: int(path.stem[1:]))[0]
        with pytest.raises(DataError, match=r"trained on all of these 36 pictures: .* and 33 more") as refused:
            evaluate(trained.bundle, shared_workspace.photos, cache=shared_workspace.cache)
        assert f"blue/{first.name}" in str(refused.value)

    @pytest.mark.parametrize("new", [1, 2])
    def test_a_folder_of_hardly_any_others_gives_a_sentence_and_no_figure(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path, new: int
    ) -> None:
        source = shutil.copytree(shared_workspace.photos, tmp_path / "photos")
        for path in sorted((fresh / "red").iterdir())[:new]:
            shutil.copy(path, source / "red" / f"new {path.name}")
        rest = {1: "the other one says", 2: "the other 2 say"}[new]
        with pytest.raises(DataError, match=rf"trained on 36 of these {36 + new} pictures \(.*\), and {rest} too lit"):
            evaluate(trained.bundle, source, cache=shared_workspace.cache)

    def test_several_new_ones_are_evaluated_and_the_others_named(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
    ) -> None:
        source = shutil.copytree(fresh, tmp_path / "mixed")
        for path in shared_workspace.pictures("red")[:4]:
            shutil.copy(path, source / "red" / f"seen {path.name}")
        found = evaluate(trained.bundle, source, runs=tmp_path / "runs", cache=shared_workspace.cache)
        plain = found.to_json()
        assert (plain["pictures"], plain["seen"], len(plain["seen_paths"])) == (30, 4, 4)
        assert all(path.startswith("red/seen ") for path in plain["seen_paths"])
        text = "\n".join(render.evaluate(plain))
        assert "used in training: 4 (red/seen" in text
        assert "and 1 more)" in text
        assert found.page is not None
        assert "Excluded, used in training: 4 (red/seen" in Page(found.page.read_text("utf-8")).text

    def test_each_of_several_bundles_says_how_many(
        self, shared_workspace: Workspace, trained: TrainResult, small: TrainResult
    ) -> None:
        with pytest.raises(DataError, match=r"\(.*colours/model.discern: 36, .*small/model.discern: 0\) were trained"):
            evaluate(trained.bundle, shared_workspace.photos, against=[small.bundle], cache=shared_workspace.cache)


@pytest.fixture(scope="module")
def numbered(shared_workspace: Workspace) -> Path:
    """Colours under the names of counts."""
    for name, seed in (("counted", 0), ("counted fresh", 9)):
        photos = write_colours(shared_workspace.folder / name, each=12, seed=seed)
        for colour, number in zip(COLOURS, ("1", "2", "7"), strict=True):
            (photos / colour).rename(photos / number)
    return shared_workspace.folder / "counted"


@pytest.fixture(scope="module")
def counter(shared_workspace: Workspace, numbered: Path) -> TrainResult:
    return shared_workspace.train(numbered, name="counter")


class TestNumbers:
    def test_a_nominal_model_of_numbers_has_their_errors(
        self, shared_workspace: Workspace, numbered: Path, counter: TrainResult
    ) -> None:
        fresh = numbered.with_name("counted fresh")
        found = evaluate(
            counter.bundle, fresh, runs=shared_workspace.folder / "evaluations", cache=shared_workspace.cache
        )
        plain = found.to_json()
        assert plain["ordered"] is None
        confusion, values = np.array(plain["confusion"]), np.array([1, 2, 7])
        off = np.abs(values[:, None] - values)
        assert plain["counts"] == {
            "mae": pytest.approx((confusion * off).sum() / 36),
            "rmse": pytest.approx(np.sqrt((confusion * off**2).sum() / 36)),
            "within_one": pytest.approx((confusion * (off <= 1)).sum() / 36),
            "constant_mae": pytest.approx(2.0),
        }
        assert {"count_mae", "count_gain"} <= set(plain["intervals"])
        assert "error of the numbers: " in "\n".join(render.evaluate(plain))
        assert found.page is not None
        assert "How far off the numbers are" in Page(found.page.read_text("utf-8")).text

    def test_its_report_and_metrics_have_them_too(self, counter: TrainResult) -> None:
        stored = json.loads((counter.run / "metrics.json").read_text())["counts"]
        assert stored["constant"] == "2"
        assert counter.counts == {name: stored[name]["value"] for name in counter.counts or {}}
        assert "How far off the numbers are" in Page(counter.report.read_text("utf-8")).text
        assert "error of the numbers:" in "\n".join(render.train(counter.to_json(), counts=counter.counts))

    def test_other_labels_have_none(self, compared: EvaluateResult, trained: TrainResult) -> None:
        assert compared.to_json()["counts"] is None
        assert "counts" not in json.loads((trained.run / "metrics.json").read_text())


class TestStrangers:
    def test_the_report_of_a_training_shows_those_that_were_not_rejected(
        self, shared_workspace: Workspace, strangers: Path
    ) -> None:
        photos = write_colours(shared_workspace.folder / "guarded", each=20, seed=31)
        shutil.copytree(strangers, photos / "_other")
        others = write_colours(shared_workspace.folder / "other strangers", each=6, seed=33) / "blue"
        run = shared_workspace.train(photos, name="guarded", negatives=others, at_most_wrong=0.2).run
        gate = json.loads((run / "metrics.json").read_text())["gate"]
        # They show the colours of the classes, so some are taken for them.
        accepted, reviewed = (round(12 * gate[name]["value"]) for name in ("accepted", "reviewed"))
        assert gate["rejected"]["value"] == pytest.approx(1 - (accepted + reviewed) / 12)
        page = Page((run / "report.html").read_text("utf-8"))
        assert f"Accepted as one of the classes {accepted}" in page.text
        assert f"Answered as a class, for review {reviewed}" in page.text
        assert accepted + reviewed > 0


def test_all_keys_are_documented(compared: EvaluateResult) -> None:
    lines = (EvaluateResult.to_json.__doc__ or "").splitlines()
    assert compared.to_json().keys() - {line.split(":")[0].strip() for line in lines} == set()
