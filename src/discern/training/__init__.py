"""From parts and a config to a bundle; same seed, same result."""

from discern.training.config import TrainConfig
from discern.training.deciding import Decided, decide
from discern.training.growing import grow
from discern.training.learning import Fixed, Held, Learned, Material, learn, tabulate
from discern.training.measuring import measure
from discern.training.opining import opine
from discern.training.packing import Origin, pack

__all__ = [
    "Decided",
    "Fixed",
    "Held",
    "Learned",
    "Material",
    "Origin",
    "TrainConfig",
    "decide",
    "grow",
    "learn",
    "measure",
    "opine",
    "pack",
    "tabulate",
]
