"""`discern evaluate`: how good a bundle is on other pictures."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from discern.bundle import Model, load
from discern.catalog import Catalog, scan
from discern.errors import DataError, UsageError
from discern.evaluating import Figures, UnknownFigures, judge, judge_unknown
from discern.flow.judging import DecidedFigures, Known, Strangers, judge_decisions
from discern.flow.places import cache_folder, place
from discern.flow.run import is_own
from discern.grouping import find_edges, form_groups
from discern.progress import Progress, silent

_BATCH = 32
FLOORS = ("accuracy", "balanced_accuracy", "macro_f1")


@dataclass(frozen=True, kw_only=True)
class EvaluateResult:
    """How a bundle did on other pictures.

    Attributes:
        figures: accuracy with its interval and all the rest.
        pictures: how many were judged.
        seen: how many were left out because the bundle was trained on them.
        unreadable: how many files could not be read.
        other_labels: pictures left out because their label is none of the bundle's, by label.
        unknown: how strangers were told; None without negatives.
        decided: what the bundle's thresholds came to on these pictures.
        fell_short: the floors that the intervals' lower ends do not reach.
    """

    figures: Figures
    pictures: int
    seen: int
    unreadable: int
    other_labels: dict[str, int]
    unknown: UnknownFigures | None
    decided: DecidedFigures
    fell_short: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values: the figures and what was judged, side by side; a figure has value, low, high and note.

        Keys:
            pictures: how many were judged.
            weight: how much they weigh; copies count as one picture.
            groups: how many independent groups they come from.
            classes: how many labels occur among them.
            labels: the bundle's labels.
            accuracy: the share that is named right.
            balanced_accuracy: the same with every class counting alike.
            macro_f1: the mean of the classes' F1.
            log_loss: in nats.
            brier: summed over all classes, in [0, 2].
            uncalibrated_log_loss: null here; training compares it.
            uncalibrated_brier: likewise.
            ece: the expected calibration error, and in `null95` the most that perfect calibration would show.
            reliability: confidence, accuracy and number of pictures in bins of equal mass.
            per_class: each label's support, groups, precision, recall and F1.
            confusion: weights, the truth in rows, answers in columns.
            confused: which label is taken for which, the most frequent first.
            seen: how many were left out because the bundle was trained on them.
            unreadable: how many files could not be read.
            other_labels: pictures left out because their label is none of the bundle's, by label.
            unknown: how strangers were told; null without negatives.
            policy: `share` of the known pictures accepted, `error` among these, and `strangers_accepted`, the share of
                the negatives (null without); null where the bundle accepts nothing by itself.
            conformal: `coverage`, how often an answer's set of labels holds the right one, and its mean `size`; null
                where the bundle has no sets.
            ordered: `mae`, `rmse`, `kappa` (quadratic), `within_one` and `constant_mae`, that of always answering the
                middle label, all in labels; null where the labels have no order.
            intervals: of the figures in `policy`, `conformal` and `ordered`.
            fell_short: the floors that the intervals' lower ends do not reach.
        """
        return self.figures.to_json() | {
            "pictures": self.pictures,
            "seen": self.seen,
            "unreadable": self.unreadable,
            "other_labels": self.other_labels,
            "unknown": None if self.unknown is None else self.unknown.to_json(),
            **self.decided.to_json(),
            "fell_short": list(self.fell_short),
        }


