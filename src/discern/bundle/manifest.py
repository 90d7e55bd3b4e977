"""Manifest of a model bundle, the file `bundle.json` with labels, preprocessing, thresholds and metrics."""

import hashlib
import json
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from discern.bundle.archive import DAMAGED_HINT
from discern.bundle.manifest_schema import check_manifest
from discern.bundle.prediction import DisplayName, LabelNames, Thresholds
from discern.bundle.prediction_sets import order_scale
from discern.bundle.strict_json import parse_strict_json
from discern.errors import BundleDamaged, BundleFormatError, UsageError
from discern.picture import Recipe

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Metadata of a model, stored as `bundle.json` in its bundle.

    Attributes:
        name: name of the model, usually that of its run.
        version: version of the model, for people.
        labels: classes, in the order of the graph's columns.
        ordered: True if the order of the labels is meaningful.
        names: display names of labels: label to `name`, `spoken`, `route`.
        recipe: preprocessing of pictures.
        temperature: divisor of the logits; for the record, as it is folded into the graph.
        thresholds: thresholds of the decision.
        policy: accept policy that `thresholds.accept` was derived from, with its evidence; None accepts nothing.
        unknown: candidate and settings of the unknown score.
        metrics: metrics of the run, with intervals.
        data: fingerprint and size of the training data.
        backbone: name, size, views, licence and pretraining data.
        config: resolved configuration of the training.
        versions: versions of Discern and the libraries that trained the model.
        members: sha256 of every other member, by name.
    """

    name: str
    version: str = "1"
    labels: tuple[str, ...]
    ordered: bool = False
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    recipe: Recipe
    temperature: float
    thresholds: Thresholds
    policy: dict[str, Any] | None = None
    unknown: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    backbone: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    @cached_property
    def label_names(self) -> LabelNames:
        """Return the display names of the class labels and, for ordered labels, their numeric values."""
        names = {label: DisplayName(**each) for label, each in self.names.items()}
        return LabelNames(display_names=names, scale=order_scale(self.labels) if self.ordered else None)

    @cached_property
    def aliases(self) -> dict[str, list[str]]:
        """Return the other names of labels, as in the names.csv of the training."""
        return dict(self.data.get("aliases") or {})

    @cached_property
    def unjudged(self) -> frozenset[str]:
        """Return the labels whose accuracy could not be measured, so that they are never accepted."""
        return frozenset((self.metrics.get("split") or {}).get("unjudged") or ())

    def to_bytes(self) -> bytes:
        """Serialise the manifest to canonical JSON."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        plain |= {"format": FORMAT, "recipe": self.recipe.to_json(), "thresholds": asdict(self.thresholds)}
        return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Parse and validate a serialised manifest.

        Raises:
            BundleFormatError: the format is newer than this version of Discern.
            BundleDamaged: it is not the manifest of a model.
        """
        try:
            plain = parse_strict_json(data)
            version = _take_format(plain)
        except ValueError as error:
            raise BundleDamaged(f"bundle.json cannot be read: {error}.", hint=DAMAGED_HINT) from error
        if type(version) is not int or version != FORMAT:
            raise BundleFormatError(
                f"The bundle has format {reprlib.repr(version)}; this version reads format {FORMAT}.",
                hint="Upgrade Discern to the version that made it, or a later one.",
            )
        try:
            check_manifest(plain)
            typed = {
                "labels": tuple(plain["labels"]),
                "recipe": Recipe.from_json(plain["recipe"]),
                "thresholds": Thresholds(**plain["thresholds"]),
            }
        except ValueError as error:
            raise BundleDamaged(f"bundle.json: {error}.", hint=DAMAGED_HINT) from error
        except UsageError as error:
            raise BundleDamaged(f"bundle.json: {error.message}", hint=DAMAGED_HINT) from error
        return cls(**plain | typed)


def _take_format(plain: Any) -> Any:
    """Remove the number of the format from a parsed manifest and return it."""
    if not isinstance(plain, dict) or "format" not in plain:
        raise ValueError("it has no format")
    return plain.pop("format")


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """Compute the SHA-256 digests of the members of a model bundle."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
