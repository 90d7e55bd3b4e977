"""Functions of the helper process that takes looks, so that its libraries never load in the server's processes."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from discern.errors import DiscernError
from discern.watching.alerts.alert_channels import Webhook
from discern.watching.alerts.send_alarms import send_alarms
from discern.watching.looking.published_looks import publish, read_published
from discern.watching.looks.look import Look
from discern.watching.stores.exchange_store import ExchangeStore

_SEND_SECONDS = 20.0  # not tuned
_NICENESS = 10  # not tuned: predictions come first


@dataclass(frozen=True, kw_only=True)
class LookJob:
    """Description of a look to take.

    Attributes:
        store: address of the store.
        bundle: path of the model's bundle.
        name: name under which the model is served.
        webhook: URL to which new alarms are posted; None for no alerts.
    """

    store: str
    bundle: str
    name: str
    webhook: str | None = None


def take_and_publish(job: LookJob) -> str:
    """Take a look at the exchanges of a model, publish it in the store, and send its new alarms.

    Returns:
        The reason why it failed; "" if it did not.
    """
    from discern.bundle import load  # noqa: PLC0415 - only the helper process loads the model a second time
    from discern.watching.looking.take_look import look  # noqa: PLC0415 - loads scipy
    from discern.watching.stores.open_exchanges import open_store  # noqa: PLC0415 - loads SQLAlchemy

    _lower_priority()
    model = load(job.bundle)
    store = _opened(job.store, open_store)
    found = publish_look(store, model.fingerprint, lambda: look(store, model))
    if found is None:
        return read_published(store, model.fingerprint).error
    return send_new_alarms(store, found, job)


def publish_look(store: ExchangeStore, fingerprint: str, take: Callable[[], Look]) -> Look | None:
    """Take a look and keep it, or keep why it failed; return the look, or None if it failed."""
    before, started = read_published(store, fingerprint), time.time()
    try:
        found = take()
    except DiscernError as error:
        publish(store, fingerprint, before.failed(f"{error.message} {error.hint}", taken=started))
        return None
    except Exception as error:
        publish(store, fingerprint, before.failed(f"The look failed: {error!r}", taken=started))
        raise
    publish(store, fingerprint, before.after(found, taken=started, seconds=time.time() - started))
    return found


def send_new_alarms(store: ExchangeStore, look: Look, job: LookJob, *, seconds: float = _SEND_SECONDS) -> str:
    """Post the alarms of a look that were not posted before, and return what failed; "" if nothing did.

    Args:
        store: the store, which records what was posted.
        look: the look.
        job: its webhook, if there is one, and the name of the model.
        seconds: time for all attempts at one alarm.
    """
    channels = [] if job.webhook is None else [Webhook(url=job.webhook, seconds=seconds)]
    return " ".join(send_alarms(store, look, channels, model=job.name, now=time.time))


@lru_cache(maxsize=1)
def _opened(address: str, open_store: Callable[[str], ExchangeStore]) -> ExchangeStore:
    return open_store(address)


def _lower_priority() -> None:
    if hasattr(os, "nice") and os.getpriority(os.PRIO_PROCESS, 0) < _NICENESS:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
