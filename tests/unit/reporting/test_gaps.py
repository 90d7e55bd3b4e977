"""Missing and null metrics: the page is rendered without them and states nothing false."""

import copy
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discern.evaluating import Metrics
from discern.reporting import page as pages
from discern.reporting.display_names import DisplayNames
from discern.reporting.sections.accept_policy_section import describe_policy
from discern.reporting.sections.learning_curve_section import collection_advice, describe_learning_curve
from discern.reporting.sections.next_steps import next_steps
from discern.reporting.sections.ordinal_results import describe_ordinal_results
from discern.reporting.sections.uncertainty import coverage_by_class, describe_sets, describe_unknown_detection
from discern.reporting.verdict import notes, sentences
from tests.unit.reporting.factories import RUN, Page, extras_for, metrics_for, predictions_for

LABELS = ("ash", "birch", "cedar")
# Lists of points or classes are either complete or missing.
ATOMIC = ("points", "advice", "per_class", "curve", "labels", "asked")


def value_paths(values: dict, above: tuple = ()) -> list[tuple]:
    """Return the paths of all values that may be null."""
    found = []
    for name, value in values.items():
        if name in ATOMIC and above:
            continue
        found.append((*above, name))
        if isinstance(value, dict):
            found += value_paths(value, (*above, name))
    return found


def without(values: dict, value_path: tuple, *, null: bool) -> dict:
    """Return the values with one of them null or removed."""
    changed = copy.deepcopy(values)
    inner = changed
    for name in value_path[:-1]:
        inner = inner.get(name)
        if not isinstance(inner, dict):
            return changed
    if null:
        inner[value_path[-1]] = None
    else:
        inner.pop(value_path[-1], None)
    return changed


VALUE_PATHS = value_paths(extras_for(LABELS))


def describe_all(as_json: dict, predictions) -> list:
    metrics = Metrics.from_json(as_json)
    return [
        describe_policy(metrics, predictions),
        describe_sets(metrics),
        coverage_by_class(metrics),
        describe_unknown_detection(metrics),
        describe_learning_curve(metrics),
        describe_ordinal_results(metrics, predictions, LABELS),
        collection_advice(metrics),
        next_steps(metrics, {}, {}),
        sentences(metrics),
        notes(metrics, {}, LABELS),
        DisplayNames.from_metrics(metrics.names).text("ash"),
    ]


@pytest.fixture(scope="module")
def predictions(catalog):
    return predictions_for(catalog)


@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("value_path", VALUE_PATHS, ids=".".join)
def test_any_one_value_may_be_missing(value_path, null, predictions):
    described = describe_all(without(extras_for(LABELS), value_path, null=null), predictions)
    assert not re.search(r"\bnan\b", repr(described))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(VALUE_PATHS), st.booleans()), max_size=12))
def test_any_many_values_may_be_missing(predictions, removed):
    metrics = extras_for(LABELS)
    for value_path, null in removed:
        metrics = without(metrics, value_path, null=null)
    describe_all(metrics, predictions)


@pytest.mark.parametrize("name", list(extras_for(LABELS)))
@pytest.mark.parametrize("value", [None, {}])
def test_a_page_without_a_part_is_well_formed(name, value, catalog, predictions, opened, tmp_path):
    metrics = metrics_for(catalog, predictions) | extras_for(LABELS) | {name: value}
    path = tmp_path / "report.html"
    pages.write_report(
        path,
        catalog=catalog,
        findings=[],
        predictions=predictions,
        metrics=Metrics.from_json(metrics),
        run=RUN,
        pictures=opened,
        title="trees",
    )
    page = Page(path.read_text("utf-8"))
    assert page.open == []
    ids = {each["id"] for _, each in page.elements if "id" in each}
    assert {each["href"][1:] for each in page.all("a")} <= ids
    assert "None" not in page.text.replace("None of its pictures", "")


def test_a_run_of_one_picture_has_a_page(catalog, predictions, opened, tmp_path):
    one = type(predictions)(
        rows=predictions.rows[:1],
        truth=predictions.truth[:1],
        probabilities=predictions.probabilities[:1],
        unknown_score=np.array([np.nan]),
        decision=predictions.decision[:1],
    )
    metrics = metrics_for(catalog, one) | extras_for(LABELS)
    path = tmp_path / "report.html"
    pages.write_report(
        path,
        catalog=catalog,
        findings=[],
        predictions=one,
        metrics=Metrics.from_json(metrics),
        run={},
        pictures=opened,
        title="one",
    )
    assert "All classes" in Page(path.read_text("utf-8")).text
