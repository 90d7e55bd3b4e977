"""Interface of the export targets, such as static web sites."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from discern.bundle import Model
from discern.progress import Progress

ConfigT = TypeVar("ConfigT")


@dataclass(frozen=True, kw_only=True)
class VerifiedBundle:
    """Model bundle with golden vectors that it has been verified against.

    Attributes:
        model: the loaded model.
        members: content of its files, by name.
    """

    model: Model
    members: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Export:
    """Set of deployment files that were built by an export target.

    Attributes:
        files: content by path within the folder, with forward slashes; the same for equal bundles and configs.
        door: where predictions are computed; recorded in `export.json`.
    """

    files: Mapping[str, bytes]
    door: str


class Target(Protocol[ConfigT]):
    """Interface of an export target, such as a static web site.

    `discern.serving.testing.TargetContract` tests an implementation.
    """

    @property
    def config_type(self) -> type[ConfigT]:
        """Return the frozen dataclass of options, which has defaults and raises `UsageError` for bad values."""

    def build(self, bundle: VerifiedBundle, config: ConfigT, *, progress: Progress) -> Export:
        """Build the files of a deployment in memory.

        Args:
            bundle: bundle to deploy.
            config: options of this target.
            progress: called with the stage, items done and items in all.

        Raises:
            UsageError: the options do not fit the bundle, or something needed cannot be obtained.
        """
