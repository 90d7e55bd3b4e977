"""Dataclasses that hold the results of `discern evaluate`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.evaluating import ClassificationMetrics, Interval, UnknownMetrics
from discern.flow.evaluate.decision_metrics import DecisionMetrics
from discern.flow.result_cards import evaluate_card

_OLD_NAMES = {"figures": "metrics", "decided": "decisions"}
"""Attributes that keep their old name for one release."""


class _Renamed:
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in _OLD_NAMES:
                return getattr(self, _OLD_NAMES[name])
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


@dataclass(frozen=True, kw_only=True)
class Comparison(_Renamed):
    """Evaluation metrics of another model on the same images, for comparison.

    Attributes:
        of: path of the bundle, or address of the server.
        fingerprint: fingerprint of the bundle.
        metrics: accuracy and further classification metrics, with intervals.
        unknown: metrics of the detection of unknown pictures; None without negatives.
        decisions: metrics of its decisions.
        difference: paired difference in accuracy, the evaluated model minus this one.
        per_class_difference: the same in the recall of each class.
        wrong_here: number of pictures that this model gets wrong and the evaluated model right.
        wrong_there: number of pictures that this model gets right and the evaluated model wrong.
    """

    of: str
    fingerprint: str
    metrics: ClassificationMetrics
    unknown: UnknownMetrics | None
    decisions: DecisionMetrics
    difference: Interval
    per_class_difference: dict[str, Interval] = field(default_factory=dict)
    wrong_here: int = 0
    wrong_there: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the metrics as a JSON-serialisable dictionary with the keys of `EvaluateResult.to_json`."""
        return self.metrics.to_json() | {
            "unknown": None if self.unknown is None else self.unknown.to_json(),
            **self.decisions.to_json(),
            "of": self.of,
            "fingerprint": self.fingerprint,
            "difference": self.difference.to_json()
            | {"only_first_wrong": self.wrong_there, "only_other_wrong": self.wrong_here},
            "per_class_difference": {label: each.to_json() for label, each in self.per_class_difference.items()},
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluateResult(_Renamed, Displayed):
    """Result of `discern.evaluate`, with the metrics of a model on labelled images.

    Attributes:
        of: path of the bundle, or address of the server.
        fingerprint: fingerprint of the bundle.
        metrics: accuracy and further classification metrics, with intervals.
        pictures: number of evaluated pictures.
        seen: number of pictures excluded because a bundle was trained on them, or on the same pixels; None for a
            server, which does not publish its training pictures.
        set_thresholds: number of evaluated pictures that set a bundle's thresholds, left out of the policy and the
            prediction sets; 0 for a server, whose pictures are unknown, and None for a bundle of an earlier version,
            which does not name them.
        contradicted: number of pictures left out because the same pixels stand under several labels.
        unreadable: number of unreadable files.
        refused: pictures that a server rejected, or that a model has no valid outputs for, excluded for all, by path
            with the reason.
        other_labels: number of pictures excluded because the bundle does not know their label, by label.
        unknown: metrics of the detection of unknown pictures; None without negatives.
        decisions: metrics of the bundle's decisions.
        fell_short: metrics whose interval's lower end is below its minimum.
        against: metrics of other models on the same pictures.
        ungrouped: number of pictures that `group_by` does not match, each of which is its own group; None without it.
        taken_for: labels of the bundle that other labels of the pictures were taken for, by their aliases.
        seen_paths: paths of the first pictures in `seen`, relative to the source.
        left_out: number of files left out for each reason, zeros included; unreadable ones are in `unreadable`, too.
        notes: sentences about how lists of labels were understood.
        page: HTML page on the evaluation; None if none was written.
        answers: polars data frame with one row for each model and picture: `model`, `path`, `label`, `answer`,
            `decision`, `confidence`, `unknown_score` and `set_thresholds`.
    """

    of: str
    fingerprint: str
    metrics: ClassificationMetrics
    pictures: int
    seen: int | None
    set_thresholds: int | None
    unreadable: int
    refused: dict[str, str]
    other_labels: dict[str, int]
    unknown: UnknownMetrics | None
    decisions: DecisionMetrics
    fell_short: tuple[str, ...]
    against: tuple[Comparison, ...] = ()
    ungrouped: int | None = None
    taken_for: dict[str, str] = field(default_factory=dict)
    seen_paths: tuple[str, ...] = ()
    contradicted: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    page: Path | None = None
    answers: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the metrics and image counts as a JSON-serialisable dictionary.

        Each metric has a value, the low and high ends of its interval, and a note. With `group_by`, `ungrouped` is
        the number of pictures that it does not match, each of which is its own group; where labels of the pictures are
        aliases, `taken_for` has the label of the bundle that each was taken for.

        Keys:
            pictures: number of evaluated pictures.
            weight: sum of their weights; copies count as one picture.
            groups: number of independent groups.
            classes: number of labels that occur.
            labels: labels of the bundle.
            accuracy: share of correct predictions.
            balanced_accuracy: mean recall of the classes.
            macro_f1: mean F1 of the classes.
            log_loss: log loss in nats.
            brier: Brier score, summed over the classes, in [0, 2].
            uncalibrated_log_loss: null; computed in training only.
            uncalibrated_brier: null; computed in training only.
            ece: expected calibration error; chance alone gives `chance` on average and rarely more than `null95`.
            reliability: confidence, accuracy and number of pictures in bins of equal mass.
            per_class: support, groups, precision, recall and F1 of each label; `precision_interval` and `f1_interval`
                have the ends of those.
            confusion: confusion matrix of weights; true labels in rows, predicted ones in columns.
            confused: confused pairs of labels, most frequent first.
            seen: number of pictures excluded because a bundle was trained on them, or on the same pixels; null for a
                server, which does not publish its training pictures.
            seen_paths: paths of the first of these, relative to the source.
            set_thresholds: number of evaluated pictures that set a bundle's thresholds, left out of the policy and the
                prediction sets; 0 for a server, whose pictures are unknown, and null for a bundle of an earlier
                version, which does not name them.
            contradicted: number of pictures left out because the same pixels stand under several labels.
            unreadable: number of unreadable files.
            left_out: number of files left out for each reason, zeros included.
            refused: pictures that a server rejected, or that a model has no valid outputs for, excluded for all, by
                path with the reason.
            other_labels: number of pictures excluded because the bundle does not know their label, by label.
            unknown: metrics of the detection of unknown pictures; null without negatives.
            policy: `share` of the known pictures that is accepted (null if all set the thresholds), `error` rate among
                them, `group_error`, the share of the groups with an accepted picture that have a wrong one, and
                `strangers_accepted`, the accepted share of the negatives (null without); null if the bundle accepts
                nothing.
            conformal: `coverage` and mean `size` of the prediction sets (null if all pictures set the thresholds); null
                if the bundle has none.
            ordered: `mae`, `rmse`, `kappa` (quadratic), `within_one` and `constant_mae`, that of always predicting the
                median label, all in labels; null if the labels have no order.
            counts: `mae`, `rmse`, `within_one` and `constant_mae`, that of the best constant answer, in units of the
                labels; null if a label is not a number.
            intervals: intervals of the metrics in `policy`, `conformal` and `ordered`, and of those in `counts` with
                the prefix `count_`; `count_gain` is `constant_mae` minus `mae`.
            fell_short: metrics whose interval's lower end is below its minimum.
            of: absolute path of the bundle, or address of the server.
            fingerprint: fingerprint of the bundle.
            against: the same metrics of each compared model, in `difference` the paired difference in accuracy, the
                evaluated model minus that one, with the number of pictures that only one of them gets wrong
                (`only_first_wrong`, `only_other_wrong`), and in `per_class_difference` the difference in the recall of
                each label.
            page: HTML page on the evaluation; null if none was written.
        """
        return self.metrics.to_json() | {
            "pictures": self.pictures,
            "seen": self.seen,
            "set_thresholds": self.set_thresholds,
            "contradicted": self.contradicted,
            "unreadable": self.unreadable,
            "left_out": self.left_out,
            "refused": self.refused,
            "other_labels": self.other_labels,
            **({} if self.ungrouped is None else {"ungrouped": self.ungrouped}),
            **({"taken_for": self.taken_for} if self.taken_for else {}),
            "unknown": None if self.unknown is None else self.unknown.to_json(),
            **self.decisions.to_json(),
            "fell_short": list(self.fell_short),
            "of": self.of,
            "fingerprint": self.fingerprint,
            "against": [each.to_json() for each in self.against],
            "seen_paths": list(self.seen_paths),
            "page": None if self.page is None else str(self.page),
        }

    def _brief(self) -> dict[str, Any]:
        return {"of": self.of, "pictures": self.pictures, "accuracy": self.metrics.accuracy.value}

    def _to_card(self) -> HtmlCard:
        return evaluate_card(self.to_json())
