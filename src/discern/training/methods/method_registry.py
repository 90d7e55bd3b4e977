"""Registry that creates training methods by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from discern.errors import UsageError
from discern.training.config import TrainConfig
from discern.training.method_config import AUTO_METHOD, DEFAULT_METHOD, FINETUNE, SCRATCH, MethodConfig
from discern.training.method_presets import explain_method
from discern.training.methods.auto import Auto, Challenger
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


def _make_auto(config: TrainConfig) -> Method:
    given = {name: value for name, value in config.method.given().items() if name != "budget"}
    # Its settings are checked even where it cannot be trained.
    full = MethodConfig(name=FINETUNE, **given)
    probe, budget = Probe(config=config.head, seed=config.seed), config.method.budget
    try:
        require_torch(FINETUNE)
    except UsageError as error:
        return Auto(probe=probe, challenger=None, reason=f"Fine-tuning was not tried. {error}", budget=budget)

    def make(epochs: int) -> Method:
        return _make_finetune(replace(config, method=replace(full, epochs=epochs)))

    challenger = Challenger(make=make, epochs=full.resolved()["epochs"])
    return Auto(probe=probe, challenger=challenger, budget=budget)


METHODS: Mapping[str, Callable[[TrainConfig], Method]] = {
    DEFAULT_METHOD: _make_probe,
    SCRATCH: _make_scratch,
    FINETUNE: _make_finetune,
    AUTO_METHOD: _make_auto,
}
"""Factories of the methods by the names of `MethodConfig`."""


def make_method(config: TrainConfig) -> Method:
    """Create the training method of the settings.

    Raises:
        UsageError: it needs a library that is not installed.
    """
    return METHODS[config.method.name](config)
