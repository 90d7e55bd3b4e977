"""Function that sends each alarm of a look once over each channel."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from discern.errors import DiscernError
from discern.watching.alerts.alert_channels import AlarmCommand, AlertChannel, Webhook
from discern.watching.looks.look import Alarm, Look
from discern.watching.stores.exchange_store import ExchangeStore

CLAIM_SECONDS = 300.0
"""Time after which an alarm that another process was sending is sent by this one; not tuned."""

PROMISE = "promise"
"""Kind of the alarm of a broken promise, whose beginning is estimated again with each label."""

_ATTEMPTS = 20  # to change the record while others change it; not tuned


def open_channels(*, webhook: str | None, command: str | None) -> list[AlertChannel]:
    """Return the channels for an address and a command, either of which may be None.

    Raises:
        UsageError: one of them is invalid.
    """
    channels: list[AlertChannel] = []
    if webhook is not None:
        channels.append(Webhook(url=webhook))
    if command is not None:
        channels.append(AlarmCommand(command=command))
    return channels


def send_alarms(
    store: ExchangeStore,
    look: Look,
    channels: Sequence[AlertChannel],
    *,
    model: str,
    now: Callable[[], float],
    is_endless: bool = False,
) -> list[str]:
    """Send each alarm of a look that was not sent before, once over each channel, and return notes of failures.

    The store records what was sent, so that of several processes one sends an alarm. One that fails is sent again at
    the next look. A process that is stopped between sending and recording leaves an alarm that is sent twice.

    Args:
        store: store of the exchanges, in which the record is kept.
        look: the look.
        channels: webhooks and commands.
        model: name of the model, for the message.
        now: returns the time in seconds since 1970 UTC.
        is_endless: whether the look was at a stream without end, in which the same alarm may come again later.
    """
    record = _SentRecord(store, f"{'endless alarms' if is_endless else 'alarms'}:{look.bundle}", now)
    return [
        note
        for channel in channels
        for alarm in look.alarms
        for note in _send(record, channel, _name(alarm, is_endless=is_endless), message_of(alarm, look, model=model))
    ]


def message_of(alarm: Alarm, look: Look, *, model: str) -> dict[str, Any]:
    """Return an alarm as the JSON-serialisable message that is sent.

    Its key `text` is what chat services show.
    """
    return {
        "text": f"{model}: {alarm.message}",
        "model": model,
        "bundle": look.bundle,
        "exchanges": look.exchanges,
        "alarm": alarm.to_json(),
    }


def _name(alarm: Alarm, *, is_endless: bool) -> str:
    return f"{alarm.kind}:{alarm.since}" if is_endless and alarm.kind != PROMISE else alarm.kind


def _send(record: "_SentRecord", channel: AlertChannel, name: str, message: dict[str, Any]) -> Iterator[str]:
    key = f"{channel.key}:{name}"
    if not record.claim(key):
        return
    try:
        channel.send(message)
    except DiscernError as error:
        record.release(key)
        yield str(error)
    else:
        record.mark_sent(key)


class _SentRecord:
    """Record in a store of the alarms that were sent, or are being sent by a process."""

    def __init__(self, store: ExchangeStore, name: str, now: Callable[[], float]) -> None:
        self._store, self._name, self._now = store, name, now

    def claim(self, key: str) -> bool:
        """Claim an alarm for this process; return False if it was sent, or another process is sending it."""
        now = self._now()

        def change(entries: dict[str, Any]) -> bool:
            entry = entries.get(key)
            if entry is not None and (entry["sent"] or now - entry["time"] < CLAIM_SECONDS):
                return False
            entries[key] = {"time": now, "sent": False}
            return True

        return self._change(change)

    def release(self, key: str) -> None:
        """Give up an alarm that could not be sent."""
        self._change(lambda entries: entries.pop(key, None) is not None)

    def mark_sent(self, key: str) -> None:
        """Record that an alarm was sent."""

        def change(entries: dict[str, Any]) -> bool:
            entries[key] = {"time": self._now(), "sent": True}
            return True

        self._change(change)

    def _change(self, change: Callable[[dict[str, Any]], bool]) -> bool:
        """Apply a change to the record and return its answer; a change that answers False is not written."""
        for _ in range(_ATTEMPTS):
            previous = self._store.read_state(self._name)
            entries = _parse(previous)
            if not change(entries):
                return False
            if self._store.write_state(self._name, json.dumps(entries).encode(), previous=previous):
                return True
        return False


def _parse(state: bytes | None) -> dict[str, Any]:
    """Return the entries of a record, or none if it is damaged."""
    try:
        entries = json.loads(state or b"{}")
    except ValueError:
        return {}
    if not isinstance(entries, dict):
        return {}
    return {
        key: each
        for key, each in entries.items()
        if isinstance(each, dict) and isinstance(each.get("sent"), bool) and isinstance(each.get("time"), int | float)
    }
