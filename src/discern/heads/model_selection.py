"""Which head answers held-out pictures best, and how they are brought to probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from discern.bundle.heads import ABSENT, LinearHead, Span
from discern.heads.lda import Linear
from discern.heads.temperature import fit_temperature, log_loss


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOutLogits:
    """What heads say to pictures that they had not learned.

    Attributes:
        positions: int `[n]`, the pictures.
        logits: of each linear head by name, float64 `[n, K]`, centred.
        present: bool `[n, K]`, the classes that the heads behind each row had learned.
        measures: float32 `[n, 4]`, of the unknown score; the last, energy, is left to the chosen head.
        margins: of each cumulative head by name, float64 `[n, K + 1]`, see `Cumulative.margins`.
    """

    positions: np.ndarray
    logits: Mapping[str, np.ndarray]
    present: np.ndarray
    measures: np.ndarray
    margins: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def join(cls, parts: Sequence["HeldOutLogits"]) -> "HeldOutLogits":
        """Put the answers for several folds one after the other."""
        return cls(
            positions=np.concatenate([part.positions for part in parts]),
            logits=_join([part.logits for part in parts]),
            present=np.concatenate([part.present for part in parts]),
            measures=np.concatenate([part.measures for part in parts]),
            margins=_join([part.margins for part in parts]),
        )

    def select(self, fold: np.ndarray, number: int) -> "HeldOutLogits":
        """The rows of one fold; `fold`: int `[N]`, of all pictures."""
        kept = fold[self.positions] == number
        return HeldOutLogits(
            positions=self.positions[kept],
            logits={name: logits[kept] for name, logits in self.logits.items()},
            present=self.present[kept],
            measures=self.measures[kept],
            margins={name: margins[kept] for name, margins in self.margins.items()},
        )


def _join(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What every part has, one after the other."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """One linear head, or the mean of two, with its calibration.

    Attributes:
        name: of the candidate: its heads' names joined by "+".
        temperatures: of each head by name, which bring them to one scale before they are averaged.
        temperature: what the average is divided by.
        log_losses: of every candidate on the held-out pictures, calibrated.
        maes: where the labels are ordered, how far the median label of every candidate is from the truth on average.
    """

    name: str
    temperatures: Mapping[str, float]
    temperature: float
    log_losses: Mapping[str, float] = field(default_factory=dict)
    maes: Mapping[str, float] = field(default_factory=dict)

    def answer(self, answers: HeldOutLogits) -> np.ndarray:
        """Calibrated logits `[n, K]` of what was answered."""
        return self.logits(answers.logits, answers.present)

    def logits(self, parts: Mapping[str, np.ndarray], present: np.ndarray) -> np.ndarray:
        """Calibrated logits `[n, K]` from those of each head; `present`: bool `[n, K]` or `[K]`."""
        mixed = np.mean([parts[name] / scale for name, scale in self.temperatures.items()], axis=0)
        return np.where(present, mixed / self.temperature, ABSENT)

    def head(
        self, weights: Mapping[str, np.ndarray], linears: Mapping[str, Linear], spans: tuple[Span, ...]
    ) -> LinearHead:
        """The head that ships, from each head's weights on unit-length blocks, float64 `[up to D, K]`."""
        some = linears[next(iter(self.temperatures))]
        weight, bias = np.zeros((spans[-1][1], len(some.bias))), np.zeros(len(some.bias))
        for name, scale in self.temperatures.items():
            share = 1 / (scale * self.temperature * len(self.temperatures))
            weight[: len(weights[name])] += share * weights[name]
            bias += share * linears[name].bias
        bias = np.where(some.present, bias, ABSENT)
        return LinearHead(spans=spans, weight=weight.astype(np.float32), bias=bias.astype(np.float32))


def select(answers: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> Selection:
    """Take the candidate with the smallest log loss on held-out pictures.

    Candidates are each head, and the mean of each discriminant with each logistic regression.

    Args:
        answers: to held-out pictures.
        labels: int `[N]`, of all pictures.
        weights: float64 `[N]`, of all pictures.
    """
    choices = calibrate_each(answers, labels, weights)
    truth, mass = labels[answers.positions], weights[answers.positions]
    losses = {choice.name: log_loss(choice.answer(answers), truth, mass, answers.present) for choice in choices}
    return replace(min(choices, key=lambda choice: losses[choice.name]), log_losses=losses)


def calibrate_each(answers: HeldOutLogits, labels: np.ndarray, weights: np.ndarray) -> list[Selection]:
    """Every candidate with its calibration; arguments as `select`."""
    alone = {name: calibrate(answers, labels, weights, {name: 1.0}).temperature for name in answers.logits}
    return [
        calibrate(
            answers, labels, weights, {name: alone[name] for name in heads} if len(heads) > 1 else {heads[0]: 1.0}
        )
        for heads in _candidates(list(alone))
    ]


def calibrate(
    answers: HeldOutLogits, labels: np.ndarray, weights: np.ndarray, scales: Mapping[str, float]
) -> Selection:
    """Find the temperature of one candidate: heads by name, each divided by a scale, averaged."""
    raw = Selection(name="+".join(scales), temperatures=scales, temperature=1.0)
    logits = np.where(answers.present, raw.logits(answers.logits, answers.present), 0)
    truth, mass = labels[answers.positions], weights[answers.positions]
    return replace(raw, temperature=fit_temperature(logits, truth, mass, answers.present))


def _candidates(names: Sequence[str]) -> list[tuple[str, ...]]:
    logistic = [name for name in names if name.startswith("logistic")]
    others = [name for name in names if name not in logistic]
    return [*((name,) for name in names), *product(others, logistic)]
