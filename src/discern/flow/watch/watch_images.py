"""Functions that make the small pictures and the captions of exchanges on a page."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from discern.bundle import Model
from discern.display.picture_uri import jpeg_uri
from discern.errors import PictureError, StoreError
from discern.picture import fit, open_picture
from discern.reporting.formatting import percent
from discern.reporting.gallery import PageImage
from discern.reporting.watch_page import MAX_EXAMPLES
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_store import ExchangeStore

_SIDE, _QUALITY = 192, 76  # not tuned: twice the width at which a page shows them


def shown_ids(look: Look) -> list[str]:
    """Return the identifiers of the exchanges that a page on a look shows, each once."""
    groups = [*(alarm.examples for alarm in look.alarms), *(cluster.ids for cluster in look.clusters), look.to_audit]
    return list(dict.fromkeys(chain.from_iterable(ids[:MAX_EXAMPLES] for ids in groups)))


def load_images(store: ExchangeStore, ids: Sequence[str]) -> dict[str, PageImage]:
    """Return the small pictures of exchanges by their identifier; one without a picture is left out."""
    return {each: image for each in ids if (image := _load(store, each)) is not None}


def captions(store: ExchangeStore, ids: Sequence[str], model: Model) -> dict[str, str]:
    """Return the predictions of exchanges in words by their identifier."""
    columns = store.columns_of(ids)
    rows: Iterator[tuple[str, str, float, str]] = zip(
        columns.id, columns.label, columns.confidence, columns.decision, strict=True
    )
    return {each: _caption(model, label, confidence, decision) for each, label, confidence, decision in rows}


def small_image(data: bytes, *, alt: str) -> PageImage | None:
    """Return a picture made small, or None if it cannot be decoded."""
    try:
        picture = fit(open_picture(data, min_side=_SIDE), _SIDE)
    except PictureError:
        return None
    return PageImage(uri=jpeg_uri(picture, quality=_QUALITY), alt=alt, width=picture.width, height=picture.height)


def _load(store: ExchangeStore, exchange: str) -> PageImage | None:
    try:
        found = store.picture(exchange)
    except StoreError:  # the place of pictures is not there; the page still has its figures
        return None
    return None if found is None else small_image(found[0], alt=f"Exchange {exchange}")


def _caption(model: Model, label: str, confidence: float, decision: str) -> str:
    name = model.manifest.label_names.name(label)
    return f"{name}, {percent(confidence) if np.isfinite(confidence) else 'no confidence'}, {decision}"
