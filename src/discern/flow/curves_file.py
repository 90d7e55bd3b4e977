"""File of the loss and accuracy of each epoch of a training."""

import csv
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from discern.evaluating import EpochMetrics, read_epochs
from discern.flow.run import Run

CURVES = "curves.csv"


def write_curves(run: Run, head: Mapping[str, Any]) -> None:
    """Write the loss and accuracy of each epoch to `curves.csv`, or no file if the method has no epochs.

    Args:
        run: the run.
        head: description of the fitted model.

    Raises:
        RunError: the file cannot be written.
    """
    epochs = read_epochs(head)
    if not epochs:
        return
    with run.replacing(CURVES) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [each.name for each in fields(EpochMetrics)])
        writer.writeheader()
        writer.writerows(asdict(each) | {"best": str(each.best).lower()} for each in epochs)
