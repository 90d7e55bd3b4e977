"""One file a page: styles, charts, pictures and a few lines of script are all inside."""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from discern._version import __version__
from discern.errors import UnreadableFile
from discern.picture import open_picture
from discern.reporting import judged, verdict, wording
from discern.reporting.answers import Answers
from discern.reporting.charts import reliability_curve, score_histogram
from discern.reporting.dataset import describe_data
from discern.reporting.faults import describe_faults
from discern.reporting.pictures import Gallery

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.checking import Finding

Run = Mapping[str, Any]

_OPENED_SIDE = 256
_UNREADABLE_SHOWN = 50


def write_data_page(path: str | Path, *, catalog: "Catalog", findings: Sequence["Finding"], title: str) -> None:
    """Write what there is and what is wrong with it, without any answers: `data.html`.

    Args:
        path: the file to write; a former one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: what checking found.
        title: the page's name, such as the run's.

    Raises:
        UnreadableFile: the file cannot be written.
    """

    def opened(row: int) -> np.ndarray:
        return open_picture(catalog.read_one(row), shortest=_OPENED_SIDE)

    gallery = Gallery(catalog, opened)
    _write(path, "data.html", title=title, **_data_context(catalog, findings, gallery, seed=0))


def write_report(
    path: str | Path,
    *,
    catalog: "Catalog",
    findings: Sequence["Finding"],
    answers: Answers,
    metrics: Mapping[str, Any],
    run: Run,
    pictures: Callable[[int], np.ndarray],
    evidence: judged.Evidence | None = None,
    title: str,
) -> None:
    """Write how good the classifier is, on what data, and how that is known: `report.html`.

    Args:
        path: the file to write; a former one is replaced only when the new one is complete.
        catalog: the pictures.
        findings: what checking found.
        answers: held-out answers, as positions in the catalog and its labels.
        metrics: the run's metrics.json; parts that are missing or null are not drawn.
        run: the run's run.json; likewise.
        pictures: the upright pixels of a row, uint8 [H, W, 3], whole or as the recipe makes them.
        evidence: for rows, how much each place speaks for each label, [h, w, K] (or for the label given, [h, w]).
        title: the page's name, such as the run's.

    Raises:
        UnreadableFile: the file cannot be written.
    """
    gallery = Gallery(catalog, pictures)
    picked = judged.Picked(answers, gallery, catalog.labels)
    data = _data_context(catalog, findings, gallery, seed=_seed(run))
    faults = {fault.check: fault.count for fault in data["faults"]}
    _write(
        path,
        "report.html",
        title=title,
        sentences=verdict.sentences(metrics, faults),
        notes=verdict.notes(metrics, run, catalog.labels),
        headline=verdict.part(metrics, "accuracy", "leak_free"),
        difference=verdict.part(metrics, "accuracy", "difference"),
        split=verdict.part(metrics, "split"),
        run=run,
        seconds=verdict.part(metrics, "seconds") or verdict.part(run, "seconds"),
        made=_made(metrics, run),
        **data,
        **_answers_context(answers, metrics, picked, evidence, run),
    )


def _data_context(catalog: "Catalog", findings: Sequence["Finding"], gallery: Gallery, *, seed: int) -> dict[str, Any]:
    return {
        "data": describe_data(catalog, gallery, seed=seed),
        "faults": describe_faults([each for each in findings if each.check != "unreadable"], gallery),
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


def _answers_context(
    answers: Answers, metrics: Mapping[str, Any], picked: judged.Picked, evidence: judged.Evidence | None, run: Run
) -> dict[str, Any]:
    bins = verdict.part(metrics, "figures").get("reliability") or []
    unknown = verdict.part(metrics, "unknown")
    scored = bool(unknown) and bool(np.isfinite(answers.unknown_score).any())
    return {
        "comparison": judged.compare(metrics),
        "figures": judged.figure_rows(metrics),
        "classes": judged.judged_classes(metrics),
        "confusion": judged.describe_confusion(metrics),
        "mistakes": picked.worst(evidence, verdict.part(run, "recipe")),
        "wrong": int((answers.predicted != answers.truth).sum()),
        "answered": len(answers.rows),
        "drawn": picked.drawn(seed=_seed(run)),
        "bins": bins,
        "reliability": reliability_curve(bins) if bins else None,
        "unknown": unknown,
        "histogram": score_histogram(answers.unknown_score, unknown.get("t_unknown")) if scored else None,
    }


def _seed(run: Run) -> int:
    seed = run.get("seed")
    return seed if isinstance(seed, int) and seed >= 0 else 0


def _made(metrics: Mapping[str, Any], run: Run) -> list[tuple[str, str]]:
    """What went in, as names and values; nested parts as JSON."""
    wanted = {
        "Made": wording.moment(run.get("created") or ""),
        "Seed": run.get("seed"),
        "Pictures from": verdict.part(run, "data").get("root"),
        "Data fingerprint": verdict.part(run, "data").get("fingerprint"),
        "Bundle fingerprint": verdict.part(run, "bundle").get("fingerprint"),
        "Backbone": run.get("backbone"),
        "Picture recipe": run.get("recipe"),
        "Split": {name: value for name, value in verdict.part(metrics, "split").items() if name != "reason"},
        "Head": metrics.get("head"),
        "Settings": run.get("config"),
        "Versions": run.get("versions"),
    }
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str))
        for name, value in wanted.items()
        if value not in (None, "", {}, [])
    ]


def _write(path: str | Path, template: str, **context: Any) -> None:
    environment = Environment(
        loader=PackageLoader("discern.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": wording.percent,
        "points": wording.points,
        "count": wording.count,
        "plural": wording.plural,
        "seconds": wording.seconds,
        "interval": wording.interval,
        "moment": wording.moment,
    }
    source, _, _ = environment.loader.get_source(environment, "confusion.js")  # type: ignore[union-attr]
    # The script's hash in the policy lets this one script run and no other, whatever a file name contains.
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")
    text = environment.get_template(template).render(script=source, digest=digest, version=__version__, **context)
    target = Path(path)
    unfinished = target.with_name(target.name + ".part")
    try:
        unfinished.write_bytes(text.encode("utf-8", "backslashreplace"))
        unfinished.replace(target)
    except OSError as error:
        raise UnreadableFile(
            f"The page {target} cannot be written: {error}.", hint="Is the folder there, writable and not full?"
        ) from error
