"""Functions that write the dataset page and the training report as HTML files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.catalog.account import Account
from discern.parallel import ThreadExecutor, count_cores
from discern.picture import open_picture
from discern.reporting import formatting, verdict
from discern.reporting.account_text import describe_account
from discern.reporting.display_names import DisplayNames
from discern.reporting.evaluated_text import describe_evaluated
from discern.reporting.formatting import nested
from discern.reporting.gallery import Gallery
from discern.reporting.page_context import data_context, format_provenance, metrics_context, predictions_context
from discern.reporting.render_html import write_page
from discern.reporting.sections.accept_policy_section import describe_policy
from discern.reporting.sections.class_pages import anchors, class_pages
from discern.reporting.sections.example_predictions import EvidenceMaps, ExamplePicker
from discern.reporting.sections.findings_section import FindingCards, LabelFindings, count_by_check, describe_findings
from discern.reporting.sections.learning_curve_section import describe_learning_curve
from discern.reporting.sections.metric_tables import compare_accuracies
from discern.reporting.sections.negative_examples import NegativeTable, describe_negatives
from discern.reporting.sections.next_steps import next_steps
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.training_curves import describe_training
from discern.reporting.sections.unlike_section import describe_lookalikes

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.checking import Finding
    from discern.evaluating import Metrics, SplitMetrics

Run = Mapping[str, Any]

_MIN_DECODED_SIDE = 256
_CLASS_LIST = 'under "The pictures" below'


def write_data_page(
    path: str | Path,
    *,
    catalog: "Catalog",
    findings: Sequence["Finding"],
    title: str,
    names: Mapping[str, Mapping[str, str | None]] | None = None,
    unjudged: Sequence[str] = (),
) -> None:
    """Write the HTML page `data.html` about a dataset and its findings, without predictions.

    Args:
        path: output file; an existing one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: findings of the checks.
        title: title of the page, such as the name of the run.
        names: display names by label, in the form of metrics.json.
        unjudged: labels whose accuracy cannot be measured.

    Raises:
        UnreadableFile: the file cannot be written.
    """

    def pixels(row: int) -> np.ndarray:
        return open_picture(catalog.read_one(row), min_side=_MIN_DECODED_SIDE)

    display_names = DisplayNames.from_metrics(names or {})
    account = Account.of(catalog, unjudged=unjudged, grouped=True)
    lines = describe_account(account, of="this data set", listed_in=_CLASS_LIST, name=display_names.text)
    with ThreadExecutor(count_cores()) as executor:
        gallery = Gallery(catalog, pixels, executor)
        cards = FindingCards(_shown(findings), gallery, catalog)
        write_page(
            path,
            "data.html",
            names=display_names,
            anchors={},
            title=title,
            account=lines,
            **data_context(catalog, gallery, seed=0),
            findings=describe_findings(_shown(findings), gallery, cards),
        )


def write_report(
    path: str | Path,
    *,
    catalog: "Catalog",
    findings: Sequence["Finding"],
    predictions: PredictionTable,
    metrics: "Metrics",
    run: Run,
    pictures: Callable[[int], np.ndarray],
    evidence: EvidenceMaps | None = None,
    negative_scores: np.ndarray | None = None,
    negatives: Sequence[NegativeTable] = (),
    title: str,
) -> None:
    """Write the HTML report on a trained classifier and its dataset, `report.html`.

    Args:
        path: output file; an existing one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: findings of the checks.
        predictions: held-out predictions.
        metrics: metrics of the run; missing ones have no section.
        run: contents of run.json; missing values are left out.
        pictures: returns the upright pixels of a row, uint8 [H, W, 3], whole or preprocessed by the recipe.
        evidence: returns the evidence maps of rows, [h, w, K], or [h, w] for the predicted label.
        negative_scores: float [M], unknown scores of the negatives; None without negatives.
        negatives: predictions for the negatives, which are shown where they were not called unknown.
        title: title of the page, such as the name of the run.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    with ThreadExecutor(count_cores()) as executor:
        gallery = Gallery(catalog, pictures, executor)
        cards = FindingCards(_shown(findings), gallery, catalog)
        picker = ExamplePicker(predictions, gallery, catalog.labels)
        data = data_context(catalog, gallery, seed=_seed(run))
        described = describe_findings(_shown(findings), gallery, cards)
        pages = class_pages(
            catalog.labels,
            metrics,
            predictions,
            picker,
            LabelFindings(findings, gallery, cards),
            totals={each.label: each.total for each in data["dataset"].classes},
        )
        page_anchors = anchors(catalog.labels) if pages else {}
        names = DisplayNames.from_metrics(metrics.names)
        account = Account.of(catalog, unjudged=metrics.split.unevaluated, grouped=True)
        context = (
            _training_context(metrics, run, predictions, gallery)
            | metrics_context(metrics, page_anchors)
            | predictions_context(predictions, metrics, catalog.labels, negative_scores)
        )
        sample = picker.sample(seed=_seed(run))
        write_page(
            path,
            "report.html",
            names=names,
            account=[
                *describe_account(account, of="this bundle", listed_in=_CLASS_LIST, name=names.text),
                *_evaluated(metrics, account),
            ],
            anchors=page_anchors,
            title=title,
            sentences=verdict.sentences(metrics),
            findings=described,
            steps=next_steps(metrics, count_by_check(described), page_anchors),
            notes=verdict.notes(metrics, run, catalog.labels),
            pages=pages,
            run=run,
            provenance=_provenance(metrics, run),
            negative_examples=describe_negatives(negatives, metrics.negatives, catalog.labels),
            # The model runs last, while other images are made.
            errors=picker.most_confident_errors(evidence, nested(run, "recipe")),
            sample=sample,
            **data,
            **context,
        )


