"""The pages' contents, gathered: each part of a template from the module that describes it."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.picture import open_picture
from discern.reporting import formatting, verdict
from discern.reporting.charts import reliability_curve, score_histogram
from discern.reporting.display_names import Names
from discern.reporting.formatting import part
from discern.reporting.gallery import Gallery
from discern.reporting.render_html import write_page
from discern.reporting.sections.accept_policy_section import describe_policy
from discern.reporting.sections.class_pages import anchors, class_pages
from discern.reporting.sections.confusion import describe_confusion
from discern.reporting.sections.dataset import describe_data
from discern.reporting.sections.example_predictions import Evidence, ExamplePicker
from discern.reporting.sections.findings_section import Cards, LabelDoubts, counts, describe_findings
from discern.reporting.sections.learning_curve_section import describe_growth
from discern.reporting.sections.metric_tables import compare, figure_rows, judged_classes
from discern.reporting.sections.next_steps import next_steps
from discern.reporting.sections.ordinal_results import describe_order
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.uncertainty import describe_sets, describe_unknown_detection

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.checking import Finding
    from discern.evaluating import Metrics

Run = Mapping[str, Any]

_OPENED_SIDE = 256
_UNREADABLE_SHOWN = 50


def write_data_page(
    path: str | Path,
    *,
    catalog: "Catalog",
    findings: Sequence["Finding"],
    title: str,
    names: Mapping[str, Mapping[str, str | None]] | None = None,
) -> None:
    """Write what there is and what is wrong with it, without any answers: `data.html`.

    Args:
        path: the file to write; a former one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: what checking found.
        title: the page's name, such as the run's.
        names: what labels are called in words, as metrics.json has it.

    Raises:
        UnreadableFile: the file cannot be written.
    """

    def opened(row: int) -> np.ndarray:
        return open_picture(catalog.read_one(row), shortest=_OPENED_SIDE)

    gallery = Gallery(catalog, opened)
    data = _data_context(catalog, findings, gallery, Cards(_shown(findings), gallery, catalog), seed=0)
    write_page(path, "data.html", names=Names.of(names or {}), anchors={}, title=title, **data)


def write_report(
    path: str | Path,
    *,
    catalog: "Catalog",
    findings: Sequence["Finding"],
    answers: PredictionTable,
    metrics: "Metrics",
    run: Run,
    pictures: Callable[[int], np.ndarray],
    evidence: Evidence | None = None,
    strangers: np.ndarray | None = None,
    title: str,
) -> None:
    """Write how good the classifier is, on what data, and how that is known: `report.html`.

    Args:
        path: the file to write; a former one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: what checking found.
        answers: held-out answers, as positions in the catalog and its labels.
        metrics: the run's metrics; parts that are missing or None are not drawn.
        run: the run's run.json; likewise.
        pictures: the upright pixels of a row, uint8 [H, W, 3], whole or as the recipe makes them.
        evidence: for rows, how much each place speaks for each label, [h, w, K] (or for the label given, [h, w]).
        strangers: float [M], the unknown scores of pictures of none of the classes; None: there were none.
        title: the page's name, such as the run's.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    gallery = Gallery(catalog, pictures)
    cards = Cards(_shown(findings), gallery, catalog)
    picked = ExamplePicker(answers, gallery, catalog.labels)
    data = _data_context(catalog, findings, gallery, cards, seed=_seed(run))
    pages = class_pages(
        catalog.labels,
        metrics,
        answers,
        picked,
        LabelDoubts(findings, gallery, cards),
        totals={each.label: each.total for each in data["data"].classes},
    )
    places = anchors(catalog.labels) if pages else {}
    write_page(
        path,
        "report.html",
        names=Names.of(metrics.names),
        anchors=places,
        title=title,
        sentences=verdict.sentences(metrics),
        steps=next_steps(metrics, counts(data["faults"]), places),
        notes=verdict.notes(metrics, run, catalog.labels),
        pages=pages,
        run=run,
        made=_made(metrics, run),
        mistakes=picked.worst(evidence, part(run, "recipe")),
        drawn=picked.drawn(seed=_seed(run)),
        **data,
        **_figures_context(metrics, run, places),
        **_answers_context(answers, metrics, catalog.labels, strangers),
    )


def _shown(findings: Sequence["Finding"]) -> list["Finding"]:
    """Findings with a card; unreadable files have nothing to show."""
    return [each for each in findings if each.check != "unreadable"]


def _data_context(
    catalog: "Catalog", findings: Sequence["Finding"], gallery: Gallery, cards: Cards, *, seed: int
) -> dict[str, Any]:
    return {
        "data": describe_data(catalog, gallery, seed=seed),
        "faults": describe_findings(_shown(findings), gallery, cards),
        "unreadable": _unreadable(catalog),
        "fingerprint": catalog.fingerprint,
    }


def _unreadable(catalog: "Catalog") -> list[dict[str, str | None]]:
    """The first files that cannot be read, and why; where the folder lies is nobody's business who gets the page."""
    columns = {name: catalog.table.get_column(name) for name in ("path", "error", "message")}
    files = [
        {name: column[int(row)] for name, column in columns.items()}
        for row in np.flatnonzero(~catalog.readable)[:_UNREADABLE_SHOWN]
    ]
    return [file | {"message": (file["message"] or "").replace(f"{catalog.root}{os.sep}", "")} for file in files]


def _figures_context(metrics: "Metrics", run: Run, places: Mapping[str, str]) -> dict[str, Any]:
    bins = metrics.classification.calibration.bins if metrics.classification else ()
    return {
        "headline": metrics.accuracy.leak_free,
        "difference": metrics.accuracy.difference,
        "comparison": compare(metrics),
        "figures": figure_rows(metrics),
        "classes": judged_classes(metrics),
        "confusion": describe_confusion(metrics, places),
        "bins": bins,
        "reliability": reliability_curve(bins) if bins else None,
        "sets": describe_sets(metrics),
        "gate": describe_unknown_detection(metrics),
        "growth": describe_growth(metrics),
        "seconds": part(run, "seconds"),
    }


def _answers_context(
    answers: PredictionTable, metrics: "Metrics", labels: tuple[str, ...], strangers: np.ndarray | None
) -> dict[str, Any]:
    scored = metrics.unknown.t_unknown is not None and bool(np.isfinite(answers.unknown_score).any())
    return {
        "promised": describe_policy(metrics, answers),
        "order": describe_order(metrics, answers, labels),
        "wrong": int((answers.predicted != answers.truth).sum()),
        "answered": len(answers.rows),
        "unknown": metrics.unknown,
        "histogram": score_histogram(answers.unknown_score, metrics.unknown.t_unknown, strangers=strangers)
        if scored
        else None,
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
        "pictures": split.pictures,
    }


def _made(metrics: "Metrics", run: Run) -> list[tuple[str, str]]:
    """What went in, as names and values; nested parts as JSON."""
    wanted = {
        "Made": formatting.moment(run.get("created") or ""),
        "Seed": run.get("seed"),
        "Pictures from": part(run, "data").get("root"),
        "Data fingerprint": part(run, "data").get("fingerprint"),
        "Bundle fingerprint": part(run, "bundle").get("fingerprint"),
        "Backbone": run.get("backbone"),
        "Picture recipe": run.get("recipe"),
        "Split": _split(metrics),
        "Head": metrics.head,
        "Settings": run.get("config"),
        "Versions": run.get("versions"),
    }
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str))
        for name, value in wanted.items()
        if value not in (None, "", {}, [])
    ]
