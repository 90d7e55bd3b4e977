"""Functions that train an image classifier and save it as a bundle (`discern train`)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from discern.bundle import Runtime, open_runtime, record_golden
from discern.bundle.archive import FILE
from discern.bundle.manifest_schema import check_labels
from discern.bundle.prediction_sets import numbers_of
from discern.catalog import OTHER, Catalog
from discern.catalog.account import Account
from discern.checking import conflicted, count_findings
from discern.checking.film_remedy import describe_films
from discern.errors import DataError
from discern.evaluating import Metrics
from discern.features import require_trainable
from discern.flow.curves_file import write_curves
from discern.flow.finished_train import METRICS, is_trained, read_result
from discern.flow.held_out import ANSWERS, VALIDATION
from discern.flow.input_options import InputOptions
from discern.flow.paths import cache_folder
from discern.flow.prepare import SPLIT, PrepareConfig, Prepared, prepare
from discern.flow.report import write_page
from discern.flow.run import Run
from discern.flow.run_notes import notes_of
from discern.flow.source_options import SourceKeywords
from discern.flow.train_result import TrainResult
from discern.heads import HeadConfig
from discern.parallel import ThreadExecutor, count_cores
from discern.picture import Recipe
from discern.progress import Progress, silent
from discern.reporting.account_text import describe_missing_classes
from discern.splitting import Split, make_split
from discern.training import (
    CHOICES,
    FINETUNE,
    LOOKALIKES_ONLY,
    AcceptPolicy,
    FitResult,
    Provenance,
    TrainConfig,
    choose_method,
    choose_policy,
    compute_learning_curve,
    compute_metrics,
    compute_unlike,
    make_method,
    make_reference,
    pack,
    plan_split,
    tabulate,
)

_CHECKPOINTS = "checkpoints"
_FEWEST_ORDERED = 3
_ANOTHER_CLASS = "Add a folder of pictures of another class, or pass the folder that contains a folder for each class."


def train(
    source: str | Path,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    fixes: str | Path | None = None,
    backbone: str | None = None,
    at_most_wrong: float | Literal["auto"] | None = "auto",
    coverage: float | None = 0.9,
    ordered: Sequence[str] = (),
    negatives: str | Path | None = None,
    names: str | Path | None = None,
    parts_of: Mapping[str, str] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    label_from: str | None = None,
    size: int | None = None,
    fit: str | None = None,
    mean: float | Sequence[float] | None = None,
    deviation: float | Sequence[float] | None = None,
    scale: float | None = None,
    views: int | None = None,
    weights: str | Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    method: str | None = None,
    preset: str | None = None,
    network: str | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    hidden: int | None = None,
    dropout: float | None = None,
    weight_decay: float | None = None,
    label_smoothing: float | None = None,
    augment: str | None = None,
    mirror: bool | None = None,
    balance: str | None = None,
    device: str | None = None,
    budget: str | float | None = None,
    folds: int | None = None,
    like: str | Path | None = None,
    resume: bool = False,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> TrainResult:
    """Train an image classifier and save it as a model bundle.

    Args:
        source: folder, list (CSV, Parquet, .lst, .manifest) or archive of labelled pictures; never changed.
        name: name of the run; None for the source's name and a number.
        runs: directory of all runs.
        seed: random seed; the same seed gives the same result.
        fixes: fixes.csv to apply first.
        backbone: name of a backbone, or path of an ONNX file; None for that of the preset, or "lite0".
        at_most_wrong: error limit, in (0, 1), which sets the threshold of acceptance: the largest share of independent
            groups with an error among their accepted predictions; "auto" for the strictest of 0.05, 0.1 and 0.2 that
            holds; None to accept nothing.
        coverage: share of prediction sets that shall contain the true label, in (0, 1); None for no sets.
        ordered: the labels in ascending order, or `["numeric"]`; empty if they have no order.
        negatives: pictures of none of the labels, in any form that `source` may have, to tune the unknown score on; a
            class folder named `_other` works as well.
        names: names.csv with display names, routes and aliases of labels: label, name, spoken, route, alias. Labels of
            the source that are aliases are replaced with the label.
        parts_of: folders that are parts, such as `{"train": "seg_train", "test": "seg_test"}`; empty if the outermost
            folders are classes, whatever their names; None to go by their names.
        group_by: regular expression that is searched in each path relative to the source, with "/"; the match, or its
            first group, names the picture's group; a picture without a match is its own group. It replaces the groups
            of a list. None to use those.
        classes: labels of the classes to use, as a sequence, separated by commas, or in a file with one per line or a
            column `label`; pictures of other classes are left out. None for all.
        label_from: key of the label in JSON files that belong to pictures (`1.json` beside `1.jpg`, or in a folder
            beside its folder), with dots for nested keys; or column of a list. None for the usual ones.
        size: side of the network's input in pixels, where the backbone allows it; None for the backbone's own.
        fit: "crop", "pad" (whole, with borders) or "squash" (whole, made square); None to go by the pictures' shapes.
        mean: mean to subtract for an ONNX file that takes float pictures, one number or RGB; None: from its metadata.
        deviation: standard deviation to divide by after that, likewise.
        scale: value of white before both, 1 or 255; None to follow from their size.
        views: 2 to average the features of a picture and its mirror image, 1 for the picture alone; None for 2.
        weights: file of weights for a network of timm or torchvision, or a folder of such files; None for the folder in
            the environment variable `DISCERN_WEIGHTS`.
        thresholds: thresholds of checks by the check's name, such as `{"blurred": 0.2}`, which replace the defaults;
            docs/cleaning.md lists them.
        method: "probe" (a head on frozen features), "scratch" (a small network that learns from these pictures),
            "finetune" (the backbone learns as well) or "auto" (the probe, and fine-tuning where that is worth its
            time); all but "probe" need PyTorch. None for that of the preset, or "probe". A setting that the method
            does not use is an error; docs/methods.md has the settings of each, and their defaults.
        preset: name of a known system, such as "banana-cnn", whose method, backbone and settings apply where none are
            given.
        network: network of "scratch": "small", "resnet9", "banana-cnn", "nursing-cnn" or "bins-simple"; None for
            "small".
        epochs: maximum number of passes over the training pictures.
        batch: number of pictures in a training step.
        lr: highest learning rate.
        hidden: width of a hidden layer: with "probe", of a head that is a small network on frozen features; with
            "scratch", of the last dense layer of a network that has some.
        dropout: share of hidden values that each step leaves out.
        weight_decay: decay of the weights.
        label_smoothing: share of each label that is spread over all labels.
        augment: random changes of the training pictures: "none", "light" or "strong".
        mirror: whether these changes mirror pictures left to right.
        balance: "weights" or "sampling", so that all classes count alike in training; or "none".
        device: "auto", "cpu", "cuda" or "mps".
        budget: time limit of the whole fit, in seconds or as text such as "20m".
        folds: number of folds of cross-validation, 2 or more, from which all figures come if there is no given test
            part; None for a test part where the data set is large or the method trains networks, and else for 5.
        like: former run, whose data the notes compare with these; `discern.options_of` gives its options.
        resume: resume the interrupted run called `name`.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DiscernError: the source, the fixes or the run's name is invalid, or the pictures are too few to train on.
    """
    given = dict(locals())
    reading = SourceKeywords(parts_of=parts_of, group_by=group_by, classes=classes, label_from=label_from)
    chosen = choose_method(preset, **{name: given[name] for name in CHOICES})
    inputs = InputOptions.checked_input(
        size=chosen.size, fit=chosen.fit, mean=mean, deviation=deviation, scale=scale, weights=weights, views=views
    )
    preparing = PrepareConfig.of(
        source,
        fixes=fixes,
        backbone=chosen.backbone,
        negatives=negatives,
        ordered=ordered,
        names=names,
        thresholds=thresholds,
        inputs=inputs,
        **reading,
    )
    _require_two(preparing.classes)
    config = TrainConfig(
        seed=seed,
        split=plan_split(seed, folds, chosen.config),
        folds=folds,
        head=HeadConfig(ordered=bool(ordered)),
        at_most_wrong=at_most_wrong,
        coverage=coverage,
        method=chosen.config,
    )
    _require_method(preparing, config)
    run = Run.create(source, name=name, runs=runs, resume=resume, config=preparing.to_json() | config.to_json())
    with run.locked():
        if not is_trained(run):
            train_in(run, preparing, config, cache=cache, progress=progress)
    return read_result(run, preparing, config, notes_of(run, like))


def _require_method(preparing: PrepareConfig, config: TrainConfig) -> None:
    """Raise UsageError before pictures are read if the method or its backbone cannot be used."""
    make_method(config)
    if config.method.name == FINETUNE:
        require_trainable(preparing.backbone)


def train_in(
    run: Run,
    preparing: PrepareConfig,
    config: TrainConfig,
    *,
    cache: str | Path | None,
    progress: Progress,
) -> None:
    """Train in the folder of a run, with the catalog and the split that it may have already.

    Args:
        run: the run.
        preparing: how pictures become features.
        config: how the classifier is trained.
        cache: directory of the feature cache.
        progress: called with the stage, items done and items in all.
    """
    prepared = prepare(run, preparing, single_label=True, keep_inputs=True, cache=cache, progress=progress)
    with run.stage("split", progress):
        split = split_in(run, prepared, config)
    with run.stage("fit", progress):
        data, fitter = prepared.data, make_method(config)
        result = fitter.fit(data, split, checkpoints=run.path(_CHECKPOINTS), progress=progress)
        for name, answers in ((ANSWERS, result.held_out), (VALIDATION, result.out_of_fold)):
            with run.replacing(name) as path:
                tabulate(prepared.catalog, answers).write_parquet(path)
        write_curves(run, result.description)
    with ThreadExecutor(1) as executor:
        # The engine opens and runs the graph while its predictions are evaluated.
        opening = executor.submit(_open_and_record, result.graph, data.recipe)
        with run.stage("evaluate", progress):
            policy, metrics = _evaluate(prepared, split, result, config)
            run.write_json(METRICS, metrics.to_json())
            run.keep(METRICS)
        with run.stage("pack", progress), run.writing(FILE) as path:
            provenance = Provenance(
                name=run.facts["name"],
                config=config,
                versions=run.facts["versions"],
                names=prepared.names,
                aliases=prepared.aliases,
                faults=count_findings(prepared.findings),
                group=prepared.groups.group,
            )
            reference = make_reference(data, split, result, seed=config.seed, cache=cache_folder(cache))
            runtime, recorded = opening.result()
            fingerprint = pack(
                path, data, result, policy, metrics, provenance=provenance, recorded=recorded, reference=reference
            )
            run.keep(FILE)
    with run.stage("report", progress):
        write_page(run, prepared, result, policy, metrics, fingerprint=fingerprint, runtime=runtime)
    grouped = preparing.group_by is not None
    account = Account.of(prepared.catalog, unjudged=split.unevaluated, grouped=grouped)
    run.save(status="done", **account.to_json())


def _open_and_record(graph: bytes, recipe: Recipe) -> tuple[Runtime, bytes]:
    runtime = open_runtime(graph, threads=count_cores())
    return runtime, record_golden(runtime, recipe)


def _evaluate(prepared: Prepared, split: Split, result: FitResult, config: TrainConfig) -> tuple[AcceptPolicy, Metrics]:
    data, crossed = prepared.data, prepared.crossed
    unlike, evidence = compute_unlike(data, split, result.held_out, seed=config.seed)
    policy = choose_policy(data, split, result, config)
    if unlike.alarm:
        policy = replace(policy, condition=LOOKALIKES_ONLY)
    metrics = compute_metrics(data, split, result, policy, config)
    metrics = replace(
        metrics,
        accuracy=replace(metrics.accuracy, unlike=unlike),
        unlike=evidence,
        names=prepared.names,
        hints=(
            *data.catalog.notes,
            *suggest_options(data.catalog),
            *prepared.film_notes,
            *data.backbone.notes,
            *_note_fewer_folds(split, config),
        ),
        learning_curve=None if crossed is None else compute_learning_curve(data, crossed, seed=config.seed),
    )
    return policy, metrics


def _note_fewer_folds(split: Split, config: TrainConfig) -> tuple[str, ...]:
    found = len(split.held_out)
    if config.folds is None or found >= config.folds:
        return ()
    return (f"There are {found} folds instead of {config.folds}, since no class has more independent groups.",)


def split_in(run: Run, prepared: Prepared, config: TrainConfig) -> Split:
    """Split prepared pictures in the folder of a run, unless it has its split already.

    Raises:
        DataError: a model could not be trained or evaluated, or cannot have these labels.
    """
    if run.has_kept(SPLIT):
        with run.reading(SPLIT) as path:
            split = Split.from_json(json.loads(path.read_text(encoding="utf-8")))
            if len(split.fold) != len(prepared.catalog):
                raise ValueError("it belongs to other pictures")
            return split
    exclude = conflicted(prepared.catalog, prepared.edges)
    asked = config.folds is not None
    split = make_split(prepared.catalog, prepared.groups, config.split, exclude=exclude, cross_validate=asked)
    _require_labels(prepared.catalog)
    _require_held_out(prepared.catalog, split, prepared.one_film_labels)
    run.write_json(SPLIT, split.to_json())
    run.keep(SPLIT)
    return split


def _require_labels(catalog: Catalog) -> None:
    """Raise DataError if the labels cannot be stored in a bundle."""
    try:
        check_labels(list(catalog.labels))
    except ValueError as error:
        raise DataError(
            f"A model cannot have these labels: {error}.", hint="Rename its folder, or the class in the list."
        ) from error


def _require_two(classes: Sequence[str] | None) -> None:
    """Raise DataError if one class alone is to be used."""
    chosen = [name for name in classes or () if name != OTHER]
    if classes is not None and len(chosen) < 2:
        raise DataError(
            f"All pictures would have one label, {''.join(chosen) or OTHER!r}; a classifier needs two or more.",
            hint="Name two or more classes with --classes, or leave it out to use all.",
        )


def _require_held_out(catalog: Catalog, split: Split, films: tuple[str, ...]) -> None:
    if len(catalog.labels) < 2:
        others = describe_missing_classes(Account.of(catalog), of="this data set")
        raise DataError(
            f"All pictures have one label, {catalog.labels[0]!r}; a classifier needs two or more. {others}".rstrip(),
            hint=" ".join(
                [*catalog.notes, "Add pictures to these classes, or replace their files." if others else _ANOTHER_CLASS]
            ),
        )
    if not split.rounds and films:
        reason, remedy = describe_films(films)
        raise DataError(f"The model could not be evaluated: {reason}", hint=remedy)
    if not split.rounds:
        raise DataError(
            "The model could not be evaluated: no label has two pictures that are independent of each other.",
            hint="Give each label 2 or more different pictures, better 30; copies and frames of a film count as one.",
        )


def suggest_options(catalog: Catalog) -> tuple[str, ...]:
    """Suggest training options that fit the data set but were not used."""
    if catalog.order or len(catalog.labels) < _FEWEST_ORDERED or numbers_of(catalog.labels) is None:
        return ()
    return ("All labels are numbers. If small errors are better than large ones, train with --ordered numeric.",)
