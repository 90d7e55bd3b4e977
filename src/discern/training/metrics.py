"""What a training came to, in honest figures: the run's `metrics.json`."""

from typing import Any

import numpy as np

from discern.bundle import median_label
from discern.evaluating import (
    ClassificationMetrics,
    evaluate_ordinal,
    evaluate_predictions,
    evaluate_share,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.splitting import Split
from discern.training.accept_policy import AcceptPolicy
from discern.training.config import TrainConfig
from discern.training.fit import AppliedFixes, FitResult, HeldOutPredictions, Predictions, TrainingData


def compute_metrics(
    material: TrainingData, split: Split, learned: FitResult, decided: AcceptPolicy, config: TrainConfig
) -> dict[str, Any]:
    """Judge all that was held out.

    Returns:
        JSON-ready: `accuracy` (leak-free, naive, given, difference), `ece`, `figures`, `baselines`, `unknown`,
        `policy`, `conformal`, `ordered`, `gate`, `fixes`, `split`
        and `head`. The same seed and pictures give the same values.
    """
    ruler = _MetricsBuilder(material, split, config.seed)
    figures = ruler.figures(learned.honest)
    return {
        "format": 1,
        "accuracy": {
            "leak_free": figures.accuracy.to_json() | _method(split, figures),
            "naive": ruler.accuracy(learned.naive),
            "given": None if learned.given is None else ruler.accuracy(learned.given),
            "difference": ruler.difference(learned.naive, learned.honest),
        },
        "ece": figures.calibration.to_json()["ece"],
        "figures": figures.to_json(),
        "baselines": {
            name: ruler.share(ruler.correct(learned.honest.rows, rival), learned.honest.rows)
            for name, rival in learned.baselines.items()
        },
        "unknown": _unknown(learned),
        "policy": None if decided.promise is None else decided.promise.evidence(),
        "conformal": decided.sets,
        "ordered": ruler.ordered(learned) if material.catalog.order else None,
        "gate": None if material.negatives is None else ruler.gate(learned, decided),
        "fixes": None if material.fixed is None else ruler.fixes(learned.honest, material.fixed),
        "split": _describe(material, split),
        "head": learned.final.chosen,
    }


class _MetricsBuilder:
    """Measures answers to a catalog's pictures; each distinct content weighs 1, and groups are resampled."""

    def __init__(self, material: TrainingData, split: Split, seed: int) -> None:
        self.material, self.split, self.seed = material, split, seed
        self.truth = material.catalog.label_index

    def correct(self, rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities.argmax(axis=1) == self.truth[rows])

    def share(self, correct: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
        groups, weights = self.split.group[rows], self.material.weights(rows)
        return evaluate_share(correct, groups=groups, weights=weights, seed=self.seed).to_json()

    def accuracy(self, held: Predictions) -> dict[str, Any]:
        return self.share(self.correct(held.rows, held.probabilities), held.rows)

    def figures(self, held: HeldOutPredictions) -> ClassificationMetrics:
        return evaluate_predictions(
            self.truth[held.rows],
            held.probabilities,
            labels=self.material.catalog.labels,
            groups=self.split.group[held.rows],
            weights=self.material.weights(held.rows),
            uncalibrated=held.uncalibrated,
            seed=self.seed,
        )

    def ordered(self, learned: FitResult) -> dict[str, Any]:
        """How many labels the answers are off, beside always answering the middle one."""
        held, labels = learned.honest, self.material.catalog.labels
        figures = evaluate_ordinal(
            self.truth[held.rows],
            median_label(held.probabilities),
            groups=self.split.group[held.rows],
            weights=self.material.weights(held.rows),
            seed=self.seed,
        )
        return {
            "labels": list(labels),
            "chosen": learned.final.chosen["head"],
            "mae": figures.mae.to_json(),
            "rmse": figures.rmse.to_json(),
            "kappa": figures.quadratic_kappa.to_json(),
            "within_one": figures.within_one.to_json(),
            "constant_mae": figures.mae_of_median.to_json(),
            "constant": labels[figures.median],
            "gain": figures.gain.to_json(),
        }

    def fixes(self, held: HeldOutPredictions, fixed: AppliedFixes) -> dict[str, Any]:
        """What fixes changed, and the same answers judged by the labels as they came."""
        right = held.probabilities.argmax(axis=1) == fixed.label[held.rows]
        return {
            "dropped": fixed.dropped,
            "relabelled": fixed.relabelled,
            "accuracy_as_it_came": self.share(np.asarray(right), held.rows),
        }

    def gate(self, learned: FitResult, decided: AcceptPolicy) -> dict[str, Any]:
        """How pictures of none of the classes were told, each by a threshold that was tuned without its group."""
        honest, negatives, excess = learned.honest, self.material.negatives, learned.final.negative_excess
        assert negatives is not None
        assert excess is not None
        figures = evaluate_unknown_detection(
            honest.unknown_score - honest.t_unknown,
            excess,
            0.0,
            known_groups=self.split.group[honest.rows],
            stranger_groups=negatives.groups,
            seed=self.seed,
        )
        t_accept = decided.thresholds.accept
        sure = learned.final.probabilities(negatives.features).max(axis=1)
        passed = np.zeros(len(sure), bool) if t_accept is None else (sure >= t_accept) & (excess <= 0)
        return {
            "negatives": len(excess),
            "tuned": len(excess),
            "scored": len(excess),
            "kept": figures.kept.to_json(),
            "rejected": figures.rejected.to_json(),
            "auroc": figures.auroc.to_json(),
            "accepted": evaluate_share(passed, groups=negatives.groups, seed=self.seed).to_json(),
        }

    def difference(self, one: Predictions, other: Predictions) -> dict[str, Any]:
        """The first's accuracy minus the second's, over the pictures that both judged."""
        rows, first, second = np.intersect1d(one.rows, other.rows, return_indices=True)
        return paired_difference(
            self.correct(rows, one.probabilities[first]),
            self.correct(rows, other.probabilities[second]),
            groups=self.split.group[rows],
            weights=self.material.weights(rows),
            seed=self.seed,
        ).to_json() | {"pictures": len(rows)}


def _method(split: Split, figures: ClassificationMetrics) -> dict[str, Any]:
    estimates = "bundle" if split.method == "test-part" else "recipe"
    return {"method": split.method, "estimates": estimates, "classes": figures.classes}


def _unknown(learned: FitResult) -> dict[str, Any]:
    honest = learned.honest
    return {
        "t_unknown": learned.final.t_unknown,
        "false_rejection": float(np.mean(~(honest.unknown_score <= honest.t_unknown))),
    }


def _describe(material: TrainingData, split: Split) -> dict[str, Any]:
    pictures = {part: int(np.sum(split.part == part)) for part in ("train", "validation", "test")}
    readable = int(material.catalog.readable.sum())
    used = int(np.sum(split.train | split.test))
    return {
        "method": split.method,
        "reason": split.reason,
        "leaks": split.leaks,
        "unjudged": list(split.unevaluated),
        "pictures": pictures | {"unused": readable - used, "unreadable": len(split.fold) - readable},
    }
