"""`discern evaluate`: how good a bundle, or a server, is on other pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.bundle import Model
from discern.catalog import Catalog, scan
from discern.client import Client
from discern.errors import DataError, UsageError
from discern.evaluating import (
    ClassificationMetrics,
    UnknownMetrics,
    evaluate_predictions,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.flow.evaluate.decision_metrics import (
    DecisionMetrics,
    KnownPredictions,
    UnknownPredictions,
    evaluate_decisions,
)
from discern.flow.evaluate.models import EvaluatedModel, ModelOutputs, open_models
from discern.flow.evaluate.result import Comparison, EvaluateResult
from discern.flow.paths import cache_folder, resolve_path
from discern.flow.run import is_own
from discern.grouping import find_edges, form_groups
from discern.progress import Progress, silent

FLOORS = ("accuracy", "balanced_accuracy", "macro_f1")


def evaluate(
    bundle: str | Path | Model | Client,
    source: str | Path,
    *,
    against: Sequence[str | Path | Model | Client] = (),
    key: str | Mapping[str, str] | None = None,
    negatives: str | Path | None = None,
    at_least: Mapping[str, float] | None = None,
    seed: int = 0,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> EvaluateResult:
    """Judge a bundle on labelled pictures; those that it was trained on are counted and left out.

    A server is judged by its answers, with the same figures; it does not say what its bundle was trained on, unless
    that very bundle is judged beside it.

    Args:
        bundle: a bundle's path, the address of a server such as "http://127.0.0.1:8000", or either one opened already.
        source: labelled pictures, in any form that `train` takes.
        against: others that are judged on the same pictures: those whose labels all know, and none was trained on.
        key: for the server that is named first, if it asks for one; or for several, by address.
        negatives: pictures of none of the labels; a class folder named `_other` serves as well.
        at_least: floors, such as `{"accuracy": 0.9}`, that the lower ends of the intervals must reach.
        seed: of the resampling behind the intervals.
        cache: where computed things are kept; None: the user's cache folder.
        progress: is told how far the work is.

    Raises:
        DataError: no picture has a label that the bundle knows, or the bundle was trained on all of them.
        RequestError: a server refuses, or cannot be reached.
        DiscernError: the bundle or a source cannot be used.
    """
    floors = _checked(at_least or {})
    kept = cache_folder(cache)
    with open_models((bundle, *against), key=key) as subjects:
        catalog = scan(resolve_path(source), cache=kept, progress=progress, leave_out=is_own)
        table = _Table(subjects, catalog)
        known = _ask(subjects, catalog, table.judged(), progress)
        others = None if negatives is None else resolve_path(negatives)
        strange = [_ask(subjects, *some, progress) for some in table.strangers(others, kept, progress)]
        groups = form_groups(catalog, find_edges(catalog, progress=progress)).group[known.rows]
        bench = _Bench(table=table, known=known, strange=strange, groups=groups, seed=seed)
        first, *rest = [bench.judge(number, each) for number, each in enumerate(subjects)]
    figures = first.figures
    return EvaluateResult(
        of=first.subject.of,
        fingerprint=first.subject.fingerprint,
        figures=figures,
        decided=first.decided,
        pictures=len(known.rows),
        seen=table.count_seen(),
        unreadable=int((~catalog.readable).sum()),
        refused={picture: why for subject in subjects for picture, why in subject.refused.items()},
        other_labels=table.other_labels(),
        unknown=first.unknown,
        fell_short=tuple(name for name, floor in floors.items() if not _reaches(getattr(figures, name).low, floor)),
        against=tuple(bench.compare(first, other) for other in rest),
    )


class _Table:
    """A catalog in the terms of all that are judged by it."""

    def __init__(self, subjects: Sequence[EvaluatedModel], catalog: Catalog) -> None:
        self.subjects, self.catalog = subjects, catalog
        self._labels = catalog.table["label"].to_list()
        shared = set.intersection(*(set(subject.rules.labels) for subject in subjects))
        self.labelled = np.array([label in shared for label in self._labels], bool) & catalog.readable
        self.seen = _seen(subjects, catalog)

    def truth(self, subject: EvaluatedModel, rows: np.ndarray) -> np.ndarray:
        """The rows' labels, as places in the subject's."""
        number = {label: index for index, label in enumerate(subject.rules.labels)}
        return np.array([number[self._labels[row]] for row in rows.tolist()], np.int64)

    def judged(self) -> np.ndarray:
        rows = np.flatnonzero(self.labelled & ~self.seen)
        if len(rows):
            return rows
        if self.labelled.any():
            raise DataError("The bundle was trained on all of these pictures.", hint="Evaluate it on other pictures.")
        found = ", ".join(self.catalog.labels[:5]) or "no labels"
        raise DataError(
            f"No picture in {self.catalog.root} has a label that the bundle knows (found: {found}).",
            hint="Put the pictures into folders named like the bundle's labels; `discern show` lists them.",
        )

    def count_seen(self) -> int | None:
        """How many labelled pictures were trained on; None where one of the subjects does not say."""
        known = {subject.fingerprint for subject in self.subjects if subject.seen is not None}
        if {subject.fingerprint for subject in self.subjects} - known:
            return None
        return int((self.seen & self.labelled).sum())

    def strangers(self, folder: Path | None, cache: Path, progress: Progress) -> list[tuple[Catalog, np.ndarray]]:
        """Pictures of none of the labels: under `_other`, and in a folder of their own; seen ones never score."""
        found = [(self.catalog, np.flatnonzero(self.catalog.negative & ~self.seen))]
        if folder is not None:
            other = scan(folder, cache=cache, progress=progress, leave_out=is_own)
            found.append((other, np.flatnonzero(other.readable & ~_seen(self.subjects, other))))
            if not len(found[-1][1]):
                raise DataError(
                    f"There is no picture in {folder} that the bundle has not seen.", hint="Name other negatives."
                )
        return [(catalog, rows) for catalog, rows in found if len(rows)]

    def weights(self, rows: np.ndarray) -> np.ndarray:
        pixels = self.catalog.table["pixels"].to_numpy()[rows].astype(str)
        _, inverse, count = np.unique(pixels, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])

    def other_labels(self) -> dict[str, int]:
        rest = self.catalog.readable & ~self.labelled & ~self.catalog.negative
        other = self.catalog.table["label"].to_numpy()[rest]
        names, counts = np.unique(np.array([name for name in other if name is not None], str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _seen(subjects: Sequence[EvaluatedModel], catalog: Catalog) -> np.ndarray:
    """Which pictures one of the subjects was trained on, as far as they say: bool `[N]`."""
    known = frozenset().union(*(subject.seen or () for subject in subjects))
    contents = catalog.table["content"].fill_null("").to_list()
    return np.array([bytes.fromhex(content[:16]) in known for content in contents], bool)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """Pictures that all could answer, as rows of a catalog, and the answers of each."""

    rows: np.ndarray
    answers: Sequence[ModelOutputs]


def _ask(subjects: Sequence[EvaluatedModel], catalog: Catalog, rows: np.ndarray, progress: Progress) -> _Asked:
    answers = [subject.answer(catalog, rows, progress) for subject in subjects]
    answered = np.all([~np.isnan(each.scores) for each in answers], axis=0)
    if not answered.any():
        why = next(why for subject in subjects for why in subject.refused.values())
        raise DataError(f"None of the {len(rows)} pictures is answered: {why}", hint="Give others, or allow them.")
    return _Asked(rows=rows[answered], answers=[each[answered] for each in answers])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    subject: EvaluatedModel
    right: np.ndarray
    figures: ClassificationMetrics
    unknown: UnknownMetrics | None
    decided: DecisionMetrics


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bench:
    """The pictures that all are judged by, what each says of them, and how it is judged."""

    table: _Table
    known: _Asked
    strange: Sequence[_Asked]
    groups: np.ndarray
    seed: int

    def judge(self, number: int, subject: EvaluatedModel) -> _Judged:
        known, strangers = self._known(number, subject), self._strangers(number)
        figures = evaluate_predictions(
            known.truth,
            known.probabilities,
            labels=subject.rules.labels,
            groups=known.groups,
            weights=known.weights,
            seed=self.seed,
        )
        return _Judged(
            subject=subject,
            right=known.probabilities.argmax(axis=1) == known.truth,
            figures=figures,
            decided=evaluate_decisions(subject.rules, known, strangers, seed=self.seed),
            unknown=None if strangers is None else _judge_unknown(subject, known, strangers),
        )

    def compare(self, one: _Judged, other: _Judged) -> Comparison:
        difference = paired_difference(
            one.right, other.right, groups=self.groups, weights=self.table.weights(self.known.rows), seed=self.seed
        )
        return Comparison(
            of=other.subject.of,
            fingerprint=other.subject.fingerprint,
            figures=other.figures,
            unknown=other.unknown,
            decided=other.decided,
            difference=difference,
        )

    def _known(self, number: int, subject: EvaluatedModel) -> KnownPredictions:
        answers = self.known.answers[number]
        return KnownPredictions(
            truth=self.table.truth(subject, self.known.rows),
            probabilities=answers.probabilities,
            scores=answers.scores,
            groups=self.groups,
            weights=self.table.weights(self.known.rows),
        )

    def _strangers(self, number: int) -> UnknownPredictions | None:
        answers = [asked.answers[number] for asked in self.strange]
        if not answers:
            return None
        return UnknownPredictions(
            confidence=np.concatenate([each.probabilities.max(axis=1) for each in answers]),
            scores=np.concatenate([each.scores for each in answers]),
        )


def _judge_unknown(subject: EvaluatedModel, known: KnownPredictions, strangers: UnknownPredictions) -> UnknownMetrics:
    threshold = subject.rules.thresholds.unknown
    return evaluate_unknown_detection(
        known.scores, strangers.scores, np.inf if threshold is None else threshold, known_groups=known.groups
    )


def _checked(floors: Mapping[str, float]) -> Mapping[str, float]:
    for name, floor in floors.items():
        if name not in FLOORS or not 0 <= floor <= 1:
            raise UsageError(
                f"{name}={floor} is no floor.", hint=f"Give one of {', '.join(FLOORS)} a share between 0 and 1."
            )
    return floors


def _reaches(low: float | None, floor: float) -> bool:
    return low is not None and low >= floor
