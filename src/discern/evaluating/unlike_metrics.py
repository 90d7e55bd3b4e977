"""Dataclasses for the accuracy on pictures that are unlike the learned ones, with the evidence for it."""

from dataclasses import dataclass
from typing import Any

from discern.evaluating.intervals import Interval
from discern.evaluating.json_fields import encode_fields


@dataclass(frozen=True, kw_only=True)
class UnlikeAccuracy(Interval):
    """Accuracy on pictures whose look-alikes were not learned.

    It is pessimistic: a picture's whole cluster of look-alikes is held out with it, and with the cluster a part of what
    the class looks like.

    Attributes:
        share: share of the evaluated pictures whose classes it covers; None without a value.
        alarm: True if the accuracy falls further than classes and subclasses explain, so that pictures probably depend
            on each other in a way that no check has found; None without a value.
    """

    share: float | None = None
    alarm: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Convert the accuracy to JSON-ready values, with null for undefined ones."""
        return encode_fields(self)


@dataclass(frozen=True, kw_only=True)
class DistanceBin:
    """Accuracy on evaluated pictures at similar distances to the nearest learned picture.

    Attributes:
        low: smallest cosine distance of the embeddings, in 0..2.
        high: largest cosine distance.
        pictures: number of pictures.
        accuracy: their leak-free accuracy.
    """

    low: float
    high: float
    pictures: int
    accuracy: Interval


@dataclass(frozen=True, kw_only=True)
class LookalikePair:
    """Picture that is predicted correctly with its look-alikes in the training set, and wrongly without them.

    Attributes:
        path: the picture's path.
        nearest: path of the nearest learned picture.
        distance: cosine distance of their embeddings, in 0..2.
    """

    path: str
    nearest: str
    distance: float


@dataclass(frozen=True, kw_only=True)
class UnlikeEvidence:
    """Evidence for the accuracy on unlike pictures and its alarm.

    The accuracies are those of one quickly fitted head on the same pictures.

    Attributes:
        ordinary: its accuracy on folds of whole groups; None if it could not be measured.
        fall: `ordinary` minus its accuracy on folds of whole clusters of look-alikes.
        controls: the same fall on controls with the same classes and subclasses, but independent groups.
        clusters: number of clusters.
        curve: leak-free accuracy by distance to the nearest learned picture, rising.
        pairs: pictures that carry the fall, with the nearest learned ones; empty without an alarm.
    """

    ordinary: float | None = None
    fall: float | None = None
    controls: tuple[float, ...] = ()
    clusters: int | None = None
    curve: tuple[DistanceBin, ...] = ()
    pairs: tuple[LookalikePair, ...] = ()
