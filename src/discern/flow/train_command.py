"""Function that composes the command line of a training run."""

import shlex

from discern.catalog.class_rules import format_classes
from discern.flow.prepare import PrepareConfig
from discern.training import MethodConfig, TrainConfig, beyond_preset, choose_method, option_words
from discern.training.method_config import DEFAULT_METHOD


def compose_command(preparing: PrepareConfig, config: TrainConfig, *, limit: float) -> str:
    """Compose the `discern train` command that repeats a run with another error limit.

    Options with their default values are left out, and so is the run's name, which is taken.
    """
    standard = TrainConfig()
    usual = choose_method(config.method.preset).backbone
    given = {
        "--seed": (str(config.seed), config.seed != standard.seed),
        "--fixes": (preparing.fixes, preparing.fixes is not None),
        "--backbone": (preparing.backbone, preparing.backbone != usual),
        "--coverage": (_percent(config.coverage), config.coverage != standard.coverage),
        "--ordered": (",".join(preparing.ordered), bool(preparing.ordered)),
        "--negatives": (preparing.negatives, preparing.negatives is not None),
        "--names": (preparing.names, preparing.names is not None),
        "--parts-of": (_join_parts(preparing.parts_of), preparing.parts_of is not None),
        "--group-by": (preparing.group_by, preparing.group_by is not None),
        "--classes": (format_classes(preparing.classes or ()), preparing.classes is not None),
        "--label-from": (preparing.label_from, preparing.label_from is not None),
        "--size": (preparing.size, preparing.size is not None),
        "--fit": (preparing.fit, preparing.fit is not None),
        "--mean": (_join_numbers(preparing.mean), preparing.mean is not None),
        "--deviation": (_join_numbers(preparing.deviation), preparing.deviation is not None),
        "--scale": (_join_numbers((preparing.scale or 0,)), preparing.scale is not None),
        "--views": (preparing.views, preparing.views is not None),
        "--weights": (preparing.weights, preparing.weights is not None),
        "--set": (_join_thresholds(preparing.thresholds), preparing.thresholds is not None),
        "--folds": (config.folds, config.folds is not None),
        "--at-most-wrong": (_percent(limit), True),
    }
    options = [part for name, (value, used) in given.items() if used for part in (name, str(value))]
    return shlex.join(["discern", "train", preparing.source, *options, *_method_words(config.method)])


def _method_words(method: MethodConfig) -> list[str]:
    own = beyond_preset(method.preset, {"method": method.name} | method.given())
    if method.preset is None and method.name == DEFAULT_METHOD:
        del own["method"]
    preset = [] if method.preset is None else ["--preset", method.preset]
    return [*preset, *(word for name, value in own.items() for word in option_words(name, value))]


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.10g}%"


def _join_numbers(numbers: tuple[float, ...] | None) -> str:
    return ",".join(f"{number:.10g}" for number in numbers or ())


def _join_parts(parts: dict[str, str] | None) -> str:
    return ",".join(f"{part}={folder}" for part, folder in (parts or {}).items()) or "none"


def _join_thresholds(thresholds: dict[str, float] | None) -> str:
    return ",".join(f"{check}={value:.10g}" for check, value in (thresholds or {}).items())
