"""`discern evaluate`: metrics on labelled pictures, excluded pictures, and minimum values."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.bundle import load
from discern.catalog import scan
from discern.cli import render
from discern.errors import CatalogError, DataError, UsageError
from discern.evaluating.intervals import TOO_FEW
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.evaluate.models import predict_rows
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.train import TrainResult
from discern.progress import silent
from tests.compatibility.stored_files import FORMAT_1
from tests.integration.workspace import Workspace
from tests.unit.bundle.factories import plain
from tests.unit.inference.factories import write_nan_bundle
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="module")
def fresh(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "fresh", each=8, seed=5)


@pytest.fixture(scope="module")
def result(shared_workspace: Workspace, trained: TrainResult, fresh: Path) -> EvaluateResult:
    return evaluate(trained.bundle, fresh, cache=shared_workspace.cache)


def test_metrics_have_intervals(result: EvaluateResult) -> None:
    plain = result.to_json()
    assert plain["accuracy"]["low"] <= plain["accuracy"]["value"] <= plain["accuracy"]["high"]
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_results_can_be_compared_although_they_hold_arrays(result: EvaluateResult) -> None:
    assert isinstance(
        result == replace(result, metrics=replace(result.metrics, confusion=result.metrics.confusion + 0)), bool
    )
    assert result != replace(result, pictures=3)


def test_evaluated_pictures_are_counted(result: EvaluateResult) -> None:
    assert (result.pictures, result.seen, result.unreadable) == (24, 0, 0)
    assert result.other_labels == {}
    assert result.unknown is None
    assert result.fell_short == ()


def test_the_old_attribute_names_still_work(result: EvaluateResult) -> None:
    assert result.figures is result.metrics
    assert result.decided is result.decisions
    with pytest.raises(AttributeError, match="beauty"):
        result.beauty  # noqa: B018


def test_pictures_without_valid_outputs_are_excluded_with_the_reason(
    shared_workspace: Workspace, tmp_path: Path
) -> None:
    bundle = write_nan_bundle(tmp_path / "nan.discern")
    for label, reds in (("red", (200, 210, 220)), ("dark", (0, 20, 30)), ("black", (0,))):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for red in reds:
            Image.fromarray(plain(red, 0, 0)).save(tmp_path / "photos" / label / f"{red}.png")
    found = evaluate(bundle, tmp_path / "photos", cache=shared_workspace.cache)
    assert (found.pictures, list(found.refused)) == (5, [str(tmp_path / "photos" / "dark" / "0.png")])
    assert "not finite" in next(iter(found.refused.values()))
    with pytest.raises(DataError, match=r"rejects all 1 pictures.*not finite"):
        evaluate(bundle, tmp_path / "photos", negatives=tmp_path / "photos" / "black", cache=shared_workspace.cache)


def test_a_loaded_model_works_as_well(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, result: EvaluateResult
) -> None:
    found = evaluate(load(trained.bundle), fresh, cache=shared_workspace.cache).to_json()
    assert found | {"of": result.of} == result.to_json()
    assert (found["of"], result.of) == ("colours", str(trained.bundle))


def test_the_same_seed_gives_the_same_intervals(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, result: EvaluateResult
) -> None:
    again = evaluate(trained.bundle, str(fresh), cache=str(shared_workspace.cache), seed=0)
    assert again.to_json() == result.to_json()


def test_rows_are_predicted_in_the_order_given(shared_workspace: Workspace, trained: TrainResult, fresh: Path) -> None:
    model, catalog = load(trained.bundle), scan(fresh, cache=shared_workspace.cache)
    rows = np.array([20, 3, 11])
    probabilities, scores = predict_rows(model, catalog, rows, silent)
    for row, probability, score in zip(rows.tolist(), probabilities, scores, strict=True):
        alone = model.run(model.prepare(catalog.read_one(row))[None])
        assert probability == pytest.approx(alone["probabilities"][0], abs=1e-5)
        assert score == pytest.approx(alone["unknown_score"][0], abs=1e-4)


def test_progress_ends_at_the_last_picture(shared_workspace: Workspace, trained: TrainResult, fresh: Path) -> None:
    reported: list[tuple[int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "predict":
            reported.append((done, total))

    evaluate(trained.bundle, fresh, cache=shared_workspace.cache, progress=progress)
    assert reported[-1] == (24, 24)


def test_pictures_without_a_readable_file_are_counted(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    sorted((source / "red").iterdir())[0].write_bytes(b"")
    found = evaluate(trained.bundle, source, cache=shared_workspace.cache)
    assert (found.pictures, found.unreadable) == (23, 1)


def test_the_same_picture_under_two_labels_is_left_out(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "contradicted"
    shutil.copytree(fresh, photos)
    first, second = sorted((photos / "red").iterdir())[:2]
    for path in (first, second):
        shutil.copy(path, photos / "blue" / f"again {path.name}")
    found = evaluate(trained.bundle, photos, cache=shared_workspace.cache)
    assert (found.contradicted, found.pictures) == (4, 22)
    assert all(each.groups <= each.support for each in found.metrics.per_class)
    assert "excluded, the same picture under several labels: 4" in list(render.evaluate(found.to_json()))


def test_pictures_that_are_all_under_two_labels_are_refused(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    for path in sorted((fresh / "red").iterdir())[:4]:
        for colour in ("red", "blue"):
            (tmp_path / "all" / colour).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "all" / colour)
    with pytest.raises(DataError, match="several labels"):
        evaluate(trained.bundle, tmp_path / "all", cache=shared_workspace.cache)


def test_unlabelled_pictures_have_no_other_label(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    shutil.copy(sorted((fresh / "red").iterdir())[0], source / "loose.png")
    found = evaluate(trained.bundle, source, cache=shared_workspace.cache)
    assert (found.pictures, found.other_labels) == (24, {})


class TestFloors:
    @pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1"])
    def test_a_metric_below_its_minimum_is_named(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, result: EvaluateResult, name: str
    ) -> None:
        low = getattr(result.metrics, name).low
        for floor, fell_short in ((low, ()), (low + 1e-6, (name,))):
            found = evaluate(trained.bundle, fresh, at_least={name: floor}, cache=shared_workspace.cache)
            assert found.fell_short == fell_short

    @pytest.mark.parametrize("floors", [{"beauty": 0.5}, {"accuracy": 90}, {"accuracy": -0.1}, {"": 0.5}])
    def test_invalid_minimums_are_refused_before_any_work(self, trained: TrainResult, floors: dict[str, float]) -> None:
        with pytest.raises(UsageError, match="Invalid minimum"):
            evaluate("nowhere", "nowhere", at_least=floors)


def test_training_pictures_alone_are_refused(shared_workspace: Workspace, trained: TrainResult) -> None:
    with pytest.raises(DataError, match="trained on all"):
        evaluate(trained.bundle, shared_workspace.photos, cache=shared_workspace.cache)


def test_an_empty_source_is_refused(shared_workspace: Workspace, trained: TrainResult, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="empty"):
        evaluate(trained.bundle, tmp_path, cache=shared_workspace.cache)


def test_negatives_are_evaluated_separately(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    negatives = write_colours(tmp_path / "strangers", each=8, seed=8)
    found = evaluate(trained.bundle, fresh, negatives=negatives, cache=shared_workspace.cache)
    assert found.unknown is not None
    plain = found.to_json()["unknown"]
    assert (plain["known"], plain["strangers"]) == (24, 24)
    # They show the same colours, so nothing distinguishes them from the known pictures.
    assert plain["auroc"]["low"] < 0.5 < plain["auroc"]["high"]


def test_copies_of_a_few_negatives_are_a_few_groups(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    few = write_colours(tmp_path / "few", each=1, seed=8)
    once = evaluate(trained.bundle, fresh, negatives=few, cache=shared_workspace.cache).unknown
    for path in sorted(few.rglob("*.png")):
        for number in range(10):
            shutil.copy(path, path.with_name(f"{path.stem}-{number}.png"))
    copied = evaluate(trained.bundle, fresh, negatives=few, cache=shared_workspace.cache).unknown
    assert once is not None
    assert copied is not None
    assert (once.negatives, copied.negatives) == (3, 33)
    assert copied.auroc.value == pytest.approx(once.auroc.value)
    assert copied.rejected.value == pytest.approx(once.rejected.value)
    assert copied.auroc.note == copied.rejected.note == TOO_FEW


@pytest.fixture(scope="module")
def ordered(shared_workspace: Workspace) -> TrainResult:
    """Train on ordered colours, so that most predictions are accepted."""
    photos = write_colours(shared_workspace.folder / "many", each=24, seed=2)
    return shared_workspace.train(
        photos, name="ordered", at_most_wrong=0.2, coverage=0.8, ordered=["green", "red", "blue"]
    )


@pytest.fixture(scope="module")
def found(shared_workspace: Workspace, ordered: TrainResult, fresh: Path) -> EvaluateResult:
    others = write_colours(shared_workspace.folder / "others", each=4, seed=11)
    return evaluate(ordered.bundle, fresh, negatives=others, cache=shared_workspace.cache)


class TestDecisions:
    def test_accepted_predictions_are_evaluated(self, found: EvaluateResult, ordered: TrainResult, fresh: Path) -> None:
        model = load(ordered.bundle)
        paths = sorted(fresh.rglob("*.png"))
        accepted = [path for path in paths if model(path).decision == "accept"]
        wrong = [path for path in accepted if model(path).label != path.parent.name]
        policy = found.to_json()["policy"]
        assert policy["share"] == pytest.approx(len(accepted) / len(paths))
        assert 0 < policy["share"] <= 1
        assert policy["error"]["value"] == pytest.approx(len(wrong) / len(accepted))
        # These negatives show the known colours.
        assert policy["strangers_accepted"] > 0

    def test_prediction_sets_are_evaluated(self, found: EvaluateResult, ordered: TrainResult, fresh: Path) -> None:
        model = load(ordered.bundle)
        answers = [(path.parent.name, model(path).set or ()) for path in sorted(fresh.rglob("*.png"))]
        sets = found.to_json()["conformal"]
        assert sets["coverage"] == pytest.approx(np.mean([label in labels for label, labels in answers]))
        assert sets["size"] == pytest.approx(np.mean([len(labels) for _, labels in answers]))

    def test_ordinal_errors_are_evaluated(self, found: EvaluateResult, ordered: TrainResult, fresh: Path) -> None:
        model = load(ordered.bundle)
        assert model.labels == ("green", "red", "blue")
        off = [
            abs((model(path).order_value or 0) - model.labels.index(path.parent.name)) for path in fresh.rglob("*.png")
        ]
        ordinal = found.to_json()["ordered"]
        assert ordinal["mae"] == pytest.approx(np.mean(off))
        assert ordinal["constant_mae"] == pytest.approx(2 / 3)

    def test_intervals_are_separate(self, found: EvaluateResult) -> None:
        plain = found.to_json()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
        assert {"share", "coverage", "size", "mae", "kappa"} <= set(plain["intervals"])

    def test_without_a_policy_there_are_no_decision_metrics(
        self, result: EvaluateResult, shared_workspace: Workspace
    ) -> None:
        assert result.to_json()["ordered"] is None
        bare = shared_workspace.train(shared_workspace.photos, name="bare", at_most_wrong=None, coverage=None)
        assert bare.policy is None
        found = evaluate(
            bare.bundle, write_colours(shared_workspace.folder / "few", each=2, seed=6), cache=shared_workspace.cache
        )
        plain = found.to_json()
        assert (plain["policy"], plain["conformal"]) == (None, None)

    def test_a_policy_that_cannot_be_met_accepts_nothing(self, shared_workspace: Workspace, fresh: Path) -> None:
        strict = shared_workspace.train(shared_workspace.photos, name="strict", at_most_wrong=0.01)
        policy = evaluate(strict.bundle, fresh, cache=shared_workspace.cache).to_json()["policy"]
        assert (policy["share"], policy["error"]["value"], policy["strangers_accepted"]) == (0, None, None)


def test_the_folder_other_holds_negatives(
    shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(fresh, tmp_path / "fresh")
    shutil.copytree(write_colours(tmp_path / "strangers", each=3, seed=8) / "red", source / "_other")
    found = evaluate(trained.bundle, source, cache=shared_workspace.cache)
    assert found.other_labels == {}
    assert found.unknown is not None
    assert (found.pictures, found.unknown.negatives) == (24, 3)


def save_again(source: Path, target: Path) -> Path:
    """Save the pictures of class folders again, with the same pixels in other files."""
    for number, path in enumerate(sorted(source.rglob("*.png"))):
        suffix, options = (("bmp", {}), ("webp", {"lossless": True}), ("tiff", {}), ("png", {"compress_level": 1}))[
            number % 4
        ]
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        Image.open(path).save(target / path.parent.name / f"again {path.stem}.{suffix}", **options)
    return target


@pytest.fixture(scope="module")
def parted(shared_workspace: Workspace) -> TrainResult:
    """Train on given parts, so that the test part sets the thresholds and is not trained on."""
    photos = shared_workspace.folder / "parted"
    write_colours(photos, each=10, seed=21, part="train")
    write_colours(photos, each=5, seed=22, part="test")
    others = write_colours(shared_workspace.folder / "others of parted", each=4, seed=31)
    return shared_workspace.train(photos, name="parted", at_most_wrong=0.5, negatives=others)


@pytest.fixture(scope="module")
def held_out(shared_workspace: Workspace, parted: TrainResult) -> Path:
    assert parted.accuracy["leak_free"]["method"] == "test-part"
    return shared_workspace.folder / "parted" / "test"


class TestPicturesThatMadeTheModel:
    def test_training_pictures_saved_again_are_seen(
        self, shared_workspace: Workspace, trained: TrainResult, fresh: Path, tmp_path: Path
    ) -> None:
        source = save_again(shared_workspace.photos, shutil.copytree(fresh, tmp_path / "mixed"))
        found = evaluate(trained.bundle, source, cache=shared_workspace.cache)
        assert (found.pictures, found.seen, found.set_thresholds) == (24, 36, 0)

    def test_negatives_saved_again_are_seen(
        self, shared_workspace: Workspace, parted: TrainResult, fresh: Path, tmp_path: Path
    ) -> None:
        negatives = save_again(shared_workspace.folder / "others of parted", tmp_path / "again")
        with pytest.raises(DataError, match="that the bundle was not trained on"):
            evaluate(parted.bundle, fresh, negatives=negatives, cache=shared_workspace.cache)

    @pytest.mark.parametrize("saved_again", [False, True])
    def test_pictures_that_set_thresholds_are_left_out_of_the_decisions(
        self,
        shared_workspace: Workspace,
        parted: TrainResult,
        held_out: Path,
        fresh: Path,
        tmp_path: Path,
        saved_again: bool,
    ) -> None:
        source = shutil.copytree(fresh, tmp_path / "mixed")
        if saved_again:
            save_again(held_out, source)
        else:
            for path in held_out.rglob("*.png"):
                shutil.copy(path, source / path.parent.name / f"test {path.name}")
        alone = evaluate(parted.bundle, fresh, cache=shared_workspace.cache).to_json()
        mixed = evaluate(parted.bundle, source, cache=shared_workspace.cache).to_json()
        assert (mixed["pictures"], mixed["seen"], mixed["set_thresholds"]) == (39, 0, 15)
        assert alone["policy"]["share"] > 0
        for key in ("policy", "conformal"):
            assert mixed[key] == alone[key]
        assert mixed["intervals"]["share"] == alone["intervals"]["share"]

    def test_they_alone_give_no_figures_of_decisions(
        self, shared_workspace: Workspace, parted: TrainResult, held_out: Path
    ) -> None:
        found = evaluate(parted.bundle, held_out, cache=shared_workspace.cache).to_json()
        assert found["set_thresholds"] == found["pictures"] == 15
        assert found["accuracy"]["value"] == pytest.approx(parted.accuracy["leak_free"]["value"])
        assert (found["policy"]["share"], found["policy"]["error"]["value"]) == (None, None)
        assert found["conformal"] == {"coverage": None, "size": None}
        text = "\n".join(render.evaluate(found))
        assert "set the thresholds: 15" in text
        assert "accepted without review" not in text

    def test_compared_models_leave_out_the_same_pictures(
        self, shared_workspace: Workspace, trained: TrainResult, parted: TrainResult, held_out: Path
    ) -> None:
        found = evaluate(trained.bundle, held_out, against=[parted.bundle], cache=shared_workspace.cache).to_json()
        assert (found["set_thresholds"], found["policy"]["share"], found["against"][0]["policy"]["share"]) == (
            15,
            None,
            None,
        )

    def test_a_bundle_of_an_earlier_version_does_not_name_them(self, shared_workspace: Workspace, fresh: Path) -> None:
        found = evaluate(FORMAT_1 / "finished/model.discern", fresh, cache=shared_workspace.cache).to_json()
        assert (found["seen"], found["set_thresholds"]) == (0, None)
        assert "older version" in "\n".join(render.evaluate(found))
