"""`discern train`: from pictures to a bundle, and to the page that says how good it is."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from discern.bundle.archive import FILE
from discern.catalog import Catalog
from discern.checking import conflicted, count_findings
from discern.errors import DataError
from discern.evaluating import Metrics
from discern.flow.prepare import PrepareConfig, Prepared, prepare
from discern.flow.report import write_page
from discern.flow.run import Run
from discern.heads import HeadConfig
from discern.progress import Progress, silent
from discern.splitting import Split, SplitConfig, make_split
from discern.training import (
    Provenance,
    TrainConfig,
    choose_policy,
    compute_learning_curve,
    compute_metrics,
    fit,
    pack,
    tabulate,
)

_FEWEST_TO_ORDER = 3
_PRODUCTS = ("metrics.json", FILE, "report.html")


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a training left behind.

    Attributes:
        run: the run's folder.
        bundle: the model, `model.discern`.
        report: the page that says how good it is.
        pictures: how many pictures stand in each part, and how many files could not be read.
        accuracy: `leak_free`, `naive`, `given` and `difference`, each with value, low and high.
        ece: the expected calibration error, and the range that perfect calibration would show.
        policy: the promise about errors among accepted answers; None: nothing is accepted.
        seconds: wall time by stage.
        hints: what else could be asked for, in plain sentences.
    """

    run: Path
    bundle: Path
    report: Path
    pictures: dict[str, int]
    accuracy: dict[str, Any]
    ece: dict[str, Any]
    policy: dict[str, Any] | None
    seconds: dict[str, float]
    hints: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute.

        Keys:
            run: the run's folder.
            bundle: the model, `model.discern`.
            report: the page that says how good it is.
            pictures: how many pictures stand in each part, and how many files could not be read.
            accuracy: `leak_free`, `naive`, `given` and `difference`, each with value, low and high.
            ece: the expected calibration error, and the range that perfect calibration would show.
            policy: the promise about errors among accepted answers; null: nothing is accepted.
            seconds: wall time by stage.
        """
        plain = asdict(self) | {"run": str(self.run), "bundle": str(self.bundle), "report": str(self.report)}
        del plain["hints"]
        return plain


def train(
    source: str | Path,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    fixes: str | Path | None = None,
    backbone: str = "lite0",
    at_most_wrong: float | None = 0.05,
    coverage: float | None = 0.9,
    ordered: Sequence[str] = (),
    negatives: str | Path | None = None,
    names: str | Path | None = None,
    resume: bool = False,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> TrainResult:
    """Check, split, fit, evaluate and pack: one call from pictures to a bundle that knows its limits.

    Args:
        source: a folder of labelled pictures, a list (CSV, Parquet, .lst, .manifest), or an archive; never changed.
        name: the run's name; None: called after the source, with a number.
        runs: the folder of all runs.
        seed: of every random choice; the same seed gives the same result.
        fixes: a fixes.csv to apply first.
        backbone: what looks at the pictures: a name, or the path of an ONNX file.
        at_most_wrong: the share of accepted answers that may be wrong, in 0..1 (exclusive): from it follows the
            confidence from which answers stand without a person; None: none does.
        coverage: how often an answer's set of labels is to hold the right one, likewise; None: there are no sets.
        ordered: the labels in an order that means something, the least first, or `["numeric"]`.
        negatives: pictures of none of the labels, in any form that `source` may have, to tell strangers by; a class
            folder named `_other` serves as well.
        names: a CSV of label, name, spoken and route: what labels are called, and where things of them go.
        resume: go on with an interrupted run of that name.
        cache: where computed things are kept; None: the user's cache folder.
        progress: is told how far the work is.

    Raises:
        DiscernError: the source, the fixes or the run's name cannot be used, or the pictures do not allow training.
    """
    preparing = PrepareConfig.of(
        source, fixes=fixes, backbone=backbone, negatives=negatives, ordered=ordered, names=names
    )
    config = TrainConfig(
        seed=seed,
        split=SplitConfig(seed=seed),
        head=HeadConfig(ordered=bool(ordered)),
        at_most_wrong=at_most_wrong,
        coverage=coverage,
    )
    asked = preparing.to_json() | config.to_json()
    run = Run.create(source, name=name, runs=runs, resume=resume, config=asked)
    with run.held():
        if not (run.finished and all(run.path(name).exists() for name in _PRODUCTS)):
            _train(run, preparing, config, cache=cache, progress=progress)
    return _result(run)


def _train(
    run: Run,
    preparing: PrepareConfig,
    config: TrainConfig,
    *,
    cache: str | Path | None,
    progress: Progress,
) -> None:
    prepared = prepare(run, preparing, cache=cache, progress=progress)
    with run.stage("split", progress):
        split = _split(run, prepared, config)
    with run.stage("fit", progress):
        material = prepared.material
        learned = fit(material, split, config, progress)
        with run.replacing("answers.parquet") as path:
            tabulate(prepared.catalog, learned.honest).write_parquet(path)
    with run.stage("evaluate", progress):
        decided = choose_policy(material, split, learned, config)
        crossed = prepared.crossed
        curve = None if crossed is None else compute_learning_curve(material, crossed, seed=config.seed)
        metrics = replace(
            compute_metrics(material, split, learned, decided, config),
            names=prepared.names,
            hints=hints(material.catalog),
            learning_curve=curve,
        )
        run.write_json("metrics.json", metrics.to_json())
    with run.stage("pack", progress), run.writing(FILE) as path:
        origin = Provenance(
            name=run.folder.name,
            config=config,
            versions=run.facts["versions"],
            names=prepared.names,
            faults=count_findings(prepared.findings),
            group=prepared.groups.group,
        )
        pack(path, material, learned, decided, metrics, origin=origin)
    with run.stage("report", progress):
        write_page(run, prepared, learned, decided, metrics)
    run.save(status="done")


def _split(run: Run, prepared: Prepared, config: TrainConfig) -> Split:
    if run.path("split.json").exists():
        with run.reading("split.json") as path:
            split = Split.from_json(json.loads(path.read_text(encoding="utf-8")))
            if len(split.fold) != len(prepared.catalog):
                raise ValueError("it is of other pictures")
            return split
    exclude = conflicted(prepared.catalog, prepared.edges)
    split = make_split(prepared.catalog, prepared.groups, config.split, exclude=exclude)
    _require_judges(prepared.catalog, split)
    run.write_json("split.json", split.to_json())
    return split


def _require_judges(catalog: Catalog, split: Split) -> None:
    if len(catalog.labels) < 2:
        raise DataError(
            f"All pictures have one label, {catalog.labels[0]!r}: there is nothing to tell apart.",
            hint="Add a folder of pictures of something else.",
        )
    if not split.rounds:
        raise DataError(
            "Nothing could be judged: no label has two pictures that are independent of each other.",
            hint="Add pictures to each label, two at the very least and better 30, none a copy of another.",
        )


def _result(run: Run) -> TrainResult:
    with run.reading("metrics.json") as path:
        metrics = Metrics.from_json(json.loads(path.read_text(encoding="utf-8")))
    return TrainResult(
        run=run.folder,
        bundle=run.path(FILE),
        report=run.path("report.html"),
        pictures=dict(metrics.split.pictures),
        accuracy=metrics.accuracy.to_json(),
        ece=metrics.ece.to_json(),
        policy=None if metrics.policy is None else metrics.policy.summary(),
        seconds=run.facts["seconds"],
        hints=list(metrics.hints),
    )


def hints(catalog: Catalog) -> tuple[str, ...]:
    """What the pictures suggest to ask for, and was not."""
    if catalog.order or len(catalog.labels) < _FEWEST_TO_ORDER or not all(map(_is_number, catalog.labels)):
        return ()
    return ("All labels are numbers. If being off by one is better than by more, train with --ordered numeric.",)


def _is_number(label: str) -> bool:
    try:
        return math.isfinite(float(label))
    except ValueError:
        return False
