"""Where in a picture its answer is seen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from discern.picture import Recipe

Place = Literal["left", "centre", "right"]

# Deviation from left to right, as a share of the map's width, above which evidence is everywhere (evenly spread: .29).
# Measured on objects put on plain grounds: .12 to .23; the middle at .23, .50, .76 for left, centre, right.
_EVERYWHERE = 0.24
_LEFT, _RIGHT = 0.4, 0.6


@dataclass(frozen=True, kw_only=True)
class Localisation:
    """Where a label speaks.

    Attributes:
        map: float32 [h, w] in [0, 1], relative: the strongest place is 1.
        box: left, top, right, bottom of the map in the picture, as shares of its width and height.
        place: `left`, `centre` or `right` of the picture where the evidence is concentrated; else None.
    """

    map: np.ndarray
    box: tuple[float, float, float, float]
    place: Place | None


def localise(evidence: np.ndarray, recipe: Recipe, size: tuple[int, int]) -> Localisation:
    """Turn one label's evidence into a map and a place.

    Args:
        evidence: float32 [h, w], what each place adds to the label's logit.
        recipe: how the picture became the graph's input.
        size: the upright picture's width and height, in pixels.
    """
    box = _box(recipe, *size)
    strength = np.maximum(evidence - np.median(evidence), 0).astype(np.float32)
    most = float(strength.max(initial=0))
    if most <= 0:
        return Localisation(map=np.zeros_like(strength), box=box, place=None)
    return Localisation(map=strength / most, box=box, place=_place(strength / strength.sum(), box))


def _box(recipe: Recipe, width: int, height: int) -> tuple[float, float, float, float]:
    """What of a picture the graph's square shows."""
    if recipe.fit == "stretch":
        return 0.0, 0.0, 1.0, 1.0
    side = (min if recipe.fit == "crop" else max)(width, height) * recipe.size / recipe.resize
    across, down = side / width / 2, side / height / 2
    return 0.5 - across, 0.5 - down, 0.5 + across, 0.5 + down


def _place(share: np.ndarray, box: tuple[float, float, float, float]) -> Place | None:
    columns, across = share.sum(axis=0), (np.arange(share.shape[1]) + 0.5) / share.shape[1]
    middle = float(columns @ across)
    if float(columns @ (across - middle) ** 2) ** 0.5 > _EVERYWHERE:
        return None
    in_picture = box[0] + middle * (box[2] - box[0])
    return "left" if in_picture < _LEFT else "right" if in_picture > _RIGHT else "centre"
