"""Functions that prepare image data for `discern check`, `split` and `train`."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self, Unpack

import numpy as np
import polars as pl

from discern.catalog import Catalog, write_fixes
from discern.catalog.account import list_left_out
from discern.catalog.fixes import MAX_BYTES
from discern.catalog.label_names import read_name_table
from discern.catalog.left_out import LEFT_OUT, write_left_out
from discern.checking import Finding, find_issues, propose_fixes, require_single_labels
from discern.checking.film_remedy import describe_films, one_film_labels
from discern.checking.findings_table import tabulate_findings
from discern.checking.thresholds import choose_thresholds
from discern.features import Backbone, extract, read_weights_digest
from discern.flow.applied_fixes import applied_fixes, record_fixes
from discern.flow.bucket_paths import local_source, resolve_source
from discern.flow.feature_count import FeatureCount
from discern.flow.fixed_scan import scan_with_fixes
from discern.flow.input_options import InputOptions
from discern.flow.negatives import add_negatives
from discern.flow.paths import cache_folder, resolve_path
from discern.flow.run import Run
from discern.flow.source_options import SourceKeywords, SourceOptions
from discern.grouping import Groups, film_frames, find_edges_cached, form_groups
from discern.picture import choose_recipe, read_bounded
from discern.progress import Progress
from discern.splitting import Split, cross_split
from discern.store import Rows
from discern.training import TrainingData, predict_for_label_checks

CATALOG, SPLIT, FINDINGS = "catalog.parquet", "split.json", "findings.parquet"
EDGES, PROPOSALS = "edges.parquet", "fixes.csv"


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(SourceOptions, InputOptions):
    """Options for the preparation of an image data set, with those of its source and of the backbone's input.

    Attributes:
        source: folder, list or archive of pictures.
        fixes: path of a fixes.csv, or None.
        backbone: name, or path of an ONNX file.
        negatives: source of pictures of none of the classes, or None.
        ordered: labels of an ordinal scale, lowest first; empty for nominal labels.
        names: path of a names.csv, or None.
        thresholds: thresholds of checks by the check's name; None for the defaults.
    """

    source: str
    fixes: str | None = None
    backbone: str = "lite0"
    negatives: str | None = None
    ordered: tuple[str, ...] = ()
    names: str | None = None
    thresholds: dict[str, float] | None = None

    @classmethod
    def of(
        cls,
        source: str | Path,
        *,
        fixes: str | Path | None,
        backbone: str,
        negatives: str | Path | None = None,
        ordered: Sequence[str] = (),
        names: str | Path | None = None,
        thresholds: Mapping[str, float] | None = None,
        inputs: InputOptions = InputOptions(),  # noqa: B008 - frozen
        **reading: Unpack[SourceKeywords],
    ) -> Self:
        """Create a data preparation configuration with absolute paths.

        Raises:
            UsageError: a path or an option is invalid.
        """
        choose_thresholds(thresholds)
        return cls(
            source=resolve_source(source),
            fixes=None if fixes is None else str(resolve_path(fixes)),
            backbone=_resolve_backbone(backbone),
            negatives=None if negatives is None else resolve_source(negatives),
            ordered=tuple(ordered),
            names=None if names is None else str(resolve_path(names)),
            thresholds=dict(sorted(thresholds.items())) if thresholds else None,
            **vars(SourceOptions.checked(**reading)),
            **vars(inputs),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the options as a JSON-serialisable dictionary with file paths and SHA-256 digests."""
        return asdict(self) | {"fixes": _by_content(self.fixes), "names": _by_content(self.names), **self._weights()}

    def _weights(self) -> dict[str, Any]:
        if self.weights is None:
            return {}
        path = Path(self.weights)
        return {"weights": {"path": self.weights, "sha256": read_weights_digest(path) if path.is_file() else None}}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Image data set prepared for training, with features, groups and findings.

    Attributes:
        data: the pictures, N rows, and their features.
        edges: pairs of dependent pictures.
        groups: groups of pictures that must stay together.
        crossed: cross-validation split of all labelled pictures; None with fewer than two classes.
        findings: findings of the checks.
        names: `name`, `spoken` and `route` of labels.
        aliases: other names of labels.
    """

    data: TrainingData
    edges: pl.DataFrame
    groups: Groups
    crossed: Split | None
    findings: list[Finding]
    names: dict[str, dict[str, str]]
    aliases: dict[str, list[str]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """Return the catalog of all images in the prepared data set."""
        return self.data.catalog

    @property
    def one_film_labels(self) -> tuple[str, ...]:
        """Return the labels of the classes all of whose pictures are one film."""
        return one_film_labels(self.catalog, self.groups, film_frames(self.groups, self.edges))

    @property
    def film_notes(self) -> tuple[str, ...]:
        """Return a note on the classes that are one film, if there are any."""
        return (" ".join(describe_films(self.one_film_labels)),) if self.one_film_labels else ()


@dataclass(frozen=True)
class _CatalogFeatures:
    """Feature matrix of all images in a catalog, with zeros for unreadable images."""

    rows: Rows
    position: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.position), *self.rows.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.rows.dtype

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, index: Any) -> np.ndarray:
        position = np.atleast_1d(self.position[index])
        result = np.zeros((len(position), *self.rows.shape[1:]), self.rows.dtype)
        result[position >= 0] = self.rows[position[position >= 0]]
        return result[0] if isinstance(index, int | np.integer) else result


def prepare(
    run: Run,
    config: PrepareConfig,
    *,
    cache: str | Path | None,
    progress: Progress,
    single_label: bool = False,
    keep_inputs: bool = False,
) -> Prepared:
    """Scan an image data set, extract features, group related images and check the data quality.

    Args:
        run: run to write to.
        config: options.
        cache: directory of the cache; None for the user's.
        progress: called with the stage, items done and items in all.
        single_label: refuse data sets that look multi-label.
        keep_inputs: keep preprocessed pictures for the report, see `extract`.

    Raises:
        DataError: the data set looks multi-label, and `single_label` is set.
    """
    folder = cache_folder(cache)
    backbone = config.load_backbone(config.backbone, cache=folder, progress=progress)
    with run.stage("scan", progress):
        table = None if config.names is None else read_name_table(Path(config.names))
        aliases = {} if table is None else table.labels_by_alias()
        catalog = _catalog(run, config, folder, aliases, progress)
        if single_label:
            require_single_labels(catalog)
        names = {} if table is None else table.names_of(catalog.labels)
        with run.replacing(LEFT_OUT) as path:
            write_left_out(path, list_left_out(catalog))
    run.save(data={"fingerprint": catalog.fingerprint, "files": len(catalog.table)})
    with run.stage("features", progress):
        inputs: dict[str, np.ndarray] | None = {} if keep_inputs else None
        counted = FeatureCount(progress)
        data = extract_features(catalog, backbone, fit=config.fit, cache=folder, keep=inputs, progress=counted)
        run.save(features=counted.to_json())
    with run.stage("group", progress):
        find = partial(
            find_edges_cached,
            catalog,
            embeddings=_CatalogFeatures(data.features, data.position),  # type: ignore[arg-type]
            embeddings_key=json.dumps([data.backbone.key, data.recipe.to_json()]),
            cache=folder,
            progress=progress,
        )
        edges = _edges(run, len(catalog), find)
        groups = form_groups(catalog, edges)
        others = config.negatives
        negatives = None if others is None else local_source(others, cache=folder, progress=progress)
        data = replace(data, fixed=applied_fixes(run, catalog))
        data = add_negatives(data, groups, negatives, cache=folder, progress=progress)
    with run.stage("check", progress):
        crossed = cross_split(catalog, groups) if len(catalog.labels) > 1 else None
        opinions = None if crossed is None else predict_for_label_checks(data, crossed)
        limits = choose_thresholds(config.thresholds)
        findings = find_issues(catalog, edges, groups, predictions=opinions, config=limits)
        with run.replacing(FINDINGS) as path:
            tabulate_findings(catalog, findings).write_parquet(path)
        with run.writing(PROPOSALS) as path:
            write_fixes(path, propose_fixes(catalog, findings))
    return Prepared(
        data=data,
        edges=edges,
        groups=groups,
        crossed=crossed,
        findings=findings,
        names=names,
        aliases={} if table is None else table.aliases_of(catalog.labels),
    )


def extract_features(
    catalog: Catalog,
    backbone: Backbone,
    *,
    fit: str | None = None,
    rows: np.ndarray | None = None,
    cache: Path,
    keep: dict[str, np.ndarray] | None = None,
    progress: Progress,
) -> TrainingData:
    """Extract the features of images in a catalog, and keep preprocessed pictures as `extract` does.

    `rows` are rows of readable pictures, which alone decide the recipe; None for all readable ones.
    """
    rows = np.flatnonzero(catalog.readable) if rows is None else rows
    recipe = choose_recipe(_sizes(catalog, rows), backbone.size, peaks=catalog.table["peak"][rows], fit=fit)
    features = extract(catalog, rows.tolist(), backbone, recipe, cache=cache, keep=keep, progress=progress)
    position = np.full(len(catalog.table), -1, np.int64)
    position[rows] = np.arange(len(rows))
    return TrainingData(
        catalog=catalog,
        features=features,
        position=position,
        backbone=backbone,
        recipe=recipe,
        inputs={} if keep is None else keep,
    )


def _resolve_backbone(backbone: str) -> str:
    return str(resolve_path(backbone)) if Path(backbone).suffix.lower() == ".onnx" else backbone


def _by_content(file: str | None) -> dict[str, str | None] | None:
    if file is None:
        return None
    path = Path(file)
    try:
        digest = hashlib.sha256(read_bounded(path, max_bytes=MAX_BYTES)).hexdigest()
    except OSError:  # reading it says why
        digest = None
    return {"path": str(path), "sha256": digest}


def _sizes(catalog: Catalog, rows: np.ndarray) -> Sequence[tuple[int, int]]:
    table = catalog.table[rows]
    return list(zip(table["width"].to_list(), table["height"].to_list(), strict=True))


def _catalog(run: Run, config: PrepareConfig, cache: Path, aliases: Mapping[str, str], progress: Progress) -> Catalog:
    source = local_source(config.source, cache=cache, progress=progress)
    if run.has_kept(CATALOG):
        return _in_order(Catalog.load(run.path(CATALOG), cache=cache), config)
    run.discard(EDGES, SPLIT)
    fixes = None if config.fixes is None else Path(config.fixes)
    scan = scan_with_fixes(source, config, fixes=fixes, aliases=aliases, cache=cache, progress=progress)
    if fixes is not None:
        run.save(**record_fixes(scan.scanned, scan.catalog, scan.fixes))
    with run.writing(CATALOG) as path:
        scan.catalog.write(path)
    run.keep(CATALOG)
    return _in_order(scan.catalog, config)


def _in_order(catalog: Catalog, config: PrepareConfig) -> Catalog:
    return catalog.ordered(config.ordered) if config.ordered else catalog


def _edges(run: Run, pictures: int, find: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    if run.has_kept(EDGES):
        with run.reading(EDGES) as path:
            edges = pl.read_parquet(path).select("first", "second", "kind", "score")
            ends = edges.select("first", "second").to_numpy()
            if (ends < 0).any() or (ends >= pictures).any():
                raise ValueError("the pairs are not of these pictures")
            return edges
    edges = find()
    with run.replacing(EDGES) as temporary:
        edges.write_parquet(temporary)
    run.keep(EDGES)
    return edges
