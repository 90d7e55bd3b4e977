"""Check that Optuna, an optional dependency, is installed."""

from importlib.util import find_spec

from discern.errors import UsageError
from discern.extras import INSTALL_TORCH


def require_optuna() -> None:
    """Raise UsageError with the line that installs Optuna, if it is missing."""
    if find_spec("optuna") is None:
        raise UsageError("Tuning needs Optuna, which is not installed.", hint=f"Install it: {INSTALL_TORCH}")