def evaluate(
    bundle: str | Path | Model,
    source: str | Path,
    *,
    negatives: str | Path | None = None,
    at_least: Mapping[str, float] | None = None,
    seed: int = 0,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> EvaluateResult:
    """Judge a bundle on labelled pictures; those that it was trained on are counted and left out.

    Args:
        bundle: a bundle's path, or a loaded model.
        source: labelled pictures, in any form that `train` takes.
        negatives: pictures of none of the labels; a class folder named `_other` serves as well.
        at_least: floors, such as `{"accuracy": 0.9}`, that the lower ends of the intervals must reach.
        seed: of the resampling behind the intervals.
        cache: where computed things are kept; None: the user's cache folder.
        progress: is told how far the work is.

    Raises:
        DataError: no picture has a label that the bundle knows, or the bundle was trained on all of them.
        DiscernError: the bundle or a source cannot be used.
    """
    floors = _checked(at_least or {})
    model = bundle if isinstance(bundle, Model) else load(bundle)
    kept = cache_folder(cache)
    catalog = scan(place(source), cache=kept, progress=progress, leave_out=is_own)
    table = _Table(model, catalog)
    rows = table.judged()
    probabilities, scores = answer_rows(model, catalog, rows, progress)
    groups = form_groups(catalog, find_edges(catalog, progress=progress)).group[rows]
    figures = judge(
        table.truth[rows], probabilities, labels=model.labels, groups=groups, weights=table.weights(rows), seed=seed
    )
    strange = _answer_strangers(table, None if negatives is None else place(negatives), kept, progress)
    threshold = model.manifest.thresholds.unknown
    unknown = (
        None
        if strange is None
        else judge_unknown(scores, strange.scores, np.inf if threshold is None else threshold, known_groups=groups)
    )
    known = Known(
        truth=table.truth[rows], probabilities=probabilities, scores=scores, groups=groups, weights=table.weights(rows)
    )
    return EvaluateResult(
        figures=figures,
        decided=judge_decisions(model.manifest, known, strange, seed=seed),
        pictures=len(rows),
        seen=int((table.seen & (table.truth >= 0)).sum()),
        unreadable=int((~catalog.readable).sum()),
        other_labels=table.other_labels(),
        unknown=unknown,
        fell_short=tuple(name for name, floor in floors.items() if not _reaches(getattr(figures, name).low, floor)),
    )


class _Table:
    """A catalog in a bundle's terms."""

    def __init__(self, model: Model, catalog: Catalog) -> None:
        self.model, self.catalog = model, catalog
        number = {label: index for index, label in enumerate(model.labels)}
        labels = catalog.table["label"].to_list()
        self.truth = np.array([number.get(label, -1) for label in labels], np.int64)
        self.truth[~catalog.readable] = -1
        known = {bytes(prefix) for prefix in model.seen}
        contents = catalog.table["content"].fill_null("").to_list()
        self.seen = np.array([bytes.fromhex(content[:16]) in known for content in contents], bool)

    def judged(self) -> np.ndarray:
        rows = np.flatnonzero((self.truth >= 0) & ~self.seen)
        if len(rows):
            return rows
        if (self.truth >= 0).any():
            raise DataError("The bundle was trained on all of these pictures.", hint="Evaluate it on other pictures.")
        found = ", ".join(self.catalog.labels[:5]) or "no labels"
        raise DataError(
            f"No picture in {self.catalog.root} has a label that the bundle knows (found: {found}).",
            hint="Put the pictures into folders named like the bundle's labels; `discern show` lists them.",
        )

    def weights(self, rows: np.ndarray) -> np.ndarray:
        pixels = self.catalog.table["pixels"].to_numpy()[rows].astype(str)
        _, inverse, count = np.unique(pixels, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])

    def other_labels(self) -> dict[str, int]:
        rest = self.catalog.readable & (self.truth < 0) & ~self.catalog.negative
        other = self.catalog.table["label"].to_numpy()[rest]
        names, counts = np.unique(np.array([name for name in other if name is not None], str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))


def answer_rows(model: Model, catalog: Catalog, rows: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Answer some of a catalog's pictures; one thread decodes ahead while the graph runs.

    Returns:
        Probabilities, float32 `[M, K]`, and unknown scores, float32 `[M]`, in the order of `rows`.
    """
    probabilities = np.zeros((len(rows), len(model.labels)), np.float32)
    scores = np.zeros(len(rows), np.float32)
    place = {row: index for index, row in enumerate(rows.tolist())}
    done = 0
    for numbers, inputs in _batches(model, catalog, rows):
        outputs = model.run(inputs)
        where = [place[number] for number in numbers]
        probabilities[where], scores[where] = outputs["probabilities"], outputs["unknown_score"]
        done += len(numbers)
        progress("answer", done, len(rows))
    return probabilities, scores


def _batches(model: Model, catalog: Catalog, rows: np.ndarray) -> Iterator[tuple[list[int], np.ndarray]]:
    stream = catalog.read(rows.tolist())

    def prepare() -> tuple[list[int], np.ndarray] | None:
        batch = list(islice(stream, _BATCH))
        if not batch:
            return None
        return [row for row, _ in batch], np.stack([model.prepare(data) for _, data in batch])

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(prepare)
        while (ready := waiting.result()) is not None:
            waiting = pool.submit(prepare)
            yield ready


def _answer_strangers(table: _Table, folder: Path | None, cache: Path, progress: Progress) -> Strangers | None:
    """Answers to pictures of none of the labels, in a folder of their own or under `_other`; seen ones never score."""
    parts = [_strangers(table, table.catalog.negative & ~table.seen, progress)]
    if folder is not None:
        other = _Table(table.model, scan(folder, cache=cache, progress=progress, leave_out=is_own))
        parts.append(_strangers(other, other.catalog.readable & ~other.seen, progress))
        if not len(parts[-1].scores):
            raise DataError(
                f"There is no picture in {folder} that the bundle has not seen.", hint="Name other negatives."
            )
    joined = Strangers(
        confidence=np.concatenate([part.confidence for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )
    return joined if len(joined.scores) else None


def _strangers(table: _Table, chosen: np.ndarray, progress: Progress) -> Strangers:
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return Strangers(confidence=np.zeros(0, np.float32), scores=np.zeros(0, np.float32))
    probabilities, scores = answer_rows(table.model, table.catalog, rows, progress)
    return Strangers(confidence=probabilities.max(axis=1), scores=scores)


def _checked(floors: Mapping[str, float]) -> Mapping[str, float]:
    for name, floor in floors.items():
        if name not in FLOORS or not 0 <= floor <= 1:
            raise UsageError(
                f"{name}={floor} is no floor.", hint=f"Give one of {', '.join(FLOORS)} a share between 0 and 1."
            )
    return floors


def _reaches(low: float | None, floor: float) -> bool:
    return low is not None and low >= floor
