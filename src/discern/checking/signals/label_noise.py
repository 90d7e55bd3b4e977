"""How likely labels are wrong: confident learning proposes, and a model of noisy labels says how sure that is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SAMPLE = 20_000
_STEEPER = (1.0, 1.2, 1.45, 1.75, 2.1, 2.5, 3.0)
_ROUNDS = 25
_PRICE = 1.0
_LEAST_GAIN = 4.0
_DOUBTFUL = 0.5
_LEAST = 1e-12


@dataclass(frozen=True, kw_only=True)
class LabelIssues:
    """What speaks against the labels of N pictures.

    Attributes:
        proposed: int [N], the class of which a picture is confidently one though it has another label; -1 for none.
        margin: float64 [N], the probability of the likeliest other class less that of the label, in [-1, 1].
        wrong: float64 [N], the probability that the label is wrong, where one is proposed; else 0.
    """

    proposed: Ints
    margin: Floats
    wrong: Floats


@dataclass(frozen=True, kw_only=True)
class NoiseModel:
    """How labels came to be wrong: by chance, and between certain pairs of classes.

    Attributes:
        steeper: what the logarithms of the probabilities are multiplied by: heads that learned noise are less sure.
        chance: the share of labels that were replaced by any other.
        pairs: float64 [K, K], the share of a class (row) that stands under another label (column).
    """

    steeper: float
    chance: float
    pairs: Floats


def find_label_issues(probabilities: NDArray[Any], labels: Ints, *, seed: int = 0) -> LabelIssues:
    """Doubt labels by out-of-fold probabilities.

    Args:
        probabilities: [N, K], each row of a picture that was not learned from; K is 2 or more.
        labels: int [N], in 0..K - 1.
        seed: of the sample that the noise is estimated on where there are many pictures.
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
    wrong[rows] = 1 - _split(_steepen(probabilities[rows], noise.steeper), labels[rows], noise)[0]
    return LabelIssues(proposed=proposed, margin=margin, wrong=np.clip(wrong, 0, 1))


def confident_class(probabilities: Floats, labels: Ints) -> Ints:
    """The class that each picture is confidently of: int [N], -1 for none.

    A class's threshold is the mean probability that pictures under its label have for it; a picture is counted in the
    likeliest of the classes whose threshold it reaches (Northcutt, Jiang and Chuang, Confident learning, 2021). What
    falls beside the diagonal of labels against these classes is where labels may be wrong.
    """
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    count = np.bincount(labels, minlength=classes)
    threshold = np.where(count > 0, np.bincount(labels, own, minlength=classes) / np.maximum(count, 1), np.inf)
    reached = np.where(probabilities >= threshold, probabilities, -1.0)
    confident = reached.argmax(axis=1)
    return np.where(reached.max(axis=1) >= 0, confident, -1)


def fit_noise_model(probabilities: Floats, labels: Ints) -> NoiseModel:
    """Estimate how labels went wrong, by expectation and maximisation over steeper and steeper probabilities.

    Calibrated probabilities of clean labels explain them best without any noise. Wrong labels show as disagreement
    that does not become rarer the surer the head is: then some noise, with steeper probabilities for the rest, explains
    the labels better. Chance and each pair must explain more labels than they cost, and all together clearly more
    than no noise at all.
    """
    steepened = [_steepen(probabilities, steeper) for steeper in _STEEPER]
    every = np.arange(len(labels))
    clean = max(float(np.log(np.maximum(steep[every, labels], _LEAST)).sum()) for steep in steepened)
    fits = [_fit(steep, labels, steeper) for steep, steeper in zip(steepened, _STEEPER, strict=True)]
    likely, noise = max(fits, key=lambda fit: fit[0])
    none = NoiseModel(steeper=1.0, chance=0.0, pairs=np.zeros_like(noise.pairs))
    return noise if likely > clean + _LEAST_GAIN else none


def _fit(steep: Floats, labels: Ints, steeper: float) -> tuple[float, NoiseModel]:
    classes, own = steep.shape[1], steep[np.arange(len(labels)), labels]
    total = np.maximum(np.bincount(labels, minlength=classes), 1)
    order = np.flatnonzero(own < _DOUBTFUL)
    order = order[np.argsort(labels[order], kind="stable")]
    present, start = np.unique(labels[order], return_index=True)
    pairs = np.full((classes, classes), 0.02 / (classes - 1)) * (1 - np.eye(classes))
    noise = NoiseModel(steeper=steeper, chance=0.03, pairs=pairs)
    for _ in range(_ROUNDS):
        _, chance, paired, _ = _split(steep[order], labels[order], noise)
        moved = np.zeros((classes, classes))
        if len(order):
            moved[:, present] = np.add.reduceat(paired, start, axis=0).T
        pairs = np.maximum(moved - _PRICE, 0) / total[:, None]
        noise = NoiseModel(steeper=steeper, chance=max(chance.sum() - _PRICE, 0) / len(labels), pairs=pairs)
    said = np.log(np.maximum(own * _kept(noise)[labels] + noise.chance / (classes - 1) * (1 - own), _LEAST))
    said[order] = np.log(np.maximum(_split(steep[order], labels[order], noise)[3], _LEAST))
    return float(said.sum() - _PRICE * ((pairs > 0).sum() + (noise.chance > 0))), noise


def _split(steep: Floats, labels: Ints, noise: NoiseModel) -> tuple[Floats, Floats, Floats, Floats]:
    """Why labels are as they are: right [N], by chance [N], as another class's [N, K]; and how likely they are [N]."""
    own = steep[np.arange(len(labels)), labels]
    right = _kept(noise)[labels] * own
    chance = noise.chance / (steep.shape[1] - 1) * (1 - own)
    paired = noise.pairs.T[labels] * steep
    likely = right + chance + paired.sum(axis=1)
    safe = np.maximum(likely, _LEAST)
    return right / safe, chance / safe, paired / safe[:, None], likely


def _kept(noise: NoiseModel) -> Floats:
    kept: Floats = np.maximum(1 - noise.chance - noise.pairs.sum(axis=1), _DOUBTFUL)
    return kept


def _steepen(probabilities: Floats, steeper: float) -> Floats:
    powers: Floats = np.maximum(probabilities, _LEAST) ** steeper
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
