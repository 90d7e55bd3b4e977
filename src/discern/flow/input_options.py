"""Options that determine how pictures become the input of a backbone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from discern.errors import UsageError
from discern.features import Backbone, Normalisation, load_backbone
from discern.flow.paths import resolve_path
from discern.picture import check_fit, check_size
from discern.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """Options that determine how pictures become the input of a backbone.

    Attributes:
        size: side of the network's input in pixels; None for that of the backbone.
        fit: "crop", "pad" or "squash"; None to choose by the aspect ratios of the pictures.
        mean: mean of the normalised pixels, for a backbone that takes float pictures; None for that in its file.
        deviation: standard deviation of these pixels; None for that in the file.
        scale: value of white before the mean is subtracted, 1 or 255; None to follow from `mean` and `deviation`.
        weights: file or folder of weights for a network of timm or torchvision; None for that in the environment.
        views: 2 to average the outputs for a picture and its mirror image, 1 for the picture alone; None for 2.
    """

    size: int | None = None
    fit: str | None = None
    mean: tuple[float, ...] | None = None
    deviation: tuple[float, ...] | None = None
    scale: float | None = None
    weights: str | None = None
    views: int | None = None

    @classmethod
    def checked_input(
        cls,
        *,
        size: int | None = None,
        fit: str | None = None,
        mean: float | Sequence[float] | None = None,
        deviation: float | Sequence[float] | None = None,
        scale: float | None = None,
        weights: str | Path | None = None,
        views: int | None = None,
    ) -> Self:
        """Create the options from the values that a user passed.

        Raises:
            UsageError: an option is invalid, or they contradict each other.
        """
        Normalisation.of(mean=mean, deviation=deviation, scale=scale)
        if views not in (None, 1, 2):
            raise UsageError(f"Invalid views: {views!r}.", hint="Use 1 (the picture) or 2 (its mirror image, too).")
        return cls(
            size=None if size is None else check_size(size),
            fit=None if fit is None else check_fit(fit),
            mean=_as_tuple(mean),
            deviation=_as_tuple(deviation),
            scale=scale,
            weights=None if weights is None else str(resolve_path(weights)),
            views=views,
        )

    def load_backbone(self, name: str, *, cache: Path | None = None, progress: Progress = silent) -> Backbone:
        """Load a backbone for these options, by name or from an ONNX file.

        Args:
            name: name, or path of an ONNX file.
            cache: cache directory; None for the user's.
            progress: called with the megabytes of a download received and all of them.

        Raises:
            BackboneError: it cannot be loaded, or does not allow the options.
        """
        normalisation = Normalisation.of(mean=self.mean, deviation=self.deviation, scale=self.scale)
        weights = None if self.weights is None else Path(self.weights)
        mirror = None if self.views is None else self.views == 2
        return load_backbone(
            name,
            size=self.size,
            mirror=mirror,
            normalisation=normalisation,
            weights=weights,
            cache=cache,
            progress=progress,
        )


def _as_tuple(numbers: float | Sequence[float] | None) -> tuple[float, ...] | None:
    return None if numbers is None else tuple(np.atleast_1d(numbers).tolist())
