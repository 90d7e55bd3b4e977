"""`bundle.json`: everything that is known of a model, as strict data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from discern.bundle.prediction import DisplayName, LabelNames, Thresholds
from discern.bundle.prediction_sets import order_scale
from discern.errors import BundleDamaged, BundleFormatError, UsageError
from discern.picture import Recipe

FORMAT = 1
_COPY = "Copy the bundle again."


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `bundle.json` says.

    Attributes:
        name: what the model is called, usually its run.
        version: the model's own version, for people.
        labels: the classes in the order of the graph's columns.
        ordered: whether that order means something.
        names: what people call some labels, and where things of them go: label to `name`, `spoken`, `route`.
        recipe: how a picture becomes the graph's input.
        temperature: what the logits were divided by; for the record, as it is folded into the graph.
        thresholds: where the decision changes.
        policy: the sentence that `thresholds.accept` came from, with its evidence; None: nothing is accepted.
        unknown: how strangers are told: candidate and settings.
        metrics: the run's figures with intervals.
        data: fingerprint and size of the pictures it was trained on.
        backbone: name, size, views, licence, and the data it was pretrained on.
        config: the resolved configuration of the training.
        versions: of Discern and the libraries it was made with.
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
        """How answers are worded."""
        words = {label: DisplayName(**each) for label, each in self.names.items()}
        return LabelNames(words=words, scale=order_scale(self.labels) if self.ordered else None)

    def to_bytes(self) -> bytes:
        """The bytes of `bundle.json`: sorted keys, so the same facts give the same bytes."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        plain |= {"format": FORMAT, "recipe": self.recipe.to_json(), "thresholds": asdict(self.thresholds)}
        return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read `bundle.json`.

        Raises:
            BundleFormatError: it was written in a form that this version does not know.
            BundleDamaged: it is not what `to_bytes` gives.
        """
        try:
            plain = json.loads(data, parse_constant=_refuse)
            version = plain.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BundleDamaged(f"bundle.json cannot be read ({error}).", hint=_COPY) from error
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
            raise BundleDamaged(f"bundle.json does not describe a model ({error}).", hint=_COPY) from error
        manifest._check()
        return manifest

    def _check(self) -> None:
        labels = self.labels
        if not labels or not all(isinstance(label, str) for label in labels) or len(set(labels)) != len(labels):
            raise BundleDamaged("bundle.json: the labels must be different texts, at least one.", hint=_COPY)
        thresholds = asdict(self.thresholds).values()
        if not all(each is None or isinstance(each, int | float) for each in (self.temperature, *thresholds)):
            raise BundleDamaged("bundle.json: the thresholds and the temperature must be numbers.", hint=_COPY)
        if not all(isinstance(each, str) for words in self.names.values() for each in words.values()):
            raise BundleDamaged("bundle.json: the names must be texts.", hint=_COPY)
        facts = (
            self.names,
            self.unknown,
            self.metrics,
            self.data,
            self.backbone,
            self.config,
            self.versions,
            self.members,
        )
        if not all(isinstance(each, dict) for each in facts):
            raise BundleDamaged("bundle.json: what is known of the model must have names.", hint=_COPY)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    """The sha256 of each member, in hexadecimal."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
