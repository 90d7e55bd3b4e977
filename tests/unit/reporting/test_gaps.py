"""Whatever is missing or null in the metrics, the page is drawn without it, and says nothing false."""

import copy
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discern.evaluating import Metrics
from discern.reporting import page as pages
from discern.reporting.display_names import Names
from discern.reporting.sections.accept_policy_section import describe_policy
from discern.reporting.sections.learning_curve_section import advised, describe_growth
from discern.reporting.sections.next_steps import next_steps
from discern.reporting.sections.ordinal_results import describe_order
from discern.reporting.sections.uncertainty import coverage_by_class, describe_sets, describe_unknown_detection
from discern.reporting.verdict import notes, sentences
from tests.unit.reporting.factories import RUN, Page, answers_for, extras_for, metrics_for

LABELS = ("ash", "birch", "cedar")
# What the contract always gives together: a list of points or classes is whole, or not there.
WHOLE = ("points", "advice", "per_class", "curve", "labels", "asked")


def places(facts: dict, above: tuple = ()) -> list[tuple]:
    """Where every value is that may be null."""
    found = []
    for name, value in facts.items():
        if name in WHOLE and above:
            continue
        found.append((*above, name))
        if isinstance(value, dict):
            found += places(value, (*above, name))
    return found


def without(facts: dict, place: tuple, *, null: bool) -> dict:
    """The facts with one value null, or not there."""
    changed = copy.deepcopy(facts)
    inner = changed
    for name in place[:-1]:
        inner = inner.get(name)
        if not isinstance(inner, dict):
            return changed
    if null:
        inner[place[-1]] = None
    else:
        inner.pop(place[-1], None)
    return changed


EVERYWHERE = places(extras_for(LABELS))


def describe_all(plain: dict, answers) -> list:
    metrics = Metrics.from_json(plain)
    return [
        describe_policy(metrics, answers),
        describe_sets(metrics),
        coverage_by_class(metrics),
        describe_unknown_detection(metrics),
        describe_growth(metrics),
        describe_order(metrics, answers, LABELS),
        advised(metrics),
        next_steps(metrics, {}, {}),
        sentences(metrics),
        notes(metrics, {}, LABELS),
        Names.of(metrics.names).say("ash"),
    ]


@pytest.fixture(scope="module")
def answers(catalog):
    return answers_for(catalog)


@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("place", EVERYWHERE, ids=".".join)
def test_any_one_value_may_be_missing(place, null, answers):
    told = describe_all(without(extras_for(LABELS), place, null=null), answers)
    assert not re.search(r"\bnan\b", repr(told))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(EVERYWHERE), st.booleans()), max_size=12))
def test_any_many_values_may_be_missing(answers, gone):
    metrics = extras_for(LABELS)
    for place, null in gone:
        metrics = without(metrics, place, null=null)
    describe_all(metrics, answers)


@pytest.mark.parametrize("name", list(extras_for(LABELS)))
@pytest.mark.parametrize("value", [None, {}])
def test_a_page_without_a_part_is_whole(name, value, catalog, answers, opened, tmp_path):
    metrics = metrics_for(catalog, answers) | extras_for(LABELS) | {name: value}
    path = tmp_path / "report.html"
    pages.write_report(
        path,
        catalog=catalog,
        findings=[],
        answers=answers,
        metrics=Metrics.from_json(metrics),
        run=RUN,
        pictures=opened,
        title="trees",
    )
    page = Page(path.read_text("utf-8"))
    assert page.open == []
    ids = {each["id"] for _, each in page.elements if "id" in each}
    assert {each["href"][1:] for each in page.all("a")} <= ids
    assert "None" not in page.text.replace("None of these", "")


def test_a_run_of_one_picture_is_a_page(catalog, answers, opened, tmp_path):
    one = type(answers)(
        rows=answers.rows[:1],
        truth=answers.truth[:1],
        probabilities=answers.probabilities[:1],
        unknown_score=np.array([np.nan]),
        decision=answers.decision[:1],
    )
    metrics = metrics_for(catalog, one) | extras_for(LABELS)
    path = tmp_path / "report.html"
    pages.write_report(
        path,
        catalog=catalog,
        findings=[],
        answers=one,
        metrics=Metrics.from_json(metrics),
        run={},
        pictures=opened,
        title="one",
    )
    assert "All classes" in Page(path.read_text("utf-8")).text
