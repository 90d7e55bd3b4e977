"""The objective is a measure on held-out groups of the training part, which the test part does not change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.errors import UsageError
from discern.flow.tune.objective import Measure, Objective, Pruned, check_measure
from discern.splitting import TEST
from discern.training import make_method
from tests.unit.flow.tune.study_factories import stretch, study_of, swap_labels, write_parts

VALUES: list[dict[str, Any]] = [{"strength": 10.0}, {"strength": 0.1, "views": 1}, {"stage_scale": 1.5, "fit": "pad"}]
SCRATCH = {"method": "scratch", "epochs": 2, "batch": 8, "size": 64}


def never(step: int, value: float) -> bool:
    return False


def values_of(photos: Path, folder: Path, trials: list[dict[str, Any]], measure: Measure = "log_loss") -> list[float]:
    data, settings = study_of(photos, folder)
    assert data.split.method == "test-part"
    objective = Objective(data=data, measure=measure)
    return [
        objective.value(settings.replaced(trial), checkpoints=folder / "checkpoints", report=never) for trial in trials
    ]


def relabel(photos: Path) -> None:
    swap_labels(photos, "test")


def reshape(photos: Path) -> None:
    stretch(photos, "test")


def replace_pictures(photos: Path) -> None:
    write_parts(photos, seed=77)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    folder = tmp_path_factory.mktemp("unchanged")
    return values_of(write_parts(folder / "photos"), folder, VALUES)


@pytest.mark.parametrize("change", [relabel, reshape, replace_pictures])
def test_the_test_part_changes_no_value(unchanged: list[float], tmp_path: Path, change: Callable[[Path], None]) -> None:
    photos = write_parts(tmp_path / "photos")
    change(photos)
    assert values_of(photos, tmp_path, VALUES) == unchanged


def test_the_test_part_changes_no_value_of_a_network(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    found = []
    for name in ("unchanged", "changed"):
        photos = write_parts(tmp_path / name / "photos")
        if name == "changed":
            relabel(photos)
            reshape(photos)
        data, settings = study_of(photos, tmp_path / name)
        trial = settings.replaced({key: value for key, value in SCRATCH.items() if key != "size"})
        found.append(Objective(data=data, measure="log_loss").value(trial, checkpoints=tmp_path / name, report=never))
    assert found[0] == found[1]


def test_a_training_picture_changes_the_values(unchanged: list[float], tmp_path: Path) -> None:
    photos = write_parts(tmp_path / "photos")
    relabelled = sorted((photos / "train/red").iterdir())[:5]
    for path in relabelled:
        path.rename(photos / "train/blue" / f"x{path.name}")
    assert all(np.array(values_of(photos, tmp_path, VALUES)) != np.array(unchanged))


def test_no_feature_of_the_test_part_is_computed(tmp_path: Path) -> None:
    data, settings = study_of(write_parts(tmp_path / "photos"), tmp_path)
    found = data.features(settings.preparing)
    assert len(found.features) == 48
    assert (found.position[data.split.test] == -1).all()
    assert (found.position[data.split.training_rows(TEST)] >= 0).all()
    assert data.features(settings.preparing) is found


def test_the_value_is_the_mean_over_the_pictures_of_all_folds(tmp_path: Path) -> None:
    data, settings = study_of(write_parts(tmp_path / "photos"), tmp_path)
    steps: list[tuple[int, float]] = []

    def report(step: int, value: float) -> bool:
        steps.append((step, value))
        return False

    value = Objective(data=data, measure="accuracy").value(settings, checkpoints=tmp_path, report=report)
    features = data.features(settings.preparing)
    folds = list(make_method(settings.training).predict_folds(features, data.split, checkpoints=tmp_path))
    rows = np.concatenate([fold.rows for fold in folds])
    assert sorted(rows) == sorted(data.rows)
    right = [fold.probabilities.argmax(axis=1) == data.catalog.label_index[fold.rows] for fold in folds]
    assert value == pytest.approx(np.concatenate(right).mean())
    assert [step for step, _ in steps] == [1, 2, 3, 4, 5]
    assert steps[-1][1] == value


def test_a_head_is_pruned_after_its_first_folds_and_not_after_its_last(tmp_path: Path) -> None:
    data, settings = study_of(write_parts(tmp_path / "photos"), tmp_path)
    objective, steps = Objective(data=data, measure="log_loss"), []

    def prune(step: int, value: float) -> bool:
        steps.append(step)
        return True

    with pytest.raises(Pruned):
        objective.value(settings, checkpoints=tmp_path, report=prune)
    assert steps == [1, 2]
    last = objective.value(settings, checkpoints=tmp_path, report=lambda step, value: step == 5)
    assert last > 0


def test_a_network_is_reported_at_each_tenth_of_its_epochs_and_pruned(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    data, settings = study_of(write_parts(tmp_path / "photos", train=8, test=4), tmp_path)
    steps = []

    def prune(step: int, value: float) -> bool:
        steps.append((step, value))
        return step >= 1006

    trial = settings.replaced({"method": "scratch", "epochs": 5, "batch": 8})
    with pytest.raises(Pruned):
        Objective(data=data, measure="log_loss").value(trial, checkpoints=tmp_path / "points", report=prune)
    assert [step for step, _ in steps] == [1002, 1004, 1006]
    assert [value for _, value in steps] == sorted((value for _, value in steps), reverse=True)


def test_a_measure_is_one_of_two() -> None:
    assert check_measure("accuracy") == "accuracy"
    with pytest.raises(UsageError, match="log_loss or accuracy"):
        check_measure("f1")
