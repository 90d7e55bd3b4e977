"""Loss of a training step, for labels with and without an order.

The ordinal loss is the log loss of all questions "is the label above k?", whose probabilities follow from those of the
labels. It is lowest for the true probabilities, as the log loss is, so that the median label, which is predicted for
ordered labels, follows from them; but a label far from the true one costs more than its neighbour.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from discern.heads.temperature import log_loss

_ABSENT = -1e4  # logit of a label without training pictures, whose exponential is 0


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Loss of logits.

    Attributes:
        ordered: whether the labels are in ascending order.
        smoothing: share of each label that is spread over all labels; labels with an order are not smoothed.
    """

    ordered: bool = False
    smoothing: float = 0.0

    def losses(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss of each picture, `[n]`, from logits `[n, K]` and labels, int64 `[n]`."""
        if self.ordered:
            return ordinal_losses(logits, labels)
        return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=self.smoothing)


def ordinal_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Compute the mean log loss of the cumulative probabilities: `[n]` from `[n, K]` and int64 `[n]`."""
    log_total = torch.logsumexp(logits, dim=1, keepdim=True)
    at_most = torch.logcumsumexp(logits, dim=1)[:, :-1] - log_total
    above = torch.logcumsumexp(logits.flip(1), dim=1).flip(1)[:, 1:] - log_total
    is_above = labels[:, None] > torch.arange(logits.shape[1] - 1, device=logits.device)
    return -torch.where(is_above, above, at_most).mean(dim=1)


def measure_loss(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray, *, ordered: bool
) -> float:
    """Compute the weighted mean loss of predicted logits, ordinal or not.

    Pictures of absent labels are ignored.

    Args:
        logits: float64 `[n, K]`.
        labels: int `[n]`.
        weights: float64 `[n]`, sample weights.
        present: bool `[n, K]`, the labels that were trained on.
        ordered: whether the labels are in ascending order.
    """
    usable = present[np.arange(len(labels)), labels]
    if not ordered or not usable.any():
        return log_loss(logits, labels, weights, present)
    masked = np.where(present, logits, _ABSENT)[usable]
    losses = ordinal_losses(torch.from_numpy(masked), torch.from_numpy(labels[usable].astype(np.int64)))
    return float(np.average(losses.numpy(), weights=weights[usable]))
