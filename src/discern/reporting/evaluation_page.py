"""Functions that write the evaluation of models on labelled pictures as an HTML file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.evaluating import Interval, Metrics
from discern.reporting import formatting
from discern.reporting.display_names import DisplayNames
from discern.reporting.evaluation_verdict import comparison_sentence, evaluation_notes, evaluation_sentences
from discern.reporting.gallery import Gallery
from discern.reporting.page_context import data_context, format_provenance, metrics_context, predictions_context
from discern.reporting.render_html import write_page
from discern.reporting.sections.class_pages import anchors, class_pages
from discern.reporting.sections.example_predictions import EvidenceMaps, ExamplePicker
from discern.reporting.sections.findings_section import FindingCards, LabelFindings
from discern.reporting.sections.negative_examples import NegativeTable, describe_negatives
from discern.reporting.sections.policy_check import MeasuredPolicy, check_policy, error_limit
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.side_by_side import (
    MAX_SHOWN,
    SideBySide,
    WrongAlone,
    class_differences,
    count_all_wrong,
    model_row,
)

if TYPE_CHECKING:
    from discern.catalog import Catalog

_SIDE = 144


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluatedAnswers:
    """Predictions of one model for the evaluated pictures, with their metrics.

    Attributes:
        name: name of the model.
        of: its path or address.
        labels: its labels, which `predictions` refers to.
        predictions: its predictions.
        metrics: their metrics.
        stated: metrics of its training; empty where they are not published.
        promised: its accept policy; None without one.
        measured: effect of the policy; None without one.
        wrong_alone: int [W], positions of the predictions that this model alone gets wrong.
        fresh: bool [N], pictures that did not set the thresholds of any model; None for all.
        difference: accuracy of the first model minus this one; None for the first.
        per_class_difference: the same for each class.
    """

    name: str
    of: str
    labels: tuple[str, ...]
    predictions: PredictionTable
    metrics: Metrics
    stated: Metrics = field(default_factory=Metrics)
    promised: Mapping[str, Any] | None = None
    measured: MeasuredPolicy | None = None
    wrong_alone: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    fresh: np.ndarray | None = None
    difference: Interval | None = None
    per_class_difference: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def fresh_predictions(self) -> PredictionTable:
        """Return the predictions that the policy is measured on."""
        return self.predictions if self.fresh is None else self.predictions.select(self.fresh)


def write_evaluation_page(
    path: str | Path,
    *,
    catalog: "Catalog",
    models: Sequence[EvaluatedAnswers],
    pictures: Callable[[int], np.ndarray],
    account: Sequence[str],
    evidence: EvidenceMaps | None = None,
    recipe: Mapping[str, Any] | None = None,
    negatives: Sequence[NegativeTable] = (),
    negative_scores: np.ndarray | None = None,
    published: bool = True,
    provenance: Mapping[str, Any],
    title: str,
    seed: int = 0,
) -> None:
    """Write the HTML page on the evaluation of a model, alone or compared with others.

    Args:
        path: output file; an existing one is replaced only when the new one is complete.
        catalog: the pictures.
        models: the evaluated model, and those that it is compared with.
        pictures: returns the upright pixels of a row, uint8 [H, W, 3].
        account: sentences on the files that were used and left out.
        evidence: returns the first model's evidence maps of rows; None for a server.
        recipe: its preprocessing.
        negatives: its predictions for pictures of none of the classes.
        negative_scores: float [M], their unknown scores; None without any.
        published: True if all models publish their training pictures.
        provenance: inputs of the evaluation, by name.
        title: title of the page, such as the name of the run.
        seed: random seed of the examples.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    first, *others = models
    gallery, metrics = Gallery(catalog, pictures), first.metrics
    picker = ExamplePicker(first.predictions, gallery, first.labels)
    data = data_context(catalog, gallery, seed=seed)
    pages = class_pages(
        first.labels,
        metrics,
        first.predictions,
        picker,
        LabelFindings((), gallery, FindingCards((), gallery, catalog)),
        totals={each.label: each.total for each in data["dataset"].classes},
    )
    page_anchors = anchors(first.labels) if pages else {}
    limit = None if first.promised is None else error_limit(first.promised)
    compared = [comparison_sentence(each.name, each.difference) for each in others if each.difference is not None]
    write_page(
        path,
        "evaluation.html",
        names=DisplayNames.from_metrics(metrics.names),
        anchors=page_anchors,
        title=title,
        model=first.name,
        headline=metrics.accuracy.leak_free,
        sentences=[*evaluation_sentences(metrics, first.stated, first.measured, limit), *filter(None, compared)],
        notes=evaluation_notes(metrics, published=published),
        account=account,
        side_by_side=_side_by_side(models, gallery) if others else None,
        policy_check=check_policy(first.promised, first.measured, first.fresh_predictions),
        pages=pages,
        errors=picker.most_confident_errors(evidence, recipe or {}, whole=True),
        sample=picker.sample(seed=seed),
        negative_examples=describe_negatives(negatives, metrics.negatives, first.labels),
        seconds={},
        provenance=format_provenance(provenance),
        **data,
        **metrics_context(metrics, page_anchors),
        **predictions_context(first.predictions, metrics, first.labels, negative_scores),
    )


def _side_by_side(models: Sequence[EvaluatedAnswers], gallery: Gallery) -> SideBySide:
    first, *others = models
    correct = [each.predictions.predicted == each.predictions.truth for each in models]
    counts = first.metrics.counts
    return SideBySide(
        models=tuple(
            model_row(each.name, each.of, each.metrics, each.difference, alone=len(each.wrong_alone)) for each in models
        ),
        others=tuple(each.name for each in others),
        classes=class_differences(first.metrics, [each.per_class_difference for each in others]),
        alone=tuple(_wrong_alone(each, gallery) for each in models),
        all_wrong=count_all_wrong(correct),
        numbers=counts is not None,
        constant_error="" if counts is None else formatting.two_decimals(counts.constant_mae.value),
    )


def _wrong_alone(model: EvaluatedAnswers, gallery: Gallery) -> WrongAlone:
    picker, positions = ExamplePicker(model.predictions, gallery, model.labels), model.wrong_alone
    ranked = positions[np.argsort(-model.predictions.confidence[positions], kind="stable")]
    shown = picker.without_copies(ranked.tolist())[:MAX_SHOWN]
    return WrongAlone(
        name=model.name, count=len(positions), shown=tuple(picker.example(position, _SIDE) for position in shown)
    )
