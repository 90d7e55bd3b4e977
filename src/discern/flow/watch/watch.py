"""Function that looks at the captured traffic of a model (`discern watch`)."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from discern.bundle import Model, load
from discern.errors import CatalogError, UsageError, shorten
from discern.flow.new_page import new_page
from discern.flow.paths import is_file, is_folder, resolve_path
from discern.flow.watch.opened_store import opened_store
from discern.flow.watch.since_time import parse_since
from discern.flow.watch.training_pictures import nearest_images, nearest_prefixes
from discern.flow.watch.watch_images import captions, load_images, shown_ids
from discern.flow.watch.watch_result import WatchResult
from discern.inference.exchange import Feedback
from discern.progress import Progress, silent
from discern.reporting.gallery import PageImage
from discern.reporting.watch_page import WatchPage, write_watch_page
from discern.watching.alerts.send_alarms import open_channels, send_alarms
from discern.watching.audits.read_labels import read_labels
from discern.watching.looking.iso_time import iso_time
from discern.watching.looking.take_look import look
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_store import ExchangeStore
from discern.watching.stores.store_address import parse_address

_DAY = 86_400


def watch(
    store: str | Path,
    *,
    against: str | Path,
    since: str | datetime | float | None = None,
    out: str | Path | None = None,
    labels: str | Path | None = None,
    training: str | Path | None = None,
    average_run: float | None = None,
    webhook: str | None = None,
    on_alarm: str | None = None,
    progress: Progress = silent,
) -> WatchResult:
    """Look at the captured traffic of a model: what has changed, whether its promise holds, and new classes.

    Alarms stay true however often one looks: in at most 5 % of bundles whose traffic never changes is there ever one.
    A look continues from the last one, and each bundle starts from the beginning.

    Args:
        store: store that a server with `--capture` writes: a folder, or the URL of a database.
        against: bundle that was served, whose held-out pictures are the reference.
        since: look at the exchanges from this time on alone, and keep nothing: a date or time in ISO 8601, or a length
            before now, such as `7d`; None to continue from the last look.
        out: HTML page to write, a new file; None for none.
        labels: CSV file with the columns `id` and `label`, and optionally `new`, whose labels are stored first.
        training: folder of the training pictures, of which the page shows those nearest to what has changed.
        average_run: for a stream without end, the average number of independent exchanges to a false alarm, at least;
            None for the 5 % in the life of a bundle.
        webhook: address to which each new alarm is posted once, as JSON.
        on_alarm: command that is run once for each new alarm, with the alarm as JSON on its standard input.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: the bundle cannot be used.
        CatalogError: the folder of training pictures does not exist.
        RunError: the page exists.
        StoreError: the store does not exist or cannot be used.
        UsageError: an option is invalid.
    """
    page, now = None if out is None else new_page(out), time.time()
    if average_run is not None and not 1 < average_run < math.inf:
        raise UsageError(f"Invalid average run: {average_run:g}.", hint="Pass a number of exchanges, such as 10000.")
    channels = open_channels(webhook=webhook, command=on_alarm)
    start = None if since is None else parse_since(since, now=now)
    if start is not None and channels:
        raise UsageError(
            "Alarms of a look at part of the traffic are not sent: they hold for that look alone.",
            hint="Leave out since, or the webhook and the command.",
        )
    pictures = None if training is None else _existing_folder(training)
    model = load(against)
    with opened_store(store) as opened:
        given = [] if labels is None else _read_labels(labels, model)
        if given:
            opened.add((), given)
        seen = look(opened, model, since=start, average_run=average_run, progress=progress)
        seen = replace(seen, notes=(*seen.notes, *_unknown_labels(opened, given)))
        name = parse_address(store).name
        if page is not None:
            _write(page, opened, seen, model, name=name, now=now, training=pictures, progress=progress)
        alerts = send_alarms(
            opened, seen, channels, model=model.manifest.name, now=time.time, is_endless=average_run is not None
        )
    return WatchResult(store=name, look=seen, page=page, labels=len(given), alerts=tuple(alerts))


def _existing_folder(path: str | Path) -> Path:
    folder = resolve_path(path)
    if not is_folder(folder):
        found = "is a file" if is_file(folder) else "does not exist"
        raise CatalogError(f"{folder} {found}.", hint="Pass the folder of the pictures that the model was trained on.")
    return folder


def _read_labels(labels: str | Path, model: Model) -> list[Feedback]:
    """Read the labels of a file as of the time when it was written, so that reading it again changes nothing."""
    path = resolve_path(labels)
    written = path.stat().st_mtime if is_file(path) else 0.0
    return read_labels(path, time=written, labels=frozenset(model.labels))


def _unknown_labels(store: ExchangeStore, labels: Sequence[Feedback]) -> Iterator[str]:
    wanted = {each.exchange for each in labels}
    unknown = sorted(wanted - set(store.columns_of(sorted(wanted)).id)) if wanted else []
    if unknown:
        has = "label has" if len(unknown) == 1 else "labels have"
        yield f"{len(unknown):,} {has} an id that the store does not have, such as {shorten(unknown[0])!r}."


def _write(
    page: Path,
    store: ExchangeStore,
    seen: Look,
    model: Model,
    *,
    name: str,
    now: float,
    training: Path | None,
    progress: Progress,
) -> None:
    ids, nearest = shown_ids(seen), dict[str, PageImage]()
    if training is not None:
        prefixes = [nearest_prefixes(alarm.evidence) for alarm in seen.alarms]
        wanted = {exchange: each for found in prefixes for exchange, each in found.items() if exchange in ids}
        nearest = nearest_images(training, wanted, progress=progress)
    write_watch_page(
        page,
        WatchPage(
            model=model.manifest.name,
            store=name,
            made=iso_time(now),
            look=seen,
            traffic=store.traffic(bundle=model.fingerprint, step=_DAY),
            images=load_images(store, ids),
            captions=captions(store, ids, model),
            nearest=nearest,
        ),
    )
