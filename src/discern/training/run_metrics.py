"""Functions that compute the metrics of a training run."""

from dataclasses import asdict

import numpy as np

from discern.bundle import median_label
from discern.evaluating import (
    AccuracyDifference,
    AccuracyMetrics,
    ClassificationMetrics,
    CountMetrics,
    FixMetrics,
    GroupError,
    Interval,
    LeakFreeAccuracy,
    Metrics,
    NegativeMetrics,
    OfferedLimit,
    OrderedLabelMetrics,
    PolicyMetrics,
    RiskCurveMetrics,
    SplitMetrics,
    UnknownThreshold,
    evaluate_counts,
    evaluate_ordinal,
    evaluate_predictions,
    evaluate_share,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.heads import RiskControl
from discern.splitting import Split
from discern.training.accept_policy import AcceptPolicy
from discern.training.baseline_predictions import predict_baselines
from discern.training.config import AUTO, TrainConfig
from discern.training.data import AppliedFixes, TrainingData
from discern.training.methods import FitResult
from discern.training.predictions import HeldOutPredictions, NegativePredictions, Predictions

# With five folds, a class of fewer groups loses more than the others' fifth of them to each test.
_MANY_GROUPS = 5


def compute_metrics(
    data: TrainingData, split: Split, result: FitResult, policy: AcceptPolicy, config: TrainConfig
) -> Metrics:
    """Compute the metrics of a training run, except names, hints and learning curve."""
    builder = _MetricsBuilder(data, split, config.seed)
    held_out = result.held_out
    classification = builder.classification(held_out)
    baselines = predict_baselines(data, split, held_out.rows, seed=config.seed)
    return Metrics(
        accuracy=AccuracyMetrics(
            leak_free=builder.leak_free(classification),
            random_split=builder.accuracy(_for_comparison(result.random_split, held_out.rows)),
            given_split=None if result.given_split is None else builder.accuracy(result.given_split),
            difference=builder.difference(result.random_split, held_out),
        ),
        ece=classification.calibration.error,
        classification=classification,
        baselines={
            name: builder.share(builder.correct(held_out.rows, probabilities), held_out.rows)
            for name, probabilities in baselines.items()
        },
        unknown=builder.unknown(result),
        policy=None if policy.risk_control is None else _policy(policy, policy.risk_control),
        conformal=policy.conformal,
        ordered=builder.ordered(result) if data.catalog.order else None,
        negatives=None if result.negatives is None else builder.negatives(result, result.negatives, policy),
        fixes=None if data.fixed is None else builder.fixes(held_out, data.fixed),
        split=_describe_split(data, split),
        head=result.description,
        counts=builder.counts(held_out),
    )


class _MetricsBuilder:
    """Builder of a run's metrics that weights identical images as one and respects groups."""

    def __init__(self, data: TrainingData, split: Split, seed: int) -> None:
        self.data, self.split, self.seed = data, split, seed
        self.truth = data.catalog.label_index

    def correct(self, rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities.argmax(axis=1) == self.truth[rows])

    def share(self, correct: np.ndarray, rows: np.ndarray) -> Interval:
        groups, weights = self.split.group[rows], self.data.weights(rows)
        return evaluate_share(correct, groups=groups, weights=weights, seed=self.seed)

    def accuracy(self, predictions: Predictions) -> Interval:
        return self.share(self.correct(predictions.rows, predictions.probabilities), predictions.rows)

    def classification(self, predictions: HeldOutPredictions) -> ClassificationMetrics:
        return evaluate_predictions(
            self.truth[predictions.rows],
            predictions.probabilities,
            labels=self.data.catalog.labels,
            groups=self.split.group[predictions.rows],
            weights=self.data.weights(predictions.rows),
            uncalibrated=predictions.uncalibrated,
            seed=self.seed,
        )

    def leak_free(self, metrics: ClassificationMetrics) -> LeakFreeAccuracy:
        return LeakFreeAccuracy(
            **asdict(metrics.accuracy),
            method=self.split.method,
            estimates="bundle" if self.split.method == "test-part" else "recipe",
            classes=metrics.classes,
            few_groups=self._few_groups() or None,
        )

    def _few_groups(self) -> dict[str, int]:
        """Return the number of independent groups of each evaluated class with few of them."""
        used = self.split.train | self.split.test
        pairs = np.unique(np.stack([self.truth[used], self.split.group[used]]), axis=1)
        labels = self.data.catalog.labels
        counts = np.bincount(pairs[0], minlength=len(labels)).tolist()
        return {
            label: count
            for label, count in zip(labels, counts, strict=True)
            if count < _MANY_GROUPS and label not in self.split.unevaluated
        }

    def ordered(self, result: FitResult) -> OrderedLabelMetrics:
        """Compute ordinal metrics of the classifier and of always predicting the median label."""
        predictions, labels = result.held_out, self.data.catalog.labels
        metrics = evaluate_ordinal(
            self.truth[predictions.rows],
            median_label(predictions.probabilities),
            groups=self.split.group[predictions.rows],
            weights=self.data.weights(predictions.rows),
            seed=self.seed,
        )
        return OrderedLabelMetrics.of(metrics, labels=labels, chosen=result.description.get("head"))

    def counts(self, predictions: HeldOutPredictions) -> CountMetrics | None:
        return evaluate_counts(
            self.truth[predictions.rows],
            predictions.probabilities,
            labels=self.data.catalog.labels,
            ordered=bool(self.data.catalog.order),
            groups=self.split.group[predictions.rows],
            weights=self.data.weights(predictions.rows),
        )

    def fixes(self, predictions: HeldOutPredictions, fixed: AppliedFixes) -> FixMetrics:
        """Count the images changed by fixes, and compute the accuracy against the original labels."""
        correct = predictions.probabilities.argmax(axis=1) == fixed.label[predictions.rows]
        return FixMetrics(
            dropped=fixed.dropped,
            relabelled=fixed.relabelled,
            accuracy_before=self.share(np.asarray(correct), predictions.rows),
        )

    def unknown(self, result: FitResult) -> UnknownThreshold:
        """Compute the false rejection rate of held-out images, with thresholds tuned on other groups."""
        held_out = result.held_out
        rejected = ~(held_out.unknown_score <= held_out.t_unknown)
        rejection = self.share(np.asarray(rejected), held_out.rows)
        return UnknownThreshold(t_unknown=result.t_unknown, false_rejection=rejection.value, rejection=rejection)

    def negatives(self, result: FitResult, predictions: NegativePredictions, policy: AcceptPolicy) -> NegativeMetrics:
        """Evaluate out-of-distribution detection with thresholds tuned on other groups."""
        held_out, negatives = result.held_out, self.data.negatives
        assert negatives is not None
        metrics = evaluate_unknown_detection(
            held_out.unknown_score - held_out.t_unknown,
            predictions.excess,
            0.0,
            known_groups=self.split.group[held_out.rows],
            negative_groups=negatives.groups,
            known_weights=self.data.weights(held_out.rows),
            seed=self.seed,
        )
        unjudged = np.isin(self.data.catalog.labels, self.split.unevaluated)
        decisions = predictions.decisions(accept=policy.thresholds.accept, unjudged=unjudged)
        count = len(predictions.excess)
        return NegativeMetrics(
            negatives=count,
            tuned=count,
            scored=count,
            kept=metrics.kept,
            rejected=metrics.rejected,
            auroc=metrics.auroc,
            accepted=evaluate_share(decisions == "accept", groups=negatives.groups),
            reviewed=evaluate_share(decisions == "review", groups=negatives.groups),
        )

    def difference(self, first: Predictions, second: Predictions) -> AccuracyDifference:
        """Compute the difference in accuracy between two predictions on the images they share."""
        rows, of_first, of_second = np.intersect1d(first.rows, second.rows, return_indices=True)
        difference = paired_difference(
            self.correct(rows, first.probabilities[of_first]),
            self.correct(rows, second.probabilities[of_second]),
            groups=self.split.group[rows],
            weights=self.data.weights(rows),
            seed=self.seed,
        )
        return AccuracyDifference(**asdict(difference), pictures=len(rows))


def _for_comparison(predictions: Predictions, rows: np.ndarray) -> Predictions:
    """Return the predictions for the images in the given catalog rows, or all if most of these have none.

    A network predicts one random fold: what that shares with a test part would be too few pictures for a figure.
    """
    kept = np.isin(predictions.rows, rows)
    if 2 * np.count_nonzero(kept) < len(rows):
        return predictions
    return Predictions(rows=predictions.rows[kept], probabilities=predictions.probabilities[kept])


def _policy(policy: AcceptPolicy, control: RiskControl) -> PolicyMetrics:
    curve = control.curve
    return PolicyMetrics(
        sentence=policy.sentence,
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
        auto=policy.asked == AUTO,
        floor=control.floor,
        offered=None if policy.offered is None else OfferedLimit(**policy.offered),
    )


def _describe_split(data: TrainingData, split: Split) -> SplitMetrics:
    pictures = {part: int(np.sum(split.part == part)) for part in ("train", "validation", "test")}
    readable = int(data.catalog.readable.sum())
    used = int(np.sum(split.train | split.test))
    return SplitMetrics(
        method=split.method,
        reason=split.reason,
        leaks=split.leaks,
        unevaluated=tuple(split.unevaluated),
        pictures=pictures | {"unused": readable - used, "unreadable": len(split.fold) - readable},
    )
