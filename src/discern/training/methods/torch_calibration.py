"""Calibration of a trained network on pictures of groups that it was not trained on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from discern.bundle.heads import MEASURES, LinearHead, Span, UnknownScorer, unit_blocks
from discern.heads import HeadConfig, Negatives
from discern.heads.lda import LinearFit
from discern.heads.learner import Learner
from discern.heads.model_selection import HeldOutLogits, calibrate
from discern.heads.unknown.score import DEFAULT_SUM, combine, rejection_threshold, standardise, with_energy
from discern.heads.unknown.tuning import UnknownTuning, tune_unknown
from discern.splitting.folds import assign_folds

_FOLDS = 5
_NAME = "network"
_NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Unseen:
    """Pictures of groups that a network was not trained on.

    Attributes:
        features: float32 `[n, D]`, their embeddings.
        labels: int `[n]`.
        groups: int `[n]`.
        weights: float64 `[n]`, sample weights.
        fresh: bool `[n]`, those that did not choose the epoch either.
    """

    features: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    weights: np.ndarray
    fresh: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibratedHead:
    """Head and unknown score of a trained network.

    Attributes:
        head: from embeddings to calibrated probabilities.
        unknown: from embeddings and logits to an unknown score.
        temperature: the temperature that the probabilities include.
        t_unknown: the unknown score above which a picture is classified as unknown.
        unknown_score: float32 `[n]`, of the unseen pictures, by scorers fitted without their groups.
        fresh_probabilities: float32 `[m, K]`, of the fresh pictures in their order.
        description: the temperature and the unknown score, JSON-ready.
        negative_excess: float64 `[M]`, see `UnknownTuning`; None without negatives.
    """

    head: LinearHead
    unknown: UnknownScorer
    temperature: float
    t_unknown: float
    unknown_score: np.ndarray
    fresh_probabilities: np.ndarray
    description: dict[str, Any]
    negative_excess: np.ndarray | None


def calibrate_head(
    weight: np.ndarray,
    bias: np.ndarray,
    trained: np.ndarray,
    unseen: Unseen,
    *,
    spans: tuple[Span, ...],
    negatives: Negatives | None,
    config: HeadConfig,
    seed: int,
    centre: np.ndarray | None = None,
) -> CalibratedHead:
    """Fit the temperature, the unknown score and its threshold of a classifier on unseen pictures.

    The temperature is fitted on those that did not choose the epoch. The unknown score needs more pictures and none of
    the labels that chose it, so it is fitted on all.

    Args:
        weight: float64 `[D, K]`, of the classifier on unit-length embeddings.
        bias: float64 `[K]`.
        trained: bool `[K]`, the classes that the network was trained on.
        unseen: the unseen pictures.
        spans: start and end of the embedding's blocks.
        negatives: pictures of none of the classes; or None.
        config: settings of the head.
        seed: random seed.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first; see `unit_blocks`.
    """
    linear = LinearFit.centred(weight[:, trained], bias[trained], trained)
    head, temperature = _scale(linear, unseen, spans, centre)
    scorer, measures = _fit_unknown(unseen, len(bias), spans, config, seed)
    measures = with_energy(measures, head.logits(unseen.features))
    description, tuning = _tune(scorer, measures, unseen, head, negatives=negatives, config=config)
    return CalibratedHead(
        head=head,
        unknown=tuning.scorer,
        temperature=temperature,
        t_unknown=tuning.t_unknown,
        unknown_score=combine(tuning.scorer, measures).astype(np.float32),
        fresh_probabilities=head.probabilities(unseen.features[unseen.fresh]),
        description={"head": _NAME, "temperature": temperature, "log_loss": {}, "unknown": description},
        negative_excess=tuning.excess,
    )


def _scale(
    linear: LinearFit, unseen: Unseen, spans: tuple[Span, ...], centre: np.ndarray | None
) -> tuple[LinearHead, float]:
    """Fit the temperature on fresh pictures; without any it is 1."""
    rows = np.flatnonzero(unseen.fresh)
    logits = linear.logits(unit_blocks(unseen.features[rows], spans, centre).astype(np.float64))
    held_out = HeldOutLogits(
        positions=rows,
        logits={_NAME: logits},
        present=np.broadcast_to(linear.present, logits.shape),
        measures=np.zeros((len(rows), len(MEASURES)), np.float32),
    )
    selection = calibrate(held_out, unseen.labels, unseen.weights, {_NAME: 1.0})
    head = selection.build_head({_NAME: linear.weight}, {_NAME: linear}, spans)
    return replace(head, centre=centre), selection.temperature


def _fit_unknown(
    unseen: Unseen, classes: int, spans: tuple[Span, ...], config: HeadConfig, seed: int
) -> tuple[UnknownScorer, np.ndarray]:
    """Fit the measures on all unseen pictures, and measure each by those fitted without its group."""
    fold = assign_folds(unseen.labels, unseen.groups, [1.0] * _FOLDS, seed=seed)
    folds = np.unique(fold)
    learner = Learner(
        unseen.features,
        unseen.labels,
        fold,
        unseen.weights,
        classes=classes,
        spans=spans,
        held_out=tuple(folds.tolist()) if len(folds) > 1 else (),
        score_unknown=True,
        config=config,
        seed=seed,
    )
    final = learner.fit(frozenset(), _NO_ROWS, all_heads=False)
    assert final.scorer is not None
    measures = learner.predict(final, np.arange(len(fold))).measures.copy()
    for number in folds if len(folds) > 1 else ():
        rows = np.flatnonzero(fold == number)
        measures[rows] = learner.predict(
            learner.fit(frozenset([int(number)]), _NO_ROWS, all_heads=False), rows
        ).measures
    return final.scorer, measures


def _tune(
    scorer: UnknownScorer,
    measures: np.ndarray,
    unseen: Unseen,
    head: LinearHead,
    *,
    negatives: Negatives | None,
    config: HeadConfig,
) -> tuple[dict[str, Any], UnknownTuning]:
    rejection, weights = config.false_rejection, unseen.weights
    if negatives is not None:
        features = np.asarray(negatives.features[np.arange(len(negatives.groups))], np.float32)
        measured = scorer.measure(features, head.logits(features))
        tuning = tune_unknown(scorer, measures, weights, measured, negatives.groups, false_rejection=rejection)
        return {"score": "tuned by negatives", "false_rejection": rejection, "negatives": len(measured)}, tuning
    scorer = standardise(scorer, measures, weights, DEFAULT_SUM)
    t_unknown = rejection_threshold(combine(scorer, measures), weights, rejection)
    description = {"score": DEFAULT_SUM, "false_rejection": rejection, "auroc_classes_left_out": {}}
    return description, UnknownTuning(scorer=scorer, t_unknown=t_unknown, excess=None)
