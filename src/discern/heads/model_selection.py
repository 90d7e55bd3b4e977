"""Functions that select a classifier head by held-out log loss after temperature scaling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from discern.bundle.heads import ABSENT, LinearHead, Span
from discern.heads.lda import LinearFit
from discern.heads.temperature import fit_temperature, log_loss


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOutLogits:
    """Outputs of all candidate heads for held-out images.

    Attributes:
        positions: int `[n]`, the pictures.
        logits: of each linear head by name, float64 `[n, K]`, centred.
        present: bool `[n, K]`, the classes that the heads of each row were fitted on.
        measures: float32 `[n, 4]`, of the unknown score; the last, energy, depends on the head that is selected.
        margins: of each ordinal head by name, float64 `[n, K + 1]`, see `OrdinalFit.margins`.
    """

    positions: np.ndarray
    logits: Mapping[str, np.ndarray]
    present: np.ndarray
    measures: np.ndarray
    margins: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def join(cls, parts: Sequence["HeldOutLogits"]) -> "HeldOutLogits":
        """Concatenate the held-out outputs of several folds."""
        return cls(
            positions=np.concatenate([part.positions for part in parts]),
            logits=_join([part.logits for part in parts]),
            present=np.concatenate([part.present for part in parts]),
            measures=np.concatenate([part.measures for part in parts]),
            margins=_join([part.margins for part in parts]),
        )

    def select(self, fold: np.ndarray, number: int) -> "HeldOutLogits":
        """Select the held-out outputs for one fold."""
        kept = fold[self.positions] == number
        return HeldOutLogits(
            positions=self.positions[kept],
            logits={name: logits[kept] for name, logits in self.logits.items()},
            present=self.present[kept],
            measures=self.measures[kept],
            margins={name: margins[kept] for name, margins in self.margins.items()},
        )


def _join(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenate arrays by name and omit names that are missing in any part."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Selected classifier head, which is a calibrated linear head or an ensemble of two.

    Attributes:
        name: of the candidate: its heads' names joined by "+".
        temperatures: of each head by name, which bring the heads to one scale before they are averaged.
        temperature: of the average.
        log_losses: of every candidate on the held-out pictures, calibrated.
        maes: mean absolute error of the median label of every candidate, if the labels are ordered.
    """

    name: str
    temperatures: Mapping[str, float]
    temperature: float
    log_losses: Mapping[str, float] = field(default_factory=dict)
    maes: Mapping[str, float] = field(default_factory=dict)

    def calibrated(self, held_out: HeldOutLogits) -> np.ndarray:
        """Compute the calibrated logits of held-out images."""
        return self.logits(held_out.logits, held_out.present)

    def logits(self, by_head: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
        """Combine the logits of the selected heads into calibrated logits."""
        mean = np.mean([by_head[name] / scale for name, scale in self.temperatures.items()], axis=0)
        return np.where(present, mean / self.temperature, ABSENT)

    def build_head(
        self, weights: Mapping[str, np.ndarray], linear: Mapping[str, LinearFit], spans: tuple[Span, ...]
    ) -> LinearHead:
        """Build the head of a model bundle from weights on unit-length feature blocks."""
        first = linear[next(iter(self.temperatures))]
        weight, bias = np.zeros((spans[-1][1], len(first.bias))), np.zeros(len(first.bias))
        for name, scale in self.temperatures.items():
            share = 1 / (scale * self.temperature * len(self.temperatures))
            weight[: len(weights[name])] += share * weights[name]
            bias += share * linear[name].bias
        bias = np.where(first.present, bias, ABSENT)
        return LinearHead(spans=spans, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def select(held_out: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> Selection:
    """Select the candidate head with the lowest held-out log loss.

    Candidates are all heads, and the mean of each LDA with each logistic regression.

    Args:
        held_out: outputs of the candidates for held-out pictures.
        labels: int `[N]`, of all pictures.
        weights: float64 `[N]`, sample weights of all pictures.
    """
    candidates = calibrate_each(held_out, labels, weights)
    truth, mass = labels[held_out.positions], weights[held_out.positions]
    losses = {each.name: log_loss(each.calibrated(held_out), truth, mass, held_out.present) for each in candidates}
    return replace(min(candidates, key=lambda each: losses[each.name]), log_losses=losses)


def calibrate_each(held_out: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> list[Selection]:
    """Calibrate each candidate head on held-out images."""
    single = {name: calibrate(held_out, labels, weights, {name: 1.0}).temperature for name in held_out.logits}
    return [
        calibrate(
            held_out, labels, weights, {name: single[name] for name in heads} if len(heads) > 1 else {heads[0]: 1.0}
        )
        for heads in _candidates(list(single))
    ]


def calibrate(
    held_out: HeldOutLogits, labels: np.ndarray, weights: np.ndarray, scales: Mapping[str, float]
) -> Selection:
    """Fit the temperature of a candidate head or ensemble on held-out images."""
    raw = Selection(name="+".join(scales), temperatures=scales, temperature=1.0)
    logits = np.where(held_out.present, raw.logits(held_out.logits, held_out.present), 0)
    truth, mass = labels[held_out.positions], weights[held_out.positions]
    return replace(raw, temperature=fit_temperature(logits, truth, mass, held_out.present))


def _candidates(names: Sequence[str]) -> list[tuple[str, ...]]:
    logistic = [name for name in names if name.startswith("logistic")]
    lda = [name for name in names if name not in logistic]
    return [*((name,) for name in names), *product(lda, logistic)]
