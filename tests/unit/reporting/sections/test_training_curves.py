"""The section on the course of the training, and its figures."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from discern.evaluating import Metrics
from discern.reporting.charts import epoch_curves
from discern.reporting.formatting import DASH
from discern.reporting.sections.training_curves import describe_training
from tests.unit.evaluating.test_epoch_metrics import head


def metrics(**method: Any) -> Metrics:
    return Metrics.from_json({"head": head(**method)})


def circles(svg: object) -> list[ET.Element]:
    return [each for each in ET.fromstring(str(svg)).iter() if each.tag.endswith("circle")]


def test_the_best_epoch_is_marked_in_both_figures() -> None:
    section = describe_training(metrics(why="It was asked for.", pictures={"train": 70, "stop": 9}))
    assert section is not None
    assert (section.best, section.epochs, section.trained, section.held_out) == (2, 3, 70, 9)
    assert section.why == "It was asked for."
    for figure in (section.loss, section.accuracy):
        (mark,) = circles(figure)
        assert "epoch 2, the best" in "".join(mark.itertext())
    assert [row.best for row in section.rows] == [False, True, False]
    assert section.rows[1].held_out_loss == "0.400"
    assert section.rows[1].held_out_accuracy.startswith("80")


def test_without_accuracies_there_is_one_figure() -> None:
    section = describe_training(metrics(accuracy=None))
    assert section is not None
    assert section.accuracy is None
    assert len(circles(section.loss)) == 1


def test_first_weights_that_ship_are_marked() -> None:
    section = describe_training(metrics(loss={"train": [1.0], "held_out": [0.9], "start": 0.1}, best_epoch=0))
    assert section is not None
    assert section.best == 0
    assert [row.train_loss for row in section.rows] == [DASH, "1.000"]
    assert "epoch 0, the best" in str(section.loss)


def test_a_method_without_epochs_has_no_section() -> None:
    assert describe_training(Metrics.from_json({})) is None
    assert describe_training(Metrics.from_json({"head": {"method": {"name": "probe"}}})) is None


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-9, 17.25, 4e5])
@pytest.mark.parametrize("last", [1, 2, 7, 500])
def test_a_measure_that_never_changes_can_be_drawn(value: float, last: int) -> None:
    points = [(epoch, value) for epoch in range(1, last + 1)]
    svg = epoch_curves(points, points, best=1, up="loss", number=str)
    numbers = [float(each.get("cy", "nan")) for each in circles(svg)]
    assert len(numbers) == 1
    assert 0 <= numbers[0] <= 250


def test_accuracies_of_one_stay_inside_the_figure() -> None:
    points = [(1, 1.0), (2, 1.0)]
    svg = str(epoch_curves(points, points, best=1, up="accuracy", number=lambda share: f"{share:.0%}", most=1.0))
    assert ">100%<" in svg
    assert ">102%<" not in svg
    assert "nan" not in svg


def test_the_template_shows_the_numbers() -> None:
    templates = Path(describe_training.__code__.co_filename).parents[1] / "templates"
    assert '{% include "sections/training_curves.html" %}' in (templates / "report.html").read_text("utf-8")
