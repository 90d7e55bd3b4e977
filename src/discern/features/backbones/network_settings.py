"""Settings of a network in timm or torchvision that its weights depend on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from discern.errors import BackboneError, UsageError
from discern.features.backbones.normalisation import Normalisation

_MAX_BYTES = 1 << 20
_FORM = (
    'It is JSON as timm writes it, such as {"model_args": {"pad_type": "same"}, "pretrained_cfg": {"mean": [0.5, 0.5, '
    '0.5], "std": [0.5, 0.5, 0.5]}}.'
)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Settings that a file of weights needs beside the name of its network.

    Attributes:
        options: options to build the network with, such as `{"pad_type": "same"}`.
        identity: layers to replace with the identity, by their names in the network.
        normalisation: normalisation of the pixels; None for that of the library.
        licence: licence of the weights; empty if it is not known.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    identity: tuple[str, ...] = ()
    normalisation: Normalisation | None = None
    licence: str = ""

    @classmethod
    def read(cls, weights: Path) -> Self:
        """Read the settings beside a file of weights: `NAME.json`, or `config.json` as the Hugging Face hub names it.

        Its keys are `model_args` and `pretrained_cfg` as timm writes them, and `identity`, a list of layers to replace
        with the identity.

        Raises:
            BackboneError: the file is damaged, or has other types.
        """
        path = weights.with_suffix(".json")
        if weights.stem in ("model", "pytorch_model") and not path.is_file():
            path = weights.with_name("config.json")
        if not path.is_file():
            return cls()
        content = _parse(path)
        options, identity = content.get("model_args") or {}, content.get("identity") or []
        published = content.get("pretrained_cfg") or {}
        if not isinstance(options, dict) or not isinstance(published, dict) or not _is_list_of_names(identity):
            raise BackboneError(f"The settings {path} of the weights have an unknown form.", hint=_FORM)
        try:
            normalisation = Normalisation.of(mean=published.get("mean"), deviation=published.get("std"), scale=None)
        except (UsageError, TypeError) as error:
            raise BackboneError(f"The settings {path} of the weights are invalid: {error}", hint=_FORM) from error
        licence = str(published.get("license") or published.get("licence") or "")
        return cls(options=options, identity=tuple(identity), normalisation=normalisation, licence=licence)

    def updated(self, options: Mapping[str, Any]) -> Self:
        """Return the settings with options of `parse_options`; `identity` names one layer, or several with a plus."""
        named = str(options.get("identity", ""))
        others = {name: value for name, value in options.items() if name != "identity"}
        identity = (*self.identity, *filter(None, named.split("+")))
        return replace(self, options={**self.options, **others}, identity=tuple(dict.fromkeys(identity)))


def parse_options(text: str) -> dict[str, Any]:
    """Parse the options that follow the name of a network.

    >>> parse_options("pad_type=same,depth=2")
    {'pad_type': 'same', 'depth': 2}

    Raises:
        BackboneError: one has no value.
    """
    options = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if not name.isidentifier() or not value:
            raise BackboneError(
                f"Invalid option of a network: {part!r}.", hint="Use timm/NAME:OPTION=VALUE, such as :pad_type=same."
            )
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise BackboneError(f"The settings {path} of the weights cannot be read: {error}", hint=_FORM) from error
    if not isinstance(content, dict):
        raise BackboneError(f"The settings {path} of the weights have an unknown form.", hint=_FORM)
    return content


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
