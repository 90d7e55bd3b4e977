"""Registry of the targets to which a model can be exported."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from discern.errors import UsageError
from discern.serving.target import Target
from discern.serving.web_target import WebTarget

TARGETS: Mapping[str, Target[Any]] = MappingProxyType({"web": WebTarget()})


def find_target(name: str) -> Target[Any]:
    """Find an export target by its name.

    Raises:
        UsageError: there is no target of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"Unknown export target: {name!r}.", hint=f"Use one of: {', '.join(TARGETS)}.")
    return TARGETS[name]
