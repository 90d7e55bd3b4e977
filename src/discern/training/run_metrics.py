"""Metrics of one training, computed from its held-out predictions."""

from dataclasses import asdict

import numpy as np

from discern.bundle import median_label
from discern.evaluating import (
    AccuracyDifference,
    AccuracyMetrics,
    ClassificationMetrics,
    FixMetrics,
    GroupError,
    Interval,
    LeakFreeAccuracy,
    Metrics,
    NegativeMetrics,
    OrderedLabelMetrics,
    PolicyMetrics,
    RiskCurveMetrics,
    SplitMetrics,
    UnknownThreshold,
    evaluate_ordinal,
    evaluate_predictions,
    evaluate_share,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.heads import RiskControl
from discern.splitting import Split
from discern.training.accept_policy import AcceptPolicy
from discern.training.config import TrainConfig
from discern.training.fit import AppliedFixes, FitResult, HeldOutPredictions, Predictions, TrainingData


def compute_metrics(
    material: TrainingData, split: Split, learned: FitResult, decided: AcceptPolicy, config: TrainConfig
) -> Metrics:
    """Compute all metrics but names, hints and learning curve; the same seed and pictures give the same values."""
    builder = _MetricsBuilder(material, split, config.seed)
    classification = builder.classification(learned.honest)
    return Metrics(
        accuracy=AccuracyMetrics(
            leak_free=_leak_free(split, classification),
            random_split=builder.accuracy(learned.naive),
            given_split=None if learned.given is None else builder.accuracy(learned.given),
            difference=builder.difference(learned.naive, learned.honest),
        ),
        ece=classification.calibration.error,
        classification=classification,
        baselines={
            name: builder.share(builder.correct(learned.honest.rows, rival), learned.honest.rows)
            for name, rival in learned.baselines.items()
        },
        unknown=_unknown(learned),
        policy=None if decided.promise is None else _policy(decided.promise),
        conformal=decided.sets,
        ordered=builder.ordered(learned) if material.catalog.order else None,
        negatives=None if material.negatives is None else builder.negatives(learned, decided),
        fixes=None if material.fixed is None else builder.fixes(learned.honest, material.fixed),
        split=_describe(material, split),
        head=learned.final.chosen,
    )


class _MetricsBuilder:
    """Measures answers to a catalog's pictures; each distinct content weighs 1, and groups are resampled."""

    def __init__(self, material: TrainingData, split: Split, seed: int) -> None:
        self.material, self.split, self.seed = material, split, seed
        self.truth = material.catalog.label_index

    def correct(self, rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities.argmax(axis=1) == self.truth[rows])

    def share(self, correct: np.ndarray, rows: np.ndarray) -> Interval:
        groups, weights = self.split.group[rows], self.material.weights(rows)
        return evaluate_share(correct, groups=groups, weights=weights, seed=self.seed)

    def accuracy(self, held: Predictions) -> Interval:
        return self.share(self.correct(held.rows, held.probabilities), held.rows)

    def classification(self, held: HeldOutPredictions) -> ClassificationMetrics:
        return evaluate_predictions(
            self.truth[held.rows],
            held.probabilities,
            labels=self.material.catalog.labels,
            groups=self.split.group[held.rows],
            weights=self.material.weights(held.rows),
            uncalibrated=held.uncalibrated,
            seed=self.seed,
        )

    def ordered(self, learned: FitResult) -> OrderedLabelMetrics:
        """How many labels the answers are off, beside always answering the middle one."""
        held, labels = learned.honest, self.material.catalog.labels
        metrics = evaluate_ordinal(
            self.truth[held.rows],
            median_label(held.probabilities),
            groups=self.split.group[held.rows],
            weights=self.material.weights(held.rows),
            seed=self.seed,
        )
        return OrderedLabelMetrics(
            labels=labels,
            chosen=learned.final.chosen["head"],
            mae=metrics.mae,
            rmse=metrics.rmse,
            quadratic_kappa=metrics.quadratic_kappa,
            within_one=metrics.within_one,
            constant_mae=metrics.mae_of_median,
            constant=labels[metrics.median],
            gain=metrics.gain,
        )

    def fixes(self, held: HeldOutPredictions, fixed: AppliedFixes) -> FixMetrics:
        """What fixes changed, and the same answers judged by the labels as they came."""
        right = held.probabilities.argmax(axis=1) == fixed.label[held.rows]
        return FixMetrics(
            dropped=fixed.dropped,
            relabelled=fixed.relabelled,
            accuracy_before=self.share(np.asarray(right), held.rows),
        )

    def negatives(self, learned: FitResult, decided: AcceptPolicy) -> NegativeMetrics:
        """How pictures of none of the classes were told, each by a threshold that was tuned without its group."""
        honest, negatives, excess = learned.honest, self.material.negatives, learned.final.negative_excess
        assert negatives is not None
        assert excess is not None
        metrics = evaluate_unknown_detection(
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
        return NegativeMetrics(
            negatives=len(excess),
            tuned=len(excess),
            scored=len(excess),
            kept=metrics.kept,
            rejected=metrics.rejected,
            auroc=metrics.auroc,
            accepted=evaluate_share(passed, groups=negatives.groups, seed=self.seed),
        )

    def difference(self, one: Predictions, other: Predictions) -> AccuracyDifference:
        """The first's accuracy minus the second's, over the pictures that both judged."""
        rows, first, second = np.intersect1d(one.rows, other.rows, return_indices=True)
        difference = paired_difference(
            self.correct(rows, one.probabilities[first]),
            self.correct(rows, other.probabilities[second]),
            groups=self.split.group[rows],
            weights=self.material.weights(rows),
            seed=self.seed,
        )
        return AccuracyDifference(**asdict(difference), pictures=len(rows))


def _leak_free(split: Split, metrics: ClassificationMetrics) -> LeakFreeAccuracy:
    return LeakFreeAccuracy(
        **asdict(metrics.accuracy),
        method=split.method,
        estimates="bundle" if split.method == "test-part" else "recipe",
        classes=metrics.classes,
    )


def _unknown(learned: FitResult) -> UnknownThreshold:
    honest = learned.honest
    return UnknownThreshold(
        t_unknown=learned.final.t_unknown,
        false_rejection=float(np.mean(~(honest.unknown_score <= honest.t_unknown))),
    )


def _policy(control: RiskControl) -> PolicyMetrics:
    curve = control.curve
    return PolicyMetrics(
        sentence=control.sentence,
        basis=control.basis,
        share=control.share,
        error=None if control.high is None else GroupError(value=control.wrong / control.groups, high=control.high),
        needed=control.needed,
        max_error=control.risk,
        t_accept=control.t_accept,
        picture_error=control.picture_error,
        groups=control.groups,
        wrong=control.wrong,
        curve=RiskCurveMetrics(
            t_accept=tuple(curve.t_accept.tolist()),
            share=tuple(curve.share.tolist()),
            picture_error=tuple(curve.picture_error.tolist()),
            error=tuple(curve.error.tolist()),
            high=tuple(curve.high.tolist()),
        ),
    )


def _describe(material: TrainingData, split: Split) -> SplitMetrics:
    pictures = {part: int(np.sum(split.part == part)) for part in ("train", "validation", "test")}
    readable = int(material.catalog.readable.sum())
    used = int(np.sum(split.train | split.test))
    return SplitMetrics(
        method=split.method,
        reason=split.reason,
        leaks=split.leaks,
        unevaluated=tuple(split.unevaluated),
        pictures=pictures | {"unused": readable - used, "unreadable": len(split.fold) - readable},
    )
