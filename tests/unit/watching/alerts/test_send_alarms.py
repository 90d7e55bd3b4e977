"""Each alarm is sent once over each channel, and again only if it did not arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from discern.errors import DiscernError, UsageError
from discern.watching.alerts.send_alarms import CLAIM_SECONDS, open_channels, send_alarms
from discern.watching.looks.look import Alarm, Look
from tests.unit.watching.state_store import StateStore

if TYPE_CHECKING:
    from discern.watching.stores.exchange_store import ExchangeStore


@dataclass
class Channel:
    """Channel in memory that may be broken."""

    key: str = "memory"
    broken: bool = False
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, message: Mapping[str, Any]) -> None:
        if self.broken:
            raise DiscernError("It is broken.")
        self.sent.append(message)


def look(*kinds: str, bundle: str = "ab") -> Look:
    alarms = tuple(
        Alarm(kind=kind, since="2026-11-30T10:00:00+00:00", evidence={"against": 40.0}, examples=(), message=f"{kind}!")
        for kind in kinds
    )
    return Look(bundle=bundle, exchanges=100, lost=0, first=None, last=None, alarms=alarms)


def send(store: StateStore, seen: Look, *channels: Channel, now: float = 1000.0, is_endless: bool = False) -> list[str]:
    found = cast("ExchangeStore", store)
    return send_alarms(found, seen, channels, model="bins", now=lambda: now, is_endless=is_endless)


def test_an_alarm_is_sent_once_and_a_further_one_when_it_comes() -> None:
    store, channel = StateStore(), Channel()
    assert send(store, look("brightness"), channel) == []
    assert send(store, look("brightness"), channel) == []
    assert send(store, look("brightness", "promise"), channel) == []
    assert [message["text"] for message in channel.sent] == ["bins: brightness!", "bins: promise!"]
    assert channel.sent[0]["alarm"]["evidence"] == {"against": 40.0}
    assert (channel.sent[0]["bundle"], channel.sent[0]["exchanges"]) == ("ab", 100)


def test_a_new_bundle_raises_its_own_alarms() -> None:
    store, channel = StateStore(), Channel()
    send(store, look("brightness"), channel)
    send(store, look("brightness", bundle="cd"), channel)
    assert len(channel.sent) == 2


def test_in_a_stream_without_end_the_same_alarm_may_come_again() -> None:
    store, channel = StateStore(), Channel()
    first = look("brightness", "promise")
    later = replace(first, alarms=tuple(replace(alarm, since="2027-02-01T10:00:00+00:00") for alarm in first.alarms))
    for seen in (first, first, later, later):
        send(store, seen, channel, is_endless=True)
    assert [message["alarm"]["kind"] for message in channel.sent] == ["brightness", "promise", "brightness"]
    send(store, first, channel)
    assert len(channel.sent) == 5  # other looks keep a record of their own


def test_each_channel_gets_each_alarm() -> None:
    store, one, two = StateStore(), Channel("one"), Channel("two", broken=True)
    assert send(store, look("size"), one, two) == ["It is broken."]
    two.broken = False
    assert send(store, look("size"), one, two) == []
    assert (len(one.sent), len(two.sent)) == (1, 1)


def test_an_alarm_that_another_process_is_sending_is_left_to_it_for_a_while() -> None:
    store, channel = StateStore(), Channel()

    class Sending(Channel):
        """Channel of a process that is stopped while it sends."""

        def send(self, message: Mapping[str, Any]) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(store, look("size"), Sending())
    send(store, look("size"), channel, now=1000 + CLAIM_SECONDS / 2)
    assert channel.sent == []
    send(store, look("size"), channel, now=1001 + CLAIM_SECONDS)
    assert len(channel.sent) == 1


def test_two_processes_at_once_send_one_alarm() -> None:
    store, mine, theirs = StateStore(), Channel(), Channel()

    def other() -> None:
        store.before_write = lambda: None
        send(store, look("size"), theirs)

    store.before_write = other
    send(store, look("size"), mine)
    assert (len(mine.sent), len(theirs.sent)) == (0, 1)


@pytest.mark.parametrize("damaged", [b"\xff", b"[1]", b'{"memory:size": 3}'])
def test_a_damaged_record_does_not_stop_alarms(damaged: bytes) -> None:
    store, channel = StateStore(), Channel()
    store.states["alarms:ab"] = damaged
    assert send(store, look("size"), channel) == []
    assert len(channel.sent) == 1


def test_channels_are_opened_for_what_is_given() -> None:
    assert open_channels(webhook=None, command=None) == []
    assert len(open_channels(webhook="https://a.example/x", command="mail me")) == 2
    with pytest.raises(UsageError):
        open_channels(webhook="a.example", command=None)
