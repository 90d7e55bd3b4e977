"""Streams of captured exchanges made of real pictures that a model has never seen, for `watching_drift.py`.

Groups of like pictures are dealt whole to two halves: a model is trained on one, and the other one gives the stream,
with one picture of each group.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageOps

import discern
from discern.bundle import Model
from discern.catalog import Catalog
from discern.grouping import form_groups
from discern.picture.statistics import measure_statistics
from discern.watching.stores.exchange_store import ExchangeColumns

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
_BATCH = 32
Change = Callable[[Image.Image, np.random.Generator], Image.Image]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Pictures as a model sees them, of which streams are made.

    Attributes:
        truth: str `[n]`, true labels.
        label: str `[n]`, predicted labels.
        values: float `[n, 6]`: unknown score, confidence, brightness, sharpness, width and height.
        embedding: float32 `[n, D]`.
    """

    truth: np.ndarray
    label: np.ndarray
    values: np.ndarray
    embedding: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: np.ndarray) -> "Observed":
        """Return some of the pictures, in the given order."""
        return Observed(**{name: values[rows] for name, values in vars(self).items()})

    def join(self, other: "Observed") -> "Observed":
        """Return these pictures, followed by others."""
        return Observed(**{name: np.concatenate([each, getattr(other, name)]) for name, each in vars(self).items()})

    @property
    def accuracy(self) -> float:
        """Return the share of right predictions."""
        return float(np.mean(self.truth == self.label))

    def columns(self, picture: np.ndarray, time: np.ndarray, *, first: int = 1) -> ExchangeColumns:
        """Return these pictures as exchanges.

        Args:
            picture: int `[n]`, number of each picture; exchanges with equal ones have equal pixels.
            time: float `[n]`, seconds since 1970 UTC.
            first: number of the first exchange.
        """
        count, number = len(self), first + np.arange(len(self))
        empty = np.full(count, "", object)
        return ExchangeColumns(
            number=number,
            id=np.array([f"{each:032x}" for each in number], object),
            time=time,
            client=np.full(count, "client", object),
            content=empty,
            pixels=np.array([f"{each:064x}" for each in picture], object),
            label=self.label.astype(object),
            decision=empty,
            unknown_score=self.values[:, 0],
            confidence=self.values[:, 1],
            brightness=self.values[:, 2],
            sharpness=self.values[:, 3],
            width=self.values[:, 4].astype(np.int64),
            height=self.values[:, 5].astype(np.int64),
            seconds=np.full(count, 0.1),
            kept_with=np.ones(count),
            embedding=self.embedding,
            truth=np.full(count, None, object),
            is_new=np.zeros(count, bool),
        )


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """Model with pictures that it never saw.

    Attributes:
        model: the model.
        files: the pictures, one of each group.
        truth: their labels.
    """

    model: Model
    files: tuple[Path, ...]
    truth: np.ndarray

    def observe(self, change: Change | None = None, *, seed: int = 0, rows: Iterable[int] | None = None) -> Observed:
        """Let the model classify the pictures, after a change of each.

        Args:
            change: change of the upright picture; None for none.
            seed: seed of its random generator.
            rows: numbers of the pictures; None for all.
        """
        random = np.random.default_rng(seed)
        chosen = np.arange(len(self.files)) if rows is None else np.array(list(rows))
        parts = []
        for start in range(0, len(chosen), _BATCH):
            images = [
                ImageOps.exif_transpose(Image.open(self.files[at])).convert("RGB")
                for at in chosen[start : start + _BATCH]
            ]
            if change is not None:
                images = [change(image, random) for image in images]
            parts.append(see(self.model, images, self.truth[chosen[start : start + _BATCH]]))
        return Observed(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def see(model: Model, images: list[Image.Image], truth: np.ndarray) -> Observed:
    """Let a model classify pictures of known labels."""
    inputs = np.stack([model.prepare(np.asarray(image)) for image in images])
    outputs = model.run(inputs)
    measured = measure_statistics(inputs)
    values = [
        (score, confidence, each.brightness, each.sharpness, image.width, image.height)
        for score, confidence, each, image in zip(
            outputs["unknown_score"], outputs["probabilities"].max(axis=1), measured, images, strict=True
        )
    ]
    label = np.array(model.labels)[outputs["probabilities"].argmax(axis=1)]
    return Observed(truth=truth, label=label, values=np.array(values, float), embedding=outputs["embedding"])


def learn(pack: str, seed: int, workdir: Path, *, without: str | None = None) -> Learnt:
    """Train a model on half of the groups of a pack.

    Args:
        pack: name of the pack.
        seed: seed of the halves.
        workdir: folder for runs and the cache.
        without: class that the model is not trained on, whose pictures are all held out; None for none.
    """
    cache, name = workdir / "cache", f"{pack}-{seed}-{without or 'all'}"
    catalog, group = _group(pack, workdir)
    random = np.random.default_rng(seed)
    half = random.random(group.max() + 1) < 0.5
    is_new = np.array(catalog.labels)[catalog.label_index] == without
    usable = catalog.readable & (catalog.label_index >= 0)
    folder = workdir / "halves" / name
    for row in np.flatnonzero(usable & half[group] & ~is_new).tolist():
        source = Path(catalog.root, catalog.table["path"][row])
        target = folder / catalog.labels[catalog.label_index[row]] / f"{row}{source.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(source, target)
    bundle = workdir / "runs" / name / "model.discern"
    if not bundle.is_file():
        discern.train(folder, name=name, runs=workdir / "runs", cache=cache, seed=seed)
    rows = np.flatnonzero(usable & (~half[group] | is_new))
    rows = random.permutation(rows)
    rows = np.sort(rows[np.unique(group[rows], return_index=True)[1]])
    files = tuple(Path(catalog.root, path) for path in catalog.table["path"][rows].to_list())
    return Learnt(model=discern.load(bundle), files=files, truth=np.array(catalog.labels)[catalog.label_index[rows]])


def _group(pack: str, workdir: Path) -> tuple[Catalog, np.ndarray]:
    """Return the catalog of a pack and the group of each picture."""
    run = workdir / "runs" / f"{pack}-check"
    if not (run / "edges.parquet").is_file():
        discern.check(DATA / pack, name=run.name, runs=run.parent, cache=workdir / "cache")
    catalog = Catalog.load_table(run / "catalog.parquet")
    return catalog, form_groups(catalog, pl.read_parquet(run / "edges.parquet")).group
