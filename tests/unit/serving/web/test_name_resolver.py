"""Names are resolved by the name servers, within limits, and what cannot be public is not asked for."""

import asyncio
import time

import pytest

from discern.serving.web.name_resolver import NameResolver, resolve
from tests.unit.serving.web.name_server import Answers, NameServer, name_server


def resolved(host: str, answers: Answers, *, timeout: float = 20, **options: object) -> tuple[list[str], NameServer]:
    """Resolve a host with a name server of our own."""

    async def run() -> tuple[list[str], NameServer]:
        async with name_server(answers, **options) as server:  # type: ignore[arg-type]
            try:
                return await NameResolver(timeout=timeout, servers=[server.address])(host, 80), server
            finally:
                await asyncio.sleep(0.01)  # until its connections are closed

    return asyncio.run(run())


def by_type(**records: list[str]) -> Answers:
    """Answer each query with the records of its type."""
    return lambda _, kind: records.get(kind, [])


def test_addresses_of_both_families_are_returned_in_turn() -> None:
    found, server = resolved(
        "WWW.Example.org.",
        by_type(A=["A 9.9.9.9", "A 8.8.8.8", "A 8.8.4.4"], AAAA=["AAAA 2620:fe::fe"]),
    )
    assert found == ["9.9.9.9", "2620:fe::fe", "8.8.8.8", "8.8.4.4"]
    assert sorted(server.asked) == [("www.example.org", "A"), ("www.example.org", "AAAA")]


def test_aliases_are_followed() -> None:
    records = ["CNAME a.example.", "CNAME b.example.", "A 9.9.9.9"]
    assert resolved("www.example.org", by_type(A=records))[0] == ["9.9.9.9"]


@pytest.mark.parametrize(
    "records",
    [
        [],
        ["NXDOMAIN"],
        ["CNAME a.example.", "CNAME www.example.org.", "CNAME a.example."],
        [f"CNAME {number}.example." for number in range(40)] + ["A 9.9.9.9"],
        [f"A 9.9.9.{number}" for number in range(33)],
        [f"A 9.9.{number // 250}.{number % 250}" for number in range(1000)],
    ],
    ids=["nothing", "unknown", "loop", "long chain", "33 addresses", "1000 addresses"],
)
def test_other_answers_are_no_address(records: list[str]) -> None:
    with pytest.raises(OSError, match=r"www\.example\.org has \d+ addresses"):
        resolved("www.example.org", by_type(A=records))


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    found, server = resolved("www.example.org", by_type(A=["A 9.9.9.9"]), truncates=True)
    assert found == ["9.9.9.9"]
    assert server.asked.count(("www.example.org", "A")) == 2


def test_a_long_answer_by_tcp_is_not_read() -> None:
    records = [f"A 9.9.{number // 250}.{number % 250}" for number in range(4000)]
    with pytest.raises((OSError, TimeoutError)):
        resolved("www.example.org", by_type(A=records), truncates=True, timeout=1)


def test_one_family_without_an_answer_does_not_hide_the_other() -> None:
    found, _ = resolved("www.example.org", lambda _, kind: ["A 9.9.9.9"] if kind == "A" else ["NXDOMAIN"])
    assert found == ["9.9.9.9"]


def test_a_name_server_that_never_answers_is_waited_for_within_limits() -> None:
    start = time.monotonic()
    with pytest.raises((OSError, TimeoutError)):
        resolved("www.example.org", lambda *_: None, timeout=0.3)
    assert time.monotonic() - start < 20


def test_many_slow_names_are_waited_for_together() -> None:
    """No threads are involved, of which there are few."""

    async def run() -> None:
        async with name_server(lambda *_: None) as server:
            resolver = NameResolver(timeout=0.5, servers=[server.address])
            hosts = [resolver(f"{number}.example.org", 80) for number in range(100)]
            found = asyncio.gather(*hosts, return_exceptions=True)
            await asyncio.wait_for(asyncio.to_thread(lambda: None), 20)
            assert all(isinstance(each, OSError) for each in await found)

    start = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - start < 25  # rather than 100 times half a second


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "9.9.9.9", "2620:fe::fe", "::ffff:10.0.0.1"])
def test_an_address_is_returned_without_a_query(host: str) -> None:
    found, server = resolved(host, by_type(A=["A 9.9.9.9"]))
    assert len(found) == 1
    assert server.asked == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost"])
def test_localhost_is_loopback_without_a_query(host: str) -> None:
    assert asyncio.run(resolve(host, 80)) == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "..", "a..b", ".example.org", "x" * 64 + ".example", "a." * 130 + "org", "intranet", "printer.local",
        "db.internal", "x.onion", "x.home.arpa", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1", "1.2.3",
        "1.2.3.4.5", "0", "127.0.0.1.", "127.0.0.0x1", "\uff11\uff12\uff17.0.0.1", "ex\u00e4mple.org", "a b.org",
        "a%2eb.org", "a/b.org", "-a.org", "example.org\n", "127.0.0.1%eth0", "\u24d4xample.org", "[::1]",
    ],
)  # fmt: skip
def test_other_hosts_are_rejected_without_a_query(host: str) -> None:
    asked: list[str] = []

    def answers(name: str, _: str) -> list[str]:
        asked.append(name)
        return ["A 9.9.9.9"]

    if host == "127.0.0.1.":
        assert resolved(host, answers)[0] == ["127.0.0.1"]
    else:
        with pytest.raises(OSError, match="is not the name of a public host"):
            resolved(host, answers)
    assert asked == []
