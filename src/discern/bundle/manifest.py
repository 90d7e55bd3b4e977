"""Manifest of a model bundle, the file `bundle.json` with labels, preprocessing, thresholds and metrics."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from discern.bundle.archive import DAMAGED_HINT
from discern.bundle.prediction import DisplayName, LabelNames, Thresholds
from discern.bundle.prediction_sets import order_scale
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
            plain = json.loads(data, parse_constant=_reject_constant)
            version = plain.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BundleDamaged(f"bundle.json cannot be read ({error}).", hint=DAMAGED_HINT) from error
        if version is True or version != FORMAT:
            raise BundleFormatError(
                f"The bundle has format {version!r}; this version reads format {FORMAT}.",
                hint="Upgrade with `pip install --upgrade discern-vision`.",
            )
        try:
            plain["recipe"] = Recipe.from_json(plain["recipe"])
            plain["thresholds"] = Thresholds(**plain["thresholds"])
            plain["labels"] = tuple(plain["labels"]) if isinstance(plain["labels"], list) else ()
            manifest = cls(**plain)
            _ = manifest.label_names
        except (TypeError, KeyError, ValueError, AttributeError, UsageError) as error:
            raise BundleDamaged(f"bundle.json does not describe a model ({error}).", hint=DAMAGED_HINT) from error
        manifest._check()
        return manifest

    def _check(self) -> None:
        labels = self.labels
        if not labels or not all(isinstance(label, str) for label in labels) or len(set(labels)) != len(labels):
            raise BundleDamaged("bundle.json: the labels must be distinct strings, at least one.", hint=DAMAGED_HINT)
        thresholds = asdict(self.thresholds).values()
        if not all(each is None or isinstance(each, int | float) for each in (self.temperature, *thresholds)):
            raise BundleDamaged("bundle.json: thresholds and temperature must be numbers.", hint=DAMAGED_HINT)
        if not all(isinstance(each, str) for words in self.names.values() for each in words.values()):
            raise BundleDamaged("bundle.json: display names must be strings.", hint=DAMAGED_HINT)
        objects = ("names", "unknown", "metrics", "data", "backbone", "config", "versions", "members")
        if wrong := [name for name in objects if not isinstance(getattr(self, name), dict)]:
            raise BundleDamaged(f"bundle.json: {', '.join(wrong)} must be JSON objects.", hint=DAMAGED_HINT)


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a finite number")


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """Compute the SHA-256 digests of the members of a model bundle."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
