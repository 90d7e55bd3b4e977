"""Recorder of the exchanges of a server, from its configuration."""

import logging
from functools import partial

from discern.errors import StoreError, UsageError
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.client_salt import read_salt
from discern.serving.web.exchange_finder import ExchangeFinder
from discern.serving.web.exchange_recorder import ExchangeRecorder
from discern.watching.captures.capture_config import CaptureConfig, is_database
from discern.watching.captures.spool_segment import spool_bytes
from discern.watching.captures.spool_sink import SpoolSink
from discern.watching.stores.open_exchanges import open_store

_LOG = logging.getLogger("discern.serving")
_PASSING = ("cannot be reached", "is in use", "has too many connections", "is busy", "disk is full")


def open_recorder(capture: CaptureConfig, registry: ModelRegistry) -> ExchangeRecorder:
    """Build the recorder of a server process from its settings."""
    return ExchangeRecorder(
        registry,
        open_sink=partial(SpoolSink, capture),
        find=ExchangeFinder(capture),
        waiting_bytes=partial(spool_bytes, capture.spool_folder),
        salt=read_salt(capture.spool_folder),
    )


def prepare_capture(config: CaptureConfig) -> None:
    """Create the spool and the store before the server starts, so that a mistake is reported then.

    A store that cannot be reached for the moment is only logged: exchanges wait in the spool.

    Raises:
        StoreError: the store cannot be used.
        UsageError: the spool cannot be created, an address is invalid, or a library is not installed.
    """
    spool = config.spool_folder
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The spool folder {spool} cannot be created: {error.strerror or error}.",
            hint="Name another with --capture-spool.",
        ) from error
    try:
        store = open_store(config.store, create=True, pictures=config.pictures)
    except StoreError as error:
        if not any(reason in error.message for reason in _PASSING):
            raise
        _LOG.warning("exchanges wait in the spool: %s", error)
        return
    store.close()
    if config.keep_pictures and store.pictures_at is None and is_database(config.store):
        raise UsageError(
            f"The database {store.name} has no place for pictures.",
            hint="Name a folder or a bucket with --capture-pictures, or add --no-pictures.",
        )
