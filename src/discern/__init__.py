"""Point it at pictures. Get a classifier you can trust, serve anywhere, and improve from its own traffic.

The public face: what is named here, and nothing else. Each name is imported when it is first asked for, so that
`import discern` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from discern._version import __version__

if TYPE_CHECKING:
    from discern.bundle import Model, Prediction, load
    from discern.client import AsyncClient, Client
    from discern.errors import DiscernError
    from discern.flow.batch import PredictToResult, predict_to
    from discern.flow.caching import CacheResult, cache
    from discern.flow.checking import CheckResult, check
    from discern.flow.doctoring import DoctorResult, doctor
    from discern.flow.evaluated import EvaluateResult
    from discern.flow.evaluating import evaluate
    from discern.flow.exporting import ExportResult, export
    from discern.flow.predicting import Answer, predict
    from discern.flow.showing import show
    from discern.flow.splitting import SplitResult, split
    from discern.flow.training import TrainResult, train
    from discern.flow.verifying import VerifyResult, verify

_HOMES = {
    "Answer": "discern.flow.predicting",
    "AsyncClient": "discern.client",
    "CacheResult": "discern.flow.caching",
    "CheckResult": "discern.flow.checking",
    "Client": "discern.client",
    "DiscernError": "discern.errors",
    "DoctorResult": "discern.flow.doctoring",
    "KeyResult": "discern.flow.serving",
    "ServeConfig": "discern.serving.config",
    "EvaluateResult": "discern.flow.evaluated",
    "ExportResult": "discern.flow.exporting",
    "Model": "discern.bundle",
    "PredictToResult": "discern.flow.batch",
    "Prediction": "discern.bundle",
    "SplitResult": "discern.flow.splitting",
    "TrainResult": "discern.flow.training",
    "VerifyResult": "discern.flow.verifying",
    "cache": "discern.flow.caching",
    "check": "discern.flow.checking",
    "doctor": "discern.flow.doctoring",
    "evaluate": "discern.flow.evaluating",
    "export": "discern.flow.exporting",
    "key": "discern.flow.serving",
    "load": "discern.bundle",
    "predict": "discern.flow.predicting",
    "predict_to": "discern.flow.batch",
    "serve": "discern.flow.serving",
    "show": "discern.flow.showing",
    "split": "discern.flow.splitting",
    "train": "discern.flow.training",
    "verify": "discern.flow.verifying",
}

__all__ = [
    "Answer",
    "AsyncClient",
    "CacheResult",
    "CheckResult",
    "Client",
    "DiscernError",
    "DoctorResult",
    "EvaluateResult",
    "ExportResult",
    "KeyResult",
    "Model",
    "PredictToResult",
    "Prediction",
    "ServeConfig",
    "SplitResult",
    "TrainResult",
    "VerifyResult",
    "__version__",
    "cache",
    "check",
    "doctor",
    "evaluate",
    "export",
    "key",
    "load",
    "predict",
    "predict_to",
    "serve",
    "show",
    "split",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'discern' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
