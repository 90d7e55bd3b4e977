"""Class pages."""

import numpy as np
import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.class_pages import anchors, class_pages, picture_budget
from discern.reporting.sections.example_predictions import ExamplePicker
from discern.reporting.sections.findings_section import FindingCards, LabelFindings
from tests.unit.reporting.factories import extras_for, finding, metrics_for, predictions_for


def pages_of(catalog, gallery, findings=(), **changes):
    predictions = predictions_for(catalog)
    metrics = metrics_for(catalog, predictions) | extras_for(catalog.labels) | changes
    label_findings = LabelFindings(findings, gallery, FindingCards(findings, gallery, catalog))
    picker = ExamplePicker(predictions, gallery, catalog.labels)
    totals = dict.fromkeys(catalog.labels, 12)
    return (
        class_pages(catalog.labels, Metrics.from_json(metrics), predictions, picker, label_findings, totals=totals),
        predictions,
        metrics,
    )


def test_class_pages_link_to_each_other(catalog, gallery):
    pages, _, _ = pages_of(catalog, gallery)
    assert [page.anchor for page in pages] == list(anchors(catalog.labels).values())
    assert [page.next for page in pages] == ["birch", "cedar", None]
    assert [page.previous for page in pages] == [None, "ash", "birch"]
    assert all(page.pictures == "12" for page in pages)


def test_mix_ups_match_the_confusion_matrix(catalog, gallery):
    pages, predictions, _ = pages_of(catalog, gallery)
    ash = predictions.truth == 0
    wrong = int((ash & (predictions.predicted == 1)).sum())
    assert [(mix.other, mix.count) for mix in pages[0].predicted_as] == [("birch", str(wrong))]
    assert pages[1].mistaken_for[0].other == "ash"
    assert pages[0].predicted_as[0].share.startswith(f"{100 * wrong / ash.sum():.1f}")


def test_examples_are_ranked_by_confidence_and_belong_to_the_class(catalog, gallery):
    page = pages_of(catalog, gallery)[0][0]
    confidences = [int(shown.confidence.split("\N{NO-BREAK SPACE}")[0]) for shown in page.correct]
    assert confidences == sorted(confidences, reverse=True)
    assert all(shown.correct and shown.truth == "ash" for shown in page.correct)
    assert all(shown.truth == "ash" != shown.predicted for shown in page.missed)
    assert all(shown.predicted == "ash" != shown.truth for shown in page.false_positives)
    assert page.missed
    assert page.false_positives


def test_coverage_is_shown_by_class(catalog, gallery):
    assert pages_of(catalog, gallery)[0][1].coverage[0].startswith("88.0")
    assert pages_of(catalog, gallery, conformal=None)[0][1].coverage is None


def test_label_findings_are_listed_under_both_classes(catalog, gallery):
    row = int(np.flatnonzero(catalog.label_index == 0)[0])
    found = [finding("likely_wrong_label", row, action="relabel", value="cedar")]
    pages, _, _ = pages_of(catalog, gallery, found)
    assert [len(page.label_findings) for page in pages] == [1, 0, 1]


def test_a_class_without_metrics_has_a_page(catalog, gallery):
    predictions = predictions_for(catalog)
    overall = metrics_for(catalog, predictions)["figures"]
    cut = overall | {"per_class": overall["per_class"][:1], "labels": [], "confusion": []}
    pages, _, _ = pages_of(catalog, gallery, figures=cut)
    assert len(pages) == 3
    assert pages[1].predicted_as == ()
    assert pages[1].recall[0] == "\N{EN DASH}"


def test_older_runs_without_classes_have_no_pages(catalog, gallery):
    assert pages_of(catalog, gallery, figures=None)[0] == ()


@pytest.mark.parametrize(("classes", "most"), [(2, 30), (52, 22), (131, 11), (1000, 4)])
def test_the_more_classes_the_fewer_pictures_of_each(classes, most):
    budget = picture_budget(classes)
    assert budget.correct + 2 * budget.wrong + budget.label_findings <= most
    assert (budget.side is None) == (classes > 15)
