"""Train, evaluate and serve image classifiers.

The public API is exactly the names listed here, each imported on first access.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from discern._version import __version__

# For programs that import ONNX Runtime before they use Discern; `bundle/runtime.py` says more.
if "onnxruntime" not in sys.modules:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from discern.bundle import Model, Prediction, load
    from discern.catalog import Catalog
    from discern.client import AsyncClient, Client
    from discern.display.progress_bar import progress_bar
    from discern.errors import DiscernError
    from discern.flow.backbone_list import BackbonesResult, backbones
    from discern.flow.cache import CacheResult, cache
    from discern.flow.captured.captured import CapturedResult, captured
    from discern.flow.check import CheckResult, check
    from discern.flow.collect import CollectResult, collect
    from discern.flow.compare.compare_result import CompareResult
    from discern.flow.compare.compare_runs import compare
    from discern.flow.compare_methods.compare_methods import compare_methods
    from discern.flow.cost import cost
    from discern.flow.cost_result import CostResult
    from discern.flow.cost_workload import CostOptions
    from discern.flow.deployed import DeployedResult, ship_down, ship_status, stop_notebooks
    from discern.flow.diff import DiffResult, diff
    from discern.flow.doctor import DoctorResult, doctor
    from discern.flow.evaluate.evaluate import evaluate
    from discern.flow.evaluate.result import EvaluateResult
    from discern.flow.export import ExportResult, export
    from discern.flow.fix import FixResult, fix
    from discern.flow.former_run import options_of
    from discern.flow.opened_run import OpenedRun, open_run
    from discern.flow.predict.batch import PredictToResult, predict_to
    from discern.flow.predict.predict import Answer, predict
    from discern.flow.predict.sort import SortResult, UnsortResult, sort, unsort
    from discern.flow.push import TransferResult, pull, push
    from discern.flow.read import read
    from discern.flow.rename import RenameResult, rename
    from discern.flow.serve import KeyResult, key, serve
    from discern.flow.ship import ShipResult, ship
    from discern.flow.show import show
    from discern.flow.split import SplitResult, split
    from discern.flow.train import train
    from discern.flow.train_result import TrainResult
    from discern.flow.tune.tune import tune
    from discern.flow.tune.tune_result import TuneResult
    from discern.flow.verify import VerifyResult, verify
    from discern.flow.watch.forget import ForgetResult, forget
    from discern.flow.watch.watch import watch
    from discern.flow.watch.watch_result import WatchResult
    from discern.flow.workflow_traffic import TrafficResult, send_traffic
    from discern.serving.config import ServeConfig

_HOMES = {
    "Answer": "discern.flow.predict.predict",
    "AsyncClient": "discern.client",
    "BackbonesResult": "discern.flow.backbone_list",
    "CacheResult": "discern.flow.cache",
    "CapturedResult": "discern.flow.captured.captured",
    "Catalog": "discern.catalog",
    "CheckResult": "discern.flow.check",
    "Client": "discern.client",
    "CollectResult": "discern.flow.collect",
    "CompareResult": "discern.flow.compare.compare_result",
    "CostOptions": "discern.flow.cost_workload",
    "CostResult": "discern.flow.cost_result",
    "DeployedResult": "discern.flow.deployed",
    "DiffResult": "discern.flow.diff",
    "DiscernError": "discern.errors",
    "DoctorResult": "discern.flow.doctor",
    "EvaluateResult": "discern.flow.evaluate.result",
    "ExportResult": "discern.flow.export",
    "FixResult": "discern.flow.fix",
    "ForgetResult": "discern.flow.watch.forget",
    "KeyResult": "discern.flow.serve",
    "Model": "discern.bundle",
    "OpenedRun": "discern.flow.opened_run",
    "PredictToResult": "discern.flow.predict.batch",
    "Prediction": "discern.bundle",
    "RenameResult": "discern.flow.rename",
    "ServeConfig": "discern.serving.config",
    "ShipResult": "discern.flow.ship",
    "SortResult": "discern.flow.predict.sort",
    "SplitResult": "discern.flow.split",
    "TrafficResult": "discern.flow.workflow_traffic",
    "TrainResult": "discern.flow.train_result",
    "TransferResult": "discern.flow.push",
    "TuneResult": "discern.flow.tune.tune_result",
    "UnsortResult": "discern.flow.predict.sort",
    "VerifyResult": "discern.flow.verify",
    "WatchResult": "discern.flow.watch.watch_result",
    "backbones": "discern.flow.backbone_list",
    "cache": "discern.flow.cache",
    "captured": "discern.flow.captured.captured",
    "check": "discern.flow.check",
    "collect": "discern.flow.collect",
    "compare": "discern.flow.compare.compare_runs",
    "compare_methods": "discern.flow.compare_methods.compare_methods",
    "cost": "discern.flow.cost",
    "diff": "discern.flow.diff",
    "doctor": "discern.flow.doctor",
    "evaluate": "discern.flow.evaluate.evaluate",
    "export": "discern.flow.export",
    "fix": "discern.flow.fix",
    "forget": "discern.flow.watch.forget",
    "key": "discern.flow.serve",
    "load": "discern.bundle",
    "open_run": "discern.flow.opened_run",
    "options_of": "discern.flow.former_run",
    "predict": "discern.flow.predict.predict",
    "predict_to": "discern.flow.predict.batch",
    "progress_bar": "discern.display.progress_bar",
    "pull": "discern.flow.push",
    "push": "discern.flow.push",
    "read": "discern.flow.read",
    "rename": "discern.flow.rename",
    "send_traffic": "discern.flow.workflow_traffic",
    "serve": "discern.flow.serve",
    "ship": "discern.flow.ship",
    "ship_down": "discern.flow.deployed",
    "ship_status": "discern.flow.deployed",
    "show": "discern.flow.show",
    "sort": "discern.flow.predict.sort",
    "split": "discern.flow.split",
    "stop_notebooks": "discern.flow.deployed",
    "train": "discern.flow.train",
    "tune": "discern.flow.tune.tune",
    "unsort": "discern.flow.predict.sort",
    "verify": "discern.flow.verify",
    "watch": "discern.flow.watch.watch",
}

__all__ = [
    "Answer",
    "AsyncClient",
    "BackbonesResult",
    "CacheResult",
    "CapturedResult",
    "Catalog",
    "CheckResult",
    "Client",
    "CollectResult",
    "CompareResult",
    "CostOptions",
    "CostResult",
    "DeployedResult",
    "DiffResult",
    "DiscernError",
    "DoctorResult",
    "EvaluateResult",
    "ExportResult",
    "FixResult",
    "ForgetResult",
    "KeyResult",
    "Model",
    "OpenedRun",
    "PredictToResult",
    "Prediction",
    "RenameResult",
    "ServeConfig",
    "ShipResult",
    "SortResult",
    "SplitResult",
    "TrafficResult",
    "TrainResult",
    "TransferResult",
    "TuneResult",
    "UnsortResult",
    "VerifyResult",
    "WatchResult",
    "__version__",
    "backbones",
    "cache",
    "captured",
    "check",
    "collect",
    "compare",
    "compare_methods",
    "cost",
    "diff",
    "doctor",
    "evaluate",
    "export",
    "fix",
    "forget",
    "key",
    "load",
    "open_run",
    "options_of",
    "predict",
    "predict_to",
    "progress_bar",
    "pull",
    "push",
    "read",
    "rename",
    "send_traffic",
    "serve",
    "ship",
    "ship_down",
    "ship_status",
    "show",
    "sort",
    "split",
    "stop_notebooks",
    "train",
    "tune",
    "unsort",
    "verify",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'discern' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
