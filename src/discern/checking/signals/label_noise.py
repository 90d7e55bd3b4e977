"""Functions that detect label errors by confident learning and a label noise model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Chosen with benchmarks/issue_detection.py, wrong labels at random and among look-alikes planted in its `TUNED_ON`
# packs: these are found, and clean labels are explained without noise. The sample and the iterations cap the time.
_SAMPLE = 20_000
_EXPONENTS = (1.0, 1.2, 1.45, 1.75, 2.1, 2.5, 3.0)
_EM_ITERATIONS = 25
_PENALTY = 1.0  # log-likelihood per parameter, as Akaike's criterion
_LEAST_GAIN = 4.0  # log-likelihood
_IMPROBABLE = 0.5
_SMALLEST = 1e-12


@dataclass(frozen=True, kw_only=True)
class LabelIssues:
    """Evidence of label errors for each image of a data set.

    Attributes:
        proposed: int [N], the confident class of a picture where it differs from the label; else -1.
        margin: float64 [N], probability of the most probable other class minus that of the label, in [-1, 1].
        wrong: float64 [N], probability that the label is wrong where another is proposed; else 0.
    """

    proposed: Ints
    margin: Floats
    wrong: Floats


@dataclass(frozen=True, kw_only=True)
class NoiseModel:
    """Model of label noise with a uniform and a class-dependent component.

    Attributes:
        exponent: power of the probabilities that makes them more confident; heads fitted on noise are too little so.
        chance: share of labels replaced by any other, uniformly.
        pairs: float64 [K, K], share of a class (row) with another label (column).
    """

    exponent: float
    chance: float
    pairs: Floats


def find_label_issues(probabilities: NDArray[Any], labels: Ints, *, seed: int = 0) -> LabelIssues:
    """Find label errors from out-of-fold class probabilities.

    Args:
        probabilities: [N, K], out-of-fold; K is 2 or more.
        labels: int [N], in 0..K - 1.
        seed: random seed of the sample of 20,000 pictures that the noise model is fitted on.
    """
    probabilities = probabilities.astype(np.float64)
    every = np.arange(len(labels))
    proposed = confident_class(probabilities, labels)
    proposed[proposed == labels] = -1
    others = probabilities.copy()
    others[every, labels] = -1
    margin = others.max(axis=1) - probabilities[every, labels]
    sample = np.random.default_rng(seed).permutation(len(labels))[:_SAMPLE]
    noise = fit_noise_model(probabilities[sample], labels[sample])
    wrong, rows = np.zeros(len(labels)), np.flatnonzero(proposed >= 0)
    wrong[rows] = 1 - _posterior(_sharpen(probabilities[rows], noise.exponent), labels[rows], noise)[0]
    return LabelIssues(proposed=proposed, margin=margin, wrong=np.clip(wrong, 0, 1))


def confident_class(probabilities: Floats, labels: Ints) -> Ints:
    """Return the class to which confident learning assigns each image.

    The threshold of a class is its mean probability over the pictures with its label; the confident class is the most
    probable one whose threshold is reached (Northcutt, Jiang and Chuang, Confident learning, 2021). Off-diagonal counts
    of labels against confident classes, the confident joint, are candidates for label errors.

    Returns:
        int [N], -1 for none.
    """
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    count = np.bincount(labels, minlength=classes)
    threshold = np.where(count > 0, np.bincount(labels, own, minlength=classes) / np.maximum(count, 1), np.inf)
    reached = np.where(probabilities >= threshold, probabilities, -1.0)
    confident = reached.argmax(axis=1)
    return np.where(reached.max(axis=1) >= 0, confident, -1)


def fit_noise_model(probabilities: Floats, labels: Ints) -> NoiseModel:
    """Fit a label noise model by expectation-maximisation.

    Several exponents of the probabilities are tried. Calibrated probabilities explain clean labels best without noise.
    Wrong labels are disagreements that do not become rarer with the head's confidence: then noise, with sharper
    probabilities for the rest, explains the labels better. The uniform noise and each pair must gain more
    log-likelihood than a penalty, and the whole model clearly more than none.
    """
    sharpened = [_sharpen(probabilities, exponent) for exponent in _EXPONENTS]
    every = np.arange(len(labels))
    without_noise = max(float(np.log(np.maximum(sharp[every, labels], _SMALLEST)).sum()) for sharp in sharpened)
    fits = [_fit(sharp, labels, exponent) for sharp, exponent in zip(sharpened, _EXPONENTS, strict=True)]
    log_likelihood, noise = max(fits, key=lambda fit: fit[0])
    none = NoiseModel(exponent=1.0, chance=0.0, pairs=np.zeros_like(noise.pairs))
    return noise if log_likelihood > without_noise + _LEAST_GAIN else none


def _fit(sharp: Floats, labels: Ints, exponent: float) -> tuple[float, NoiseModel]:
    """Fit a label noise model for one exponent and return it with its penalised log-likelihood.

    Only improbable labels take part in the iterations.
    """
    classes, own = sharp.shape[1], sharp[np.arange(len(labels)), labels]
    total = np.maximum(np.bincount(labels, minlength=classes), 1)
    order = np.flatnonzero(own < _IMPROBABLE)
    order = order[np.argsort(labels[order], kind="stable")]
    present, start = np.unique(labels[order], return_index=True)
    pairs = np.full((classes, classes), 0.02 / (classes - 1)) * (1 - np.eye(classes))
    noise = NoiseModel(exponent=exponent, chance=0.03, pairs=pairs)
    for _ in range(_EM_ITERATIONS):
        _, chance, paired, _ = _posterior(sharp[order], labels[order], noise)
        expected_pairs = np.zeros((classes, classes))
        if len(order):
            expected_pairs[:, present] = np.add.reduceat(paired, start, axis=0).T
        pairs = np.maximum(expected_pairs - _PENALTY, 0) / total[:, None]
        noise = NoiseModel(exponent=exponent, chance=max(chance.sum() - _PENALTY, 0) / len(labels), pairs=pairs)
    log_likelihood = np.log(
        np.maximum(own * _correct_share(noise)[labels] + noise.chance / (classes - 1) * (1 - own), _SMALLEST)
    )
    log_likelihood[order] = np.log(np.maximum(_posterior(sharp[order], labels[order], noise)[3], _SMALLEST))
    return float(log_likelihood.sum() - _PENALTY * ((pairs > 0).sum() + (noise.chance > 0))), noise


def _posterior(sharp: Floats, labels: Ints, noise: NoiseModel) -> tuple[Floats, Floats, Floats, Floats]:
    """Compute the posterior probabilities of each label's origin.

    Returns:
        Posteriors of a correct label [N], of chance [N] and of another class [N, K], and the likelihood [N].
    """
    own = sharp[np.arange(len(labels)), labels]
    correct = _correct_share(noise)[labels] * own
    chance = noise.chance / (sharp.shape[1] - 1) * (1 - own)
    paired = noise.pairs.T[labels] * sharp
    likelihood = correct + chance + paired.sum(axis=1)
    safe = np.maximum(likelihood, _SMALLEST)
    return correct / safe, chance / safe, paired / safe[:, None], likelihood


def _correct_share(noise: NoiseModel) -> Floats:
    share: Floats = np.maximum(1 - noise.chance - noise.pairs.sum(axis=1), _IMPROBABLE)
    return share


def _sharpen(probabilities: Floats, exponent: float) -> Floats:
    powers: Floats = np.maximum(probabilities, _SMALLEST) ** exponent
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
