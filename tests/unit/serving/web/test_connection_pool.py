"""Limits on connections: each network has a share, and the oldest one that waits for its client makes room."""

import time

import pytest

from discern.serving.web import connection_pool
from discern.serving.web.connection_pool import ConnectionPool, pool_of
from discern.serving.web.forwarded_client import TrustedProxies


class Connection:
    """Connection that records whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def evict(self) -> None:
        self.is_closed = True


def pool(max_connections: int, proxies: str = "") -> ConnectionPool:
    return ConnectionPool(max_connections, TrustedProxies(proxies))


def opened(pool: ConnectionPool, count: int, host: str) -> list[Connection]:
    connections = [Connection() for _ in range(count)]
    assert all(pool.add(each, host) for each in connections)
    return connections


def closed(connections: list[Connection]) -> list[int]:
    return [number for number, each in enumerate(connections) if each.is_closed]


def test_one_network_replaces_its_own_oldest_connection_above_its_share() -> None:
    full = pool(8)
    many, others = opened(full, 4, "192.0.2.1"), opened(full, 2, "192.0.2.2")
    opened(full, 2, "192.0.2.1")
    assert closed(many) == [0, 1]
    assert closed(others) == []


@pytest.mark.parametrize("newcomer", ["192.0.2.9", "2001:db8::1"])
def test_a_newcomer_replaces_the_oldest_connection_of_the_largest_network(newcomer: str) -> None:
    full = pool(6)
    first, many, few = (opened(full, count, f"192.0.2.{count}") for count in (1, 3, 2))
    full.mark_busy(many[0])
    opened(full, 1, newcomer)
    assert (closed(first), closed(many), closed(few)) == ([], [1], [])


def test_an_ipv6_network_is_one_client() -> None:
    full = pool(4)
    many = opened(full, 1, "2001:db8::1") + opened(full, 1, "2001:db8::2")
    opened(full, 1, "2001:db8::3")
    assert closed(many) == [0]


def test_connections_that_are_answered_or_make_progress_are_never_closed() -> None:
    full = pool(4)
    one, other = opened(full, 2, "192.0.2.1"), opened(full, 2, "192.0.2.2")
    for connection in one:
        full.mark_busy(connection)
    for connection in other:
        full.mark_slow(connection)
    assert not full.add(Connection(), "192.0.2.3")
    assert not full.add(Connection(), "192.0.2.1")
    assert closed(one) == closed(other) == []
    time.sleep(connection_pool._STALLED_SECONDS + 0.01)
    full.mark_slow(other[0])
    opened(full, 1, "192.0.2.3")
    assert closed(other) == [1]


def test_trusted_proxies_have_no_share_and_make_room_last() -> None:
    full = pool(4, "192.0.2.1")
    proxied = opened(full, 3, "192.0.2.1")
    direct = opened(full, 1, "192.0.2.2")
    opened(full, 1, "192.0.2.3")
    assert (closed(proxied), closed(direct)) == ([], [0])


def test_a_closed_connection_makes_room() -> None:
    full = pool(2)
    first, _ = opened(full, 1, "192.0.2.1"), opened(full, 1, "192.0.2.2")
    full.remove(first[0])
    full.remove(first[0])
    for mark in (full.mark_busy, full.mark_idle, full.mark_slow):
        mark(first[0])
    assert closed(opened(full, 1, "192.0.2.3") + first) == []


def test_a_server_has_one_pool() -> None:
    class Server:
        """Holder of a pool."""

    server = Server()
    assert pool_of(server, 2, "") is pool_of(server, 2, "")
    assert pool_of(Server(), 2, "") is not pool_of(server, 2, "")
