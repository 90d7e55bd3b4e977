"""Held-out predictions of a run, with the contents and groups of their pictures."""

import polars as pl

from discern.flow.data_changes import tabulate_pictures
from discern.flow.run import Run

ANSWERS, VALIDATION = "answers.parquet", "validation.parquet"


def read_held_out(run: Run, name: str = ANSWERS) -> pl.DataFrame:
    """Return the path, label, answer, content, pixels and group of each picture that the run held out.

    Args:
        run: the run.
        name: file of the predictions: `ANSWERS`, or `VALIDATION` for those of the training part.

    Raises:
        RunError: a file of the run cannot be read.
    """
    with run.reading(name) as path:
        answers = pl.read_parquet(path).select("path", "label", "answer")
    pictures = tabulate_pictures(run).drop("label")
    return answers.join(pictures, on="path").unique("path", keep="first", maintain_order=True)
