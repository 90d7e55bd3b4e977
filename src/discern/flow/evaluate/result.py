"""What `discern evaluate` gives."""

from dataclasses import dataclass
from typing import Any

from discern.evaluating import ClassificationMetrics, Interval, UnknownMetrics
from discern.flow.evaluate.decision_metrics import DecisionMetrics


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How another bundle, or server, did on the same pictures.

    Attributes:
        of: the bundle's path, or the server's address.
        fingerprint: of the bundle.
        figures: accuracy with its interval and all the rest.
        unknown: how strangers were told; None without negatives.
        decided: what its thresholds came to.
        difference: how much larger the accuracy of the one that is judged is, picture by picture.
    """

    of: str
    fingerprint: str
    figures: ClassificationMetrics
    unknown: UnknownMetrics | None
    decided: DecisionMetrics
    difference: Interval

    def to_json(self) -> dict[str, Any]:
        """Plain values, named as those of `EvaluateResult`."""
        return self.figures.to_json() | {
            "unknown": None if self.unknown is None else self.unknown.to_json(),
            **self.decided.to_json(),
            "of": self.of,
            "fingerprint": self.fingerprint,
            "difference": self.difference.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class EvaluateResult:
    """How a bundle, or a server, did on other pictures.

    Attributes:
        of: the bundle's path, or the server's address.
        fingerprint: of the bundle.
        figures: accuracy with its interval and all the rest.
        pictures: how many were judged.
        seen: how many were left out because a bundle was trained on them; None where a server is judged, which does not
            say what its bundle was trained on.
        unreadable: how many files could not be read.
        refused: why a server did not answer pictures, by where they are; nobody is judged by these.
        other_labels: pictures left out because their label is none of the bundle's, by label.
        unknown: how strangers were told; None without negatives.
        decided: what the bundle's thresholds came to on these pictures.
        fell_short: the floors that the intervals' lower ends do not reach.
        against: how others did on the same pictures.
    """

    of: str
    fingerprint: str
    figures: ClassificationMetrics
    pictures: int
    seen: int | None
    unreadable: int
    refused: dict[str, str]
    other_labels: dict[str, int]
    unknown: UnknownMetrics | None
    decided: DecisionMetrics
    fell_short: tuple[str, ...]
    against: tuple[Comparison, ...] = ()

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
            seen: how many were left out because a bundle was trained on them; null where a server is judged, which does
                not say what its bundle was trained on.
            unreadable: how many files could not be read.
            refused: why a server did not answer pictures, by where they are; nobody is judged by these.
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
            of: the bundle's path, absolute, or the server's address.
            fingerprint: of the bundle.
            against: for each that it is set against the same figures of the same pictures, and in `difference` how much
                larger the accuracy of the one that is judged is.
        """
        return self.figures.to_json() | {
            "pictures": self.pictures,
            "seen": self.seen,
            "unreadable": self.unreadable,
            "refused": self.refused,
            "other_labels": self.other_labels,
            "unknown": None if self.unknown is None else self.unknown.to_json(),
            **self.decided.to_json(),
            "fell_short": list(self.fell_short),
            "of": self.of,
            "fingerprint": self.fingerprint,
            "against": [each.to_json() for each in self.against],
        }
