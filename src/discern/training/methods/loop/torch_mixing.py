"""Mixing of the pictures of a training step in pairs: mixup (Zhang et al., 2018) and CutMix (Yun et al., 2019).

Torchvision mixes labels into one-hot vectors; here each picture keeps two labels, so that any loss and the sample
weights of both pictures apply.
"""

from dataclasses import dataclass

import numpy as np
import torch

_MIXUP, _CUTMIX = 0.2, 1.0  # parameters of the beta distributions of the shares, those of the papers on ImageNet


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixed:
    """Pictures of a step after mixing.

    Attributes:
        pictures: float32 `[n, side, side, 3]`.
        partner: int64 `[n]`, position of the picture that each was mixed with.
        share: share of the picture itself, 1 if nothing was mixed.
    """

    pictures: torch.Tensor
    partner: torch.Tensor
    share: float


def mix(pictures: torch.Tensor, random: np.random.Generator) -> Mixed:
    """Mix each picture with another one, by mixup or CutMix, each in every second step."""
    partner = torch.from_numpy(random.permutation(len(pictures))).to(pictures.device)
    if random.random() < 0.5:
        share = float(random.beta(_MIXUP, _MIXUP))
        return Mixed(pictures=torch.lerp(pictures[partner], pictures, share), partner=partner, share=share)
    rows, columns = _draw_rectangle(pictures.shape[1], random)
    mixed = pictures.clone()
    mixed[:, rows, columns] = pictures[partner][:, rows, columns]
    pasted = (rows.stop - rows.start) * (columns.stop - columns.start) / pictures.shape[1] ** 2
    return Mixed(pictures=mixed, partner=partner, share=1 - pasted)


def _draw_rectangle(side: int, random: np.random.Generator) -> tuple[slice, slice]:
    """Draw a rectangle around any pixel, cut off at the borders; its full area has a share drawn from a beta."""
    length = side * (1 - random.beta(_CUTMIX, _CUTMIX)) ** 0.5
    starts = [random.integers(0, side) - length / 2 for _ in range(2)]
    rows, columns = (slice(max(round(start), 0), min(round(start + length), side)) for start in starts)
    return rows, columns
