"""Requirement that a model predicts on this machine what it predicted where it was trained."""

from pathlib import Path

from discern.bundle import Model
from discern.errors import BundleDamaged


def require_verified(model: Model, path: Path, *, pictures: int | None = None) -> None:
    """Raise BundleDamaged, with the reason, if a model does not reproduce its golden vectors on this machine.

    Args:
        model: the model.
        path: path of its bundle, for messages.
        pictures: how many of the golden pictures to replay; None: all of them.
    """
    if model.verify(pictures=pictures).passed:
        return
    model.check_outputs()
    raise BundleDamaged(
        f"{path} does not reproduce its golden vectors on this machine.",
        hint="Run `discern verify` and `discern doctor`.",
    )
