"""Result of a finished training run, read from its files."""

import json
from collections.abc import Sequence
from typing import Any

from discern.bundle.archive import FILE
from discern.catalog import Catalog
from discern.catalog.account import Account
from discern.catalog.left_out import LEFT_OUT
from discern.evaluating import Metrics, PolicyMetrics
from discern.flow.prepare import CATALOG, PrepareConfig
from discern.flow.run import Run
from discern.flow.train_command import compose_command
from discern.flow.train_result import TrainResult
from discern.training import TrainConfig, explain_method

METRICS, REPORT = "metrics.json", "report.html"


def is_trained(run: Run) -> bool:
    """Return True if a run of `train` is finished and has all of its files."""
    return run.finished and run.has_kept(METRICS) and run.has_kept(FILE) and run.path(REPORT).exists()


def read_result(run: Run, preparing: PrepareConfig, config: TrainConfig, notes: Sequence[str]) -> TrainResult:
    """Return the result of a finished training run, with further notes.

    Raises:
        RunError: a file of the run cannot be read.
    """
    with run.reading(METRICS) as path:
        metrics = Metrics.from_json(json.loads(path.read_text(encoding="utf-8")))
    return TrainResult(
        run=run.folder,
        bundle=run.path(FILE),
        report=run.path(REPORT),
        pictures=dict(metrics.split.pictures),
        accuracy=metrics.accuracy.to_json(),
        ece=metrics.ece.to_json(),
        policy=None if metrics.policy is None else _describe_policy(metrics.policy, preparing, config),
        seconds=run.facts["seconds"],
        account=_account(run, metrics),
        left_out_file=run.path(LEFT_OUT) if run.path(LEFT_OUT).exists() else None,
        counts=None if metrics.counts is None else metrics.counts.values(),
        basis=_basis(metrics),
        method=_describe_method(metrics, config),
        hints=[*metrics.hints, *notes],
    )


def _describe_policy(policy: PolicyMetrics, preparing: PrepareConfig, config: TrainConfig) -> dict[str, Any]:
    """Return the accept policy in JSON-ready values, with the command of this run that applies an offered limit."""
    plain, offered = policy.summary(), policy.offered
    if offered is None:
        return plain
    return plain | {"offered": plain["offered"] | {"command": compose_command(preparing, config, limit=offered.risk)}}


def _describe_method(metrics: Metrics, config: TrainConfig) -> dict[str, Any]:
    fitted = metrics.head.get("method") or {}
    why = fitted.get("why", explain_method(config.method))
    counts = {name: fitted.get(name) for name in ("epochs", "best_epoch", "parameters")}
    return {"name": config.method.name, "why": why, **counts}


def _basis(metrics: Metrics) -> dict[str, float] | None:
    measured = metrics.classification
    if measured is None:
        return None
    return {"pictures": measured.pictures, "weight": measured.weight, "groups": measured.groups}


def _account(run: Run, metrics: Metrics) -> Account:
    if "found" in run.facts:
        with run.reading("run.json"):
            return Account.from_json(run.facts)
    # A finished run of an earlier version.
    catalog = Catalog.load_table(run.path(CATALOG))
    return Account.of(catalog, unjudged=metrics.split.unevaluated)
