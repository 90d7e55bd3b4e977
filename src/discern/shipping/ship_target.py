"""Interface of the deployment targets, such as AWS Lambda."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from discern.bundle import Model
from discern.shipping.measurement import Measurement, measure
from discern.shipping.plan import Plan

_SHORT_FINGERPRINT = 12
_MAX_NAME = 40  # not tuned: leaves room for suffixes in names of 64 characters
_MAX_TAG = 256
_DIGEST = 8
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9 _.:/=+\-@]")


@dataclass(frozen=True, kw_only=True)
class ShippedBundle:
    """Model bundle that was verified and is to be deployed.

    Attributes:
        path: absolute path of its file.
        model: the loaded model.
    """

    path: Path
    model: Model

    @property
    def resource_name(self) -> str:
        """Return the bundle's name in lower-case letters, digits and hyphens, for names of resources.

        Names that lose more than case and separators end with a digest, so that different ones stay different.
        """
        full = self.model.manifest.name
        plain = re.sub(r"[^a-z0-9]+", "-", full.lower()).strip("-")
        if len(plain) <= _MAX_NAME and full.isascii() and plain:
            return f"discern-{plain}"
        short = plain[: _MAX_NAME - _DIGEST - 1].strip("-") or "model"
        return f"discern-{short}-{_digest(full)}"

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of every resource that is created for this bundle."""
        return {
            "discern:bundle": tag_value(self.model.manifest.name),
            "discern:fingerprint": self.model.fingerprint[:_SHORT_FINGERPRINT],
        }

    @cached_property
    def measured(self) -> Measurement:
        """Return the time and memory that the model takes, measured once.

        Raises:
            BundleError: it cannot be measured on this machine.
        """
        return measure(self.path)


def tag_value(name: str) -> str:
    """Return the name of a bundle in the characters that values of tags may have, different for different names."""
    value = _NOT_IN_TAGS.sub("_", name)
    if value == name and len(name) <= _MAX_TAG:
        return name
    return f"{value[: _MAX_TAG - _DIGEST - 1]}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]


class ShipTarget(Protocol):
    """Interface of a deployment target, such as AWS Lambda."""

    @property
    def name(self) -> str:
        """Return the name of the target on the command line."""

    @property
    def options_type(self) -> type[Any]:
        """Return the frozen dataclass of options, which has defaults and raises `UsageError` for bad values."""

    def plan(self, bundle: ShippedBundle, out: Path, options: Any) -> Plan:
        """Write all files of a deployment and return its plan.

        Args:
            bundle: bundle to deploy.
            out: existing empty folder to write to.
            options: options of this target, an `options_type`.

        Raises:
            UsageError: the options do not fit the bundle, or something needed cannot be obtained.
        """

    def require_ready(self, options: Any) -> None:
        """Check before the plan that what creates the deployment is at hand.

        Raises:
            UsageError: an option, a program, the credentials or the region of the account are missing.
        """

    def create(self, bundle: ShippedBundle, out: Path, options: Any) -> dict[str, Any]:
        """Create what was planned and return its addresses and names.

        Args:
            bundle: bundle to deploy.
            out: folder that `plan` has written.
            options: the options that it was planned with.

        Raises:
            UsageError: something is not permitted, missing or not supported by this target.
        """