def _evaluated(metrics: "Metrics", account: Account) -> list[str]:
    basis, used = metrics.classification, sum(account.classes.values())
    return [] if basis is None else [f"Evaluated: {describe_evaluated(vars(basis), used=used)}."]


def _shown(findings: Sequence["Finding"]) -> list["Finding"]:
    """Remove findings about unreadable files, which have a table of their own."""
    return [each for each in findings if each.check != "unreadable"]


def _training_context(metrics: "Metrics", run: Run, predictions: PredictionTable, gallery: Gallery) -> dict[str, Any]:
    """Return what only a training run has measured."""
    return {
        "headline": metrics.accuracy.leak_free,
        "difference": metrics.accuracy.difference,
        "comparison": compare_accuracies(metrics),
        "unlike": describe_lookalikes(metrics, gallery),
        "learning_curve": describe_learning_curve(metrics),
        "training": describe_training(metrics),
        "policy": describe_policy(metrics, predictions),
        "seconds": nested(run, "seconds"),
    }


def _seed(run: Run) -> int:
    seed = run.get("seed")
    return seed if isinstance(seed, int) and seed >= 0 else 0


def _split(metrics: "Metrics") -> dict[str, Any]:
    split = metrics.split
    if split.method is None:
        return {}
    return {
        "method": split.method,
        "leaks": split.leaks,
        "unjudged": split.unevaluated,
        "pictures": _trained(split),
    }


def _trained(split: "SplitMetrics") -> Mapping[str, int]:
    """Return the number of pictures by part; with cross-validation, by whether they were used, as it has no parts."""
    if split.method == "test-part":
        return split.pictures
    unused = {name: split.pictures[name] for name in ("unused", "unreadable") if name in split.pictures}
    return {"cross-validated": sum(split.pictures.values()) - sum(unused.values())} | unused


def _provenance(metrics: "Metrics", run: Run) -> list[tuple[str, str]]:
    """Return the inputs of a training run as pairs of name and value."""
    values = {
        "Created": formatting.timestamp(run.get("created") or ""),
        "Seed": run.get("seed"),
        "Dataset": nested(run, "data").get("root"),
        "Data fingerprint": nested(run, "data").get("fingerprint"),
        "Bundle fingerprint": nested(run, "bundle").get("fingerprint"),
        "Backbone": run.get("backbone"),
        "Recipe": run.get("recipe"),
        "Split": _split(metrics),
        "Head": metrics.head,
        "Settings": run.get("config"),
        "Versions": run.get("versions"),
    }
    return format_provenance(values)
