"""`discern evaluate`: figures on other pictures, what was left out and why, and floors."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import load
from discern.catalog import scan
from discern.errors import CatalogError, DataError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.models import answer_rows
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.train import TrainResult
from discern.progress import silent
from tests.unit.flow.workspace import Desk
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="module")
def fresh(office: Desk) -> Path:
    return write_colours(office.folder / "fresh", each=8, seed=5)


@pytest.fixture(scope="module")
def judged(office: Desk, trained: TrainResult, fresh: Path) -> EvaluateResult:
    return evaluate(trained.bundle, fresh, cache=office.cache)


def test_figures_have_intervals(judged: EvaluateResult) -> None:
    plain = judged.to_json()
    assert plain["accuracy"]["low"] <= plain["accuracy"]["value"] <= plain["accuracy"]["high"]
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_results_can_be_compared_although_they_hold_arrays(judged: EvaluateResult) -> None:
    assert isinstance(
        judged == replace(judged, figures=replace(judged.figures, confusion=judged.figures.confusion + 0)), bool
    )
    assert judged != replace(judged, pictures=3)


def test_what_was_judged_is_counted(judged: EvaluateResult) -> None:
    assert (judged.pictures, judged.seen, judged.unreadable) == (24, 0, 0)
    assert judged.other_labels == {}
    assert judged.unknown is None
    assert judged.fell_short == ()


def test_a_loaded_model_serves_as_well(office: Desk, trained: TrainResult, fresh: Path, judged: EvaluateResult) -> None:
    found = evaluate(load(trained.bundle), fresh, cache=office.cache).to_json()
    assert found | {"of": judged.of} == judged.to_json()
    assert (found["of"], judged.of) == ("colours", str(trained.bundle))


def test_the_same_seed_gives_the_same_intervals(
    office: Desk, trained: TrainResult, fresh: Path, judged: EvaluateResult
) -> None:
    again = evaluate(trained.bundle, str(fresh), cache=str(office.cache), seed=0)
    assert again.to_json() == judged.to_json()


def test_rows_are_answered_in_the_order_asked_for(office: Desk, trained: TrainResult, fresh: Path) -> None:
    model, catalog = load(trained.bundle), scan(fresh, cache=office.cache)
    rows = np.array([20, 3, 11])
    probabilities, scores = answer_rows(model, catalog, rows, silent)
    for row, probability, score in zip(rows.tolist(), probabilities, scores, strict=True):
        alone = model.run(model.prepare(catalog.read_one(row))[None])
        assert probability == pytest.approx(alone["probabilities"][0], abs=1e-5)
        assert score == pytest.approx(alone["unknown_score"][0], abs=1e-4)


def test_progress_ends_at_the_last_picture(office: Desk, trained: TrainResult, fresh: Path) -> None:
    told: list[tuple[int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "answer":
            told.append((done, total))

    evaluate(trained.bundle, fresh, cache=office.cache, progress=progress)
    assert told[-1] == (24, 24)


def test_pictures_without_a_readable_file_are_counted(
    office: Desk, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    sorted((source / "red").iterdir())[0].write_bytes(b"")
    found = evaluate(trained.bundle, source, cache=office.cache)
    assert (found.pictures, found.unreadable) == (23, 1)


def test_unlabelled_pictures_are_no_other_label(
    office: Desk, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    shutil.copy(sorted((fresh / "red").iterdir())[0], source / "loose.png")
    found = evaluate(trained.bundle, source, cache=office.cache)
    assert (found.pictures, found.other_labels) == (24, {})


class TestFloors:
    @pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1"])
    def test_one_that_is_not_reached_is_named(
        self, office: Desk, trained: TrainResult, fresh: Path, judged: EvaluateResult, name: str
    ) -> None:
        low = getattr(judged.figures, name).low
        for floor, short in ((low, ()), (low + 1e-6, (name,))):
            found = evaluate(trained.bundle, fresh, at_least={name: floor}, cache=office.cache)
            assert found.fell_short == short

    @pytest.mark.parametrize("floors", [{"beauty": 0.5}, {"accuracy": 90}, {"accuracy": -0.1}, {"": 0.5}])
    def test_nonsense_is_refused_before_anything_is_looked_at(
        self, trained: TrainResult, floors: dict[str, float]
    ) -> None:
        with pytest.raises(UsageError, match="no floor"):
            evaluate("nowhere", "nowhere", at_least=floors)


def test_what_it_was_trained_on_judges_nothing(office: Desk, trained: TrainResult) -> None:
    with pytest.raises(DataError, match="trained on all"):
        evaluate(trained.bundle, office.photos, cache=office.cache)


def test_an_empty_source_is_refused(office: Desk, trained: TrainResult, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="empty"):
        evaluate(trained.bundle, tmp_path, cache=office.cache)


def test_strangers_are_judged_apart(office: Desk, trained: TrainResult, fresh: Path, tmp_path: Path) -> None:
    strangers = write_colours(tmp_path / "strangers", each=8, seed=8)
    found = evaluate(trained.bundle, fresh, negatives=strangers, cache=office.cache)
    assert found.unknown is not None
    plain = found.to_json()["unknown"]
    assert (plain["known"], plain["strangers"]) == (24, 24)
    # They are pictures of the same colours, so nothing tells them from the known.
    assert plain["auroc"]["low"] < 0.5 < plain["auroc"]["high"]


@pytest.fixture(scope="module")
def ordered(office: Desk) -> TrainResult:
    """Trained so that most is accepted, on colours whose order means something."""
    photos = write_colours(office.folder / "many", each=24, seed=2)
    return office.train(photos, name="ordered", at_most_wrong=0.2, coverage=0.8, ordered=["green", "red", "blue"])


@pytest.fixture(scope="module")
def found(office: Desk, ordered: TrainResult, fresh: Path) -> EvaluateResult:
    others = write_colours(office.folder / "others", each=4, seed=11)
    return evaluate(ordered.bundle, fresh, negatives=others, cache=office.cache)


class TestDecisions:
    def test_what_was_accepted_is_judged(self, found: EvaluateResult, ordered: TrainResult, fresh: Path) -> None:
        model = load(ordered.bundle)
        paths = sorted(fresh.rglob("*.png"))
        accepted = [path for path in paths if model(path).decision == "accept"]
        wrong = [path for path in accepted if model(path).label != path.parent.name]
        policy = found.to_json()["policy"]
        assert policy["share"] == pytest.approx(len(accepted) / len(paths))
        assert 0 < policy["share"] <= 1
        assert policy["error"]["value"] == pytest.approx(len(wrong) / len(accepted))
        # These strangers are pictures of the known colours.
        assert policy["strangers_accepted"] > 0

    def test_sets_are_judged(self, found: EvaluateResult, ordered: TrainResult, fresh: Path) -> None:
        model = load(ordered.bundle)
        answers = [(path.parent.name, model(path).set or ()) for path in sorted(fresh.rglob("*.png"))]
        sets = found.to_json()["conformal"]
        assert sets["coverage"] == pytest.approx(np.mean([label in labels for label, labels in answers]))
        assert sets["size"] == pytest.approx(np.mean([len(labels) for _, labels in answers]))

    def test_places_are_judged_by_their_distance(
        self, found: EvaluateResult, ordered: TrainResult, fresh: Path
    ) -> None:
        model = load(ordered.bundle)
        assert model.labels == ("green", "red", "blue")
        off = [
            abs((model(path).order_value or 0) - model.labels.index(path.parent.name)) for path in fresh.rglob("*.png")
        ]
        figures = found.to_json()["ordered"]
        assert figures["mae"] == pytest.approx(np.mean(off))
        assert figures["constant_mae"] == pytest.approx(2 / 3)

    def test_intervals_stand_apart(self, found: EvaluateResult) -> None:
        plain = found.to_json()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
        assert {"share", "coverage", "size", "mae", "kappa"} <= set(plain["intervals"])

    def test_without_a_promise_there_is_nothing_to_judge(self, judged: EvaluateResult, office: Desk) -> None:
        assert judged.to_json()["ordered"] is None
        bare = office.train(office.photos, name="bare", at_most_wrong=None, coverage=None)
        assert bare.policy is None
        found = evaluate(bare.bundle, write_colours(office.folder / "few", each=2, seed=6), cache=office.cache)
        plain = found.to_json()
        assert (plain["policy"], plain["conformal"]) == (None, None)

    def test_a_promise_that_could_not_be_kept_accepts_nothing(self, judged: EvaluateResult) -> None:
        policy = judged.to_json()["policy"]
        assert (policy["share"], policy["error"]["value"], policy["strangers_accepted"]) == (0, None, None)


def test_a_class_of_others_tells_strangers(office: Desk, trained: TrainResult, fresh: Path, tmp_path: Path) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    shutil.copytree(write_colours(tmp_path / "strangers", each=3, seed=8) / "red", source / "_other")
    found = evaluate(trained.bundle, source, cache=office.cache)
    assert found.other_labels == {}
    assert found.unknown is not None
    assert (found.pictures, found.unknown.negatives) == (24, 3)
