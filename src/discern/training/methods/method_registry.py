"""Registry that creates training methods by name."""

from collections.abc import Callable, Mapping

from discern.training.config import TrainConfig
from discern.training.method_config import DEFAULT_METHOD, FINETUNE, SCRATCH
from discern.training.methods.base import Method
from discern.training.methods.probe import Probe
from discern.training.methods.torch_extra import require_torch


def _make_scratch(config: TrainConfig) -> Method:
    require_torch(SCRATCH)
    from discern.training.methods.torch_scratch import Scratch  # noqa: PLC0415 - it imports torch, which is optional

    return Scratch(config=config.method, head=config.head, seed=config.seed)


def _make_finetune(config: TrainConfig) -> Method:
    require_torch(FINETUNE)
    from discern.training.methods.torch_finetune import Finetune  # noqa: PLC0415 - as above

    return Finetune(config=config.method, head=config.head, seed=config.seed)


METHODS: Mapping[str, Callable[[TrainConfig], Method]] = {
    DEFAULT_METHOD: lambda config: Probe(config=config.head, seed=config.seed),
    SCRATCH: _make_scratch,
    FINETUNE: _make_finetune,
}
"""Factories of the methods by the names of `MethodConfig`."""


def make_method(config: TrainConfig) -> Method:
    """Create the training method of the settings.

    Raises:
        UsageError: it needs a library that is not installed.
    """
    return METHODS[config.method.name](config)
