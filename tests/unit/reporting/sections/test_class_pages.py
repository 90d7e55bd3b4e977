"""One view for each class."""

import numpy as np
import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.class_pages import allowance, anchors, class_pages
from discern.reporting.sections.example_predictions import ExamplePicker
from discern.reporting.sections.findings_section import Cards, LabelDoubts
from tests.unit.reporting.factories import answers_for, extras_for, finding, metrics_for


def pages_of(catalog, gallery, findings=(), **changes):
    answers = answers_for(catalog)
    metrics = metrics_for(catalog, answers) | extras_for(catalog.labels) | changes
    doubts = LabelDoubts(findings, gallery, Cards(findings, gallery, catalog))
    picked = ExamplePicker(answers, gallery, catalog.labels)
    totals = dict.fromkeys(catalog.labels, 12)
    return (
        class_pages(catalog.labels, Metrics.from_json(metrics), answers, picked, doubts, totals=totals),
        answers,
        metrics,
    )


def test_every_class_has_a_page_that_leads_to_the_next(catalog, gallery):
    pages, _, _ = pages_of(catalog, gallery)
    assert [page.anchor for page in pages] == list(anchors(catalog.labels).values())
    assert [page.after for page in pages] == ["birch", "cedar", None]
    assert [page.before for page in pages] == [None, "ash", "birch"]
    assert all(page.pictures == "12" for page in pages)


def test_the_mix_ups_are_those_of_the_confusion(catalog, gallery):
    pages, answers, _ = pages_of(catalog, gallery)
    ash = answers.truth == 0
    wrong = int((ash & (answers.predicted == 1)).sum())
    assert [(mix.other, mix.count) for mix in pages[0].taken_for] == [("birch", str(wrong))]
    assert pages[1].taken_for_it[0].other == "ash"
    assert pages[0].taken_for[0].share.startswith(f"{100 * wrong / ash.sum():.1f}")


def test_right_answers_go_from_sure_to_unsure_and_mistakes_are_its_own(catalog, gallery):
    page = pages_of(catalog, gallery)[0][0]
    sure = [int(shown.confidence.split("\N{NO-BREAK SPACE}")[0]) for shown in page.right]
    assert sure == sorted(sure, reverse=True)
    assert all(shown.right and shown.truth == "ash" for shown in page.right)
    assert all(shown.truth == "ash" != shown.predicted for shown in page.missed)
    assert all(shown.predicted == "ash" != shown.truth for shown in page.false)
    assert page.missed
    assert page.false


def test_coverage_stands_with_each_class_where_there_is_any(catalog, gallery):
    assert pages_of(catalog, gallery)[0][1].coverage[0].startswith("88.0")
    assert pages_of(catalog, gallery, conformal=None)[0][1].coverage is None


def test_doubtful_labels_stand_with_their_class(catalog, gallery):
    row = int(np.flatnonzero(catalog.label_index == 0)[0])
    found = [finding("likely_wrong_label", row, action="relabel", value="cedar")]
    pages, _, _ = pages_of(catalog, gallery, found)
    assert [len(page.doubtful) for page in pages] == [1, 0, 1]


def test_a_class_without_figures_still_has_a_page(catalog, gallery):
    answers = answers_for(catalog)
    figures = metrics_for(catalog, answers)["figures"]
    cut = figures | {"per_class": figures["per_class"][:1], "labels": [], "confusion": []}
    pages, _, _ = pages_of(catalog, gallery, figures=cut)
    assert len(pages) == 3
    assert pages[1].taken_for == ()
    assert pages[1].found[0] == "\N{EN DASH}"


def test_older_runs_without_classes_have_no_pages(catalog, gallery):
    assert pages_of(catalog, gallery, figures=None)[0] == ()


@pytest.mark.parametrize(("classes", "most"), [(2, 30), (52, 22), (131, 11), (1000, 4)])
def test_the_more_classes_the_fewer_pictures_of_each(classes, most):
    allowed = allowance(classes)
    assert allowed.right + 2 * allowed.wrong + allowed.doubtful <= most
    assert (allowed.side is None) == (classes > 15)
