"""Estimates before a bundle exists: storage of the pictures, training and tuning."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from discern.catalog.formats.open_source import open_source
from discern.errors import DataError, PictureError
from discern.picture import Limits
from discern.shipping.cost_row import CostRow
from discern.shipping.price_table import PriceTable, PriceUnknown

Method = Literal["probe", "finetune"]
MACHINE = "ml.m5.xlarge"
_CORES = 4
_START_SECONDS = 240  # start of the machine and of the container; not tuned
# Seconds of one core a picture. The default backbone answers about 50 pictures a second on one core; training takes
# about three times as long, once an epoch. Not tuned.
CORE_SECONDS: Mapping[Method, float] = MappingProxyType({"probe": 0.06, "finetune": 0.06})


@dataclass(frozen=True, kw_only=True)
class PictureStock:
    """Pictures to train on.

    Attributes:
        pictures: number of files that may be pictures.
        gb: their size in GB.
    """

    pictures: int
    gb: float


def count_pictures(source: Path) -> PictureStock:
    """Count the files of a source, and add up their sizes.

    Args:
        source: a folder, a list or an archive, as for `discern train`.

    Raises:
        CatalogError: it cannot be read.
        DataError: it has no files.
    """
    opened = open_source(source.absolute(), Limits(), labels=False)
    count, size = 0, 0
    for item in opened.items():
        path = opened.root / item.path
        try:
            size += path.stat().st_size if path.is_file() else len(item.load())
        except (PictureError, OSError):
            continue
        count += 1
    if not count:
        raise DataError(f"{source} has no pictures to train on.", hint="Give the folder that you will train on.")
    return PictureStock(pictures=count, gb=size / 1e9)


def storage_row(prices: PriceTable, stock: PictureStock) -> CostRow:
    """Estimate the storage of the pictures in S3, and their upload."""
    try:
        parts = {"storage": stock.gb * prices.amount("s3", "storage", "GB-month")}
        upload = stock.pictures / 1000 * prices.amount("s3", "put", "thousand requests")
    except PriceUnknown as unknown:
        return _unknown("storage", unknown)
    said = (f"{stock.pictures:,} pictures of {stock.gb:.3g} GB in S3; the upload is paid once.",)
    return CostRow(target="storage", parts=parts, answers=0, one_off=upload, assumptions=said)


def training_rows(
    prices: PriceTable, stock: PictureStock, method: Method, *, epochs: int, trials: int
) -> list[CostRow]:
    """Estimate one training, and the trials of a search for its settings, each as one job.

    Args:
        prices: the price table.
        stock: the pictures.
        method: training method; a probe has no epochs and chooses its settings in the one training.
        epochs: passes over the pictures of a fine-tuning.
        trials: trainings of a search.
    """
    passes, searches = (epochs, trials) if method == "finetune" else (1, 0)
    seconds = _START_SECONDS + stock.pictures * passes * CORE_SECONDS[method] / _CORES
    try:
        amount = prices.amount("sagemaker", MACHINE, "hour")
    except PriceUnknown as unknown:
        return [_unknown(target, unknown) for target in ("training", "tuning")]
    each = seconds / 3600 * amount
    job = (
        f"Derived, not measured: {stock.pictures:,} pictures x {passes} x {CORE_SECONDS[method]:g} s / {_CORES} cores "
        f"+ {_START_SECONDS} s of start = {seconds:,.0f} s on {MACHINE} at ${amount:g} an hour."
    )
    tuning = f"{searches} trainings." if searches else "A probe chooses its settings while it is trained."
    return [
        CostRow(target="training", parts={}, answers=0, one_off=each, assumptions=(job,)),
        CostRow(target="tuning", parts={}, answers=0, one_off=searches * each, assumptions=(tuning,)),
    ]


def _unknown(target: str, unknown: PriceUnknown) -> CostRow:
    return CostRow(target=target, parts=None, answers=0, one_off=None, assumptions=(str(unknown),))
