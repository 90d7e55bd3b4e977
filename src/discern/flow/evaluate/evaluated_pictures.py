"""Labelled images that models are evaluated on, without those that made the models."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from discern.bundle import PictureHashes
from discern.catalog import Catalog
from discern.checking import require_single_labels
from discern.errors import DataError
from discern.evaluating.group_variance import FEWEST_GROUPS
from discern.flow.evaluate.label_matching import Aliases
from discern.flow.evaluate.models import EvaluatedModel
from discern.flow.source_options import SourceOptions, scan_source
from discern.progress import Progress
from discern.reporting.formatting import join_names, plural

_MOST_NAMED = 3
# Share of training pictures above which a source is taken for the bundle's own training folder; not tuned.
_MOSTLY = 0.9
_HELD_OUT_HINT = (
    "Evaluate it on pictures that it was not trained on; `discern show` gives its accuracy on held-out pictures."
)


class EvaluatedPictures:
    """Labelled images on which all compared models are evaluated.

    Args:
        models: the models.
        catalog: the images.
        aliases: aliases of labels, by which the images' labels are matched with those of the models.
    """

    def __init__(self, models: Sequence[EvaluatedModel], catalog: Catalog, aliases: Aliases) -> None:
        self.models, self.catalog = models, catalog
        self._labels = catalog.table["label"].to_list()
        self._index = {model: _index_by_name(model, aliases) for model in models}
        shared = set.intersection(*map(set, self._index.values()))
        self.labelled = np.array([label in shared for label in self._labels], bool) & catalog.readable
        self.seen, self.set_thresholds = _made_with(models, catalog)
        self.contradicted = self._find_contradicted()

    def _find_contradicted(self) -> np.ndarray:
        """Return a mask of the images whose pixels stand under several labels, so that their true label is unknown."""
        index = self._index[self.models[0]]
        number = np.array([index.get(label, -1) for label in self._labels], np.int64)
        known = pl.DataFrame({"pixels": self.catalog.table["pixels"], "label": number}).filter(self.labelled)
        several = known.group_by("pixels").agg(pl.col("label").n_unique()).filter(pl.col("label") > 1)["pixels"]
        doubtful = self.catalog.table["pixels"].is_in(several.implode()).fill_null(value=False)
        return np.asarray(doubtful.to_numpy() & self.labelled)

    @classmethod
    def scanned(
        cls,
        models: Sequence[EvaluatedModel],
        source: Path,
        options: SourceOptions,
        aliases: Aliases,
        *,
        cache: Path,
        progress: Progress,
    ) -> Self:
        """Scan the images of a source.

        Raises:
            CatalogError: the source cannot be read.
            DataError: the source looks multi-label.
            NamesError: the aliases contradict the labels of a model.
            UsageError: an option does not fit the source.
        """
        first = models[0]
        matched = aliases.match(first.rules.labels, first.aliases)
        catalog = scan_source(source, options, cache=cache, progress=progress, aliases=matched, replaces_aliases=False)
        require_single_labels(catalog)
        return cls(models, catalog, aliases)

    def truth(self, model: EvaluatedModel, rows: np.ndarray) -> np.ndarray:
        """Return the true class indices of the given catalog rows as an int64 array."""
        index = self._index[model]
        return np.array([index[self._labels[row]] for row in rows.tolist()], np.int64)

    def taken_for(self) -> dict[str, str]:
        """Return the labels of the first model that other labels of its images were taken for."""
        model, rows = self.models[0], np.flatnonzero(self.labelled)
        labels, index = model.rules.labels, self._index[model]
        found = {self._labels[row] for row in rows.tolist()}
        return {label: labels[index[label]] for label in found if labels[index[label]] != label}

    def catalog_by_model(self) -> Catalog:
        """Return the catalog with the first model's labels in place of those that were taken for them."""
        taken = self.taken_for()
        label = pl.col("label").replace(taken) if taken else pl.col("label")
        order = tuple(dict.fromkeys(taken.get(each, each) for each in self.catalog.order))
        return replace(self.catalog, table=self.catalog.table.with_columns(label), order=order)

    def known_rows(self) -> np.ndarray:
        """Return the catalog rows whose labels all models know and whose images none was trained on.

        Images under several labels are left out.

        Raises:
            DataError: there are none, or so few beside the training pictures that they say nothing.
        """
        rows = np.flatnonzero(self.labelled & ~self.seen & ~self.contradicted)
        seen = int((self.labelled & self.seen).sum())
        if len(rows) and not (len(rows) < FEWEST_GROUPS and seen > _MOSTLY * (seen + len(rows))):
            return rows
        if seen:
            raise DataError(self._all_seen(seen, len(rows)), hint=_HELD_OUT_HINT)
        if self.contradicted.any():
            raise DataError(
                f"Each picture in {self.catalog.root} stands under several labels, so that none has a true one.",
                hint="Leave each picture in one class folder, or with one label in the list.",
            )
        found = ", ".join(self.catalog.labels[:5]) or "no labels"
        raise DataError(
            f"No picture in {self.catalog.root} has a label that the bundle knows (found: {found}).",
            hint="Put the pictures into folders named after the bundle's labels, which `discern show` lists; or pass a "
            "CSV of label,alias with --names.",
        )

    def _all_seen(self, seen: int, rest: int) -> str:
        names = join_names(self.seen_paths(), most=_MOST_NAMED)
        if len(self.models) == 1:
            subject = "The bundle was"
        else:
            counts = [(model.of, self._count_seen_by(model)) for model in self.models]
            subject = f"The bundles ({', '.join(f'{of}: {count}' for of, count in counts)}) were"
        if not rest:
            return f"{subject} trained on all of {'this' if seen == 1 else 'these'} {plural(seen, 'picture')}: {names}."
        too_few = "the other one says" if rest == 1 else f"the other {rest} say"
        return f"{subject} trained on {seen} of these {seen + rest} pictures ({names}), and {too_few} too little."

    def _count_seen_by(self, model: EvaluatedModel) -> int:
        return 0 if model.seen is None else int((_made_with([model], self.catalog)[0] & self.labelled).sum())

    def seen_paths(self) -> list[str]:
        """Return the paths of the training pictures among the labelled ones, relative to the source."""
        paths: list[str] = self.catalog.table["path"].filter(self.seen & self.labelled).to_list()
        return paths

    def count_seen(self) -> int | None:
        """Count training pictures among the labelled ones; None if a model does not publish its own."""
        known = {model.fingerprint for model in self.models if model.seen is not None}
        if {model.fingerprint for model in self.models} - known:
            return None
        return int((self.seen & self.labelled).sum())

    def count_contradicted(self) -> int:
        """Count the images left out because their pixels stand under several labels."""
        return int((self.contradicted & ~self.seen).sum())

    def count_set_thresholds(self, rows: np.ndarray) -> int | None:
        """Count the pictures that set thresholds among the given rows; None if a bundle does not name its own."""
        if any(model.seen is not None and model.seen.digests is None for model in self.models):
            return None
        return int(self.set_thresholds[rows].sum())

    def unknown_rows(self, source: Path | None, cache: Path, progress: Progress) -> list[tuple[Catalog, np.ndarray]]:
        """Return the out-of-distribution images that no model was trained on."""
        found = [(self.catalog, np.flatnonzero(self.catalog.negative & ~self.seen))]
        if source is not None:
            other = scan_source(source, cache=cache, progress=progress)
            found.append((other, np.flatnonzero(other.readable & ~_made_with(self.models, other)[0])))
            if not len(found[-1][1]):
                raise DataError(
                    f"There is no picture in {source} that the bundle was not trained on.", hint="Use other negatives."
                )
        return [(catalog, rows) for catalog, rows in found if len(rows)]

    def other_labels(self) -> dict[str, int]:
        """Count the images of each label that at least one model does not know."""
        rest = self.catalog.readable & ~self.labelled & ~self.catalog.negative
        other = self.catalog.table["label"].to_numpy()[rest]
        names, counts = np.unique(np.array([name for name in other if name is not None], str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _index_by_name(model: EvaluatedModel, aliases: Aliases) -> dict[str, int]:
    """Return the class index of each label of a model and of each name that stands for one."""
    index = {label: number for number, label in enumerate(model.rules.labels)}
    others = aliases.match(model.rules.labels, model.aliases)
    return index | {name: index[label] for name, label in others.items()}


def _made_with(models: Sequence[EvaluatedModel], catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Return boolean masks of the images that any model was trained on, and of those that set any thresholds."""
    pictures = PictureHashes(*catalog.hashes())
    known = [model.seen for model in models if model.seen is not None]
    nothing = np.zeros(len(catalog), bool)
    return (
        np.any([nothing, *(seen.trained_on(pictures) for seen in known)], axis=0),
        np.any([nothing, *(seen.set_thresholds(pictures) for seen in known)], axis=0),
    )
