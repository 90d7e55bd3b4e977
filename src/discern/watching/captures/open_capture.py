"""Opening of the capture of exchanges."""

import logging

from discern.errors import StoreError
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool_sink import SpoolSink
from discern.watching.stores.open_exchanges import open_store

_LOG = logging.getLogger("discern.capture")


def open_capture(config: CaptureConfig) -> SpoolSink:
    """Open a sink that keeps exchanges in the store of some settings, which is created if there is none.

    What an earlier process has left in the spool is moved to the store. A store that cannot be used now is logged, and
    the exchanges wait for it in the spool.

    Args:
        config: settings of the capture.

    Raises:
        UsageError: the address of the store is invalid, or a library is not installed.
    """
    try:
        open_store(config.store, create=True, pictures=config.pictures).close()
    except StoreError as error:
        _LOG.warning("Captured exchanges wait in %s: %s", config.spool_folder, error)
    return SpoolSink(config)
