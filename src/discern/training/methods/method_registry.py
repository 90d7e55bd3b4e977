"""Registry that creates training methods by name."""

from collections.abc import Callable, Mapping

from discern.errors import UsageError
from discern.training.config import TrainConfig
from discern.training.method_config import AUTO_METHOD, DEFAULT_METHOD, FINETUNE, SCRATCH
from discern.training.method_presets import explain_method
from discern.training.methods.base import Method
from discern.training.methods.probe import Probe
from discern.training.methods.torch_extra import require_torch


def _make_scratch(config: TrainConfig) -> Method:
    require_torch(SCRATCH)
    from discern.training.methods.torch_scratch import Scratch  # noqa: PLC0415 - it imports torch, which is optional

    return Scratch(config=config.method, head=config.head, seed=config.seed, why=explain_method(config.method))


def _make_finetune(config: TrainConfig) -> Method:
    require_torch(FINETUNE)
    from discern.training.methods.torch_finetune import Finetune  # noqa: PLC0415 - as above

    return Finetune(config=config.method, head=config.head, seed=config.seed, why=explain_method(config.method))


def _make_probe(config: TrainConfig) -> Method:
    if config.method.hidden is None:
        return Probe(config=config.head, seed=config.seed)
    require_torch("probe with a hidden layer")
    from discern.training.methods.torch_mlp import MlpProbe  # noqa: PLC0415 - as above

    return MlpProbe(config=config.method, head=config.head, seed=config.seed, why=explain_method(config.method))


def _refuse(config: TrainConfig) -> Method:
    raise UsageError(
        f"This version does not have the method {config.method.name!r}.",
        hint=f"Use one of: {', '.join(name for name, make in METHODS.items() if make is not _refuse)}.",
    )


METHODS: Mapping[str, Callable[[TrainConfig], Method]] = {
    DEFAULT_METHOD: _make_probe,
    SCRATCH: _make_scratch,
    FINETUNE: _make_finetune,
    AUTO_METHOD: _refuse,
}
"""Factories of the methods by the names of `MethodConfig`."""


def make_method(config: TrainConfig) -> Method:
    """Create the training method of the settings.

    Raises:
        UsageError: it needs a library that is not installed, or this version does not have it.
    """
    return METHODS[config.method.name](config)
