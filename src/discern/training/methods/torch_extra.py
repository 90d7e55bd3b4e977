"""Check that PyTorch, an optional dependency, is installed."""

from importlib.util import find_spec

from discern.errors import UsageError
from discern.extras import INSTALL_TORCH


def require_torch(method: str) -> None:
    """Raise UsageError with the line that installs PyTorch, if it is missing."""
    if find_spec("torch") is None:
        raise UsageError(
            f"The method {method!r} needs PyTorch, which is not installed.", hint=f"Install it: {INSTALL_TORCH}"
        )
