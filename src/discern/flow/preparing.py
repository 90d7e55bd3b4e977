"""What `check`, `split` and `train` share: from a source to a catalog whose dependent pictures are known."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from discern.catalog import Catalog, apply_fixes, read_fixes, scan, write_fixes
from discern.checking import Finding, find_faults, propose_fixes
from discern.errors import FixesError
from discern.features import Backbone, extract, load_backbone
from discern.flow.places import cache_folder, place
from discern.flow.run import Run, is_own
from discern.grouping import Groups, find_edges_once, form_groups
from discern.picture import Recipe, choose_recipe
from discern.progress import Progress
from discern.store import Rows
from discern.training import Material, opine


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """What is looked at, and with which eyes.

    Attributes:
        source: folder, table or archive of pictures.
        fixes: a fixes.csv to apply, or None.
        backbone: a name, or the path of an ONNX file.
    """

    source: str
    fixes: str | None = None
    backbone: str = "lite0"

    @classmethod
    def of(cls, source: str | Path, *, fixes: str | Path | None, backbone: str) -> Self:
        """Settings with absolute paths, so that a run says where its pictures were."""
        return cls(
            source=str(place(source)),
            fixes=None if fixes is None else str(place(fixes)),
            backbone=_named(backbone),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for `run.json`; the fixes by what they say, so that none that were edited pass for the same."""
        return asdict(self) | {"fixes": None if self.fixes is None else _named_by_content(Path(self.fixes))}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A catalog, seen through a backbone, with its dependent pictures grouped and its faults named.

    Attributes:
        material: the pictures, N rows, and what the backbone saw in them.
        edges: pairs that are not independent.
        groups: which pictures must stay together.
        findings: what is wrong, picture by picture.
    """

    material: Material
    edges: pl.DataFrame
    groups: Groups
    findings: list[Finding]

    @property
    def catalog(self) -> Catalog:
        """The pictures, N rows."""
        return self.material.catalog


@dataclass(frozen=True)
class _Spread:
    """Features `[N, D]` over all rows of a catalog: zeros where a picture is unreadable."""

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
        wanted = np.atleast_1d(self.position[index])
        result = np.zeros((len(wanted), *self.rows.shape[1:]), self.rows.dtype)
        result[wanted >= 0] = self.rows[wanted[wanted >= 0]]
        return result[0] if isinstance(index, int | np.integer) else result


def prepare(run: Run, config: PrepareConfig, *, cache: str | Path | None, progress: Progress) -> Prepared:
    """Scan, see, group and check; each step is kept in the run and not repeated when the run goes on."""
    kept = cache_folder(cache)
    with run.stage("scan", progress):
        catalog = _catalog(run, config, kept, progress)
    run.save(data={"fingerprint": catalog.fingerprint, "files": len(catalog.table)})
    with run.stage("features", progress):
        backbone, recipe, features, position = look(catalog, config.backbone, cache=kept, progress=progress)
    with run.stage("group", progress):
        find = partial(
            find_edges_once,
            catalog,
            embeddings=_Spread(features, position),  # type: ignore[arg-type]
            seen_by=json.dumps([backbone.key, recipe.to_json()]),
            cache=kept,
            progress=progress,
        )
        edges = _edges(run, find)
        groups = form_groups(catalog, edges)
    with run.stage("check", progress):
        material = Material(catalog=catalog, features=features, position=position, backbone=backbone, recipe=recipe)
        findings = find_faults(catalog, edges, groups, opinions=opine(material, groups))
        with run.replacing("fixes.csv") as path:
            write_fixes(path, propose_fixes(catalog, findings))
    return Prepared(material=material, edges=edges, groups=groups, findings=findings)


def look(catalog: Catalog, name: str, *, cache: Path, progress: Progress) -> tuple[Backbone, Recipe, Rows, np.ndarray]:
    """See every readable picture through a backbone.

    Returns:
        The backbone, the recipe chosen from the pictures' sizes, the features `[R, D]` of the readable pictures,
        and int `[N]`, each picture's row in them or -1.
    """
    backbone = load_backbone(name)
    rows = np.flatnonzero(catalog.readable)
    recipe = choose_recipe(_sizes(catalog, rows), backbone.size)
    features = extract(catalog, rows.tolist(), backbone, recipe, cache=cache, progress=progress)
    position = np.full(len(catalog.table), -1, np.int64)
    position[rows] = np.arange(len(rows))
    return backbone, recipe, features, position


def _named(backbone: str) -> str:
    return str(place(backbone)) if Path(backbone).suffix.lower() == ".onnx" else backbone


def _named_by_content(path: Path) -> dict[str, str | None]:
    said = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return {"path": str(path), "sha256": said}


def _sizes(catalog: Catalog, rows: np.ndarray) -> Sequence[tuple[int, int]]:
    table = catalog.table[rows]
    return list(zip(table["width"].to_list(), table["height"].to_list(), strict=True))


def _catalog(run: Run, config: PrepareConfig, cache: Path, progress: Progress) -> Catalog:
    path = run.path("catalog.parquet")
    if path.exists():
        return Catalog.load(path, cache=cache)
    catalog = scan(Path(config.source), cache=cache, progress=progress, leave_out=is_own)
    if config.fixes is not None:
        catalog = apply_fixes(catalog, read_fixes(Path(config.fixes)))
        if not catalog.readable.any():
            raise FixesError(f"{config.fixes} drops every picture.", hint="Keep some of them.")
    with run.replacing("catalog.parquet") as temporary:
        catalog.write(temporary)
    return catalog


def _edges(run: Run, find: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    if run.path("edges.parquet").exists():
        with run.reading("edges.parquet") as path:
            return pl.read_parquet(path)
    edges = find()
    with run.replacing("edges.parquet") as temporary:
        edges.write_parquet(temporary)
    return edges
