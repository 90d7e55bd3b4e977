"""Registry that creates training methods by name."""

from collections.abc import Callable, Mapping

from discern.errors import UsageError
from discern.training.config import TrainConfig
from discern.training.methods.base import Method
from discern.training.methods.probe import Probe

DEFAULT_METHOD = "probe"
METHODS: Mapping[str, Callable[[TrainConfig], Method]] = {
    "probe": lambda config: Probe(config=config.head, seed=config.seed),
}
"""Factories of the methods by name. A settings field that selects one comes with the second method."""


def make_method(config: TrainConfig, name: str = DEFAULT_METHOD) -> Method:
    """Create the training method with the given name.

    Raises:
        UsageError: no method has this name.
    """
    if name not in METHODS:
        raise UsageError(f"Unknown training method: {name}.", hint=f"Use one of: {', '.join(sorted(METHODS))}.")
    return METHODS[name](config)
