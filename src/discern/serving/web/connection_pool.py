"""Limits on open connections: in total, and for each client's network."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakKeyDictionary

from discern.serving.web.forwarded_client import TrustedProxies, network_of, parse_address

_STALLED_SECONDS = 1.0  # not tuned: longer than the pauses of a client that is busy with other connections


class Connection(Protocol):
    """Connection that can be closed to make room for another one."""

    def evict(self) -> None:
        """Close the connection at once."""


@dataclass(kw_only=True, eq=False)
class _Network:
    """Connections of one client's network.

    Attributes:
        is_proxy: whether it is a trusted proxy, which has no share as it connects for others.
        count: its connections.
        idle: those that wait for a request or have received a part of a header, with the time since when.
        slow: those with an incomplete body or an unread response, with the time of the last progress.
    """

    is_proxy: bool
    count: int = 0
    idle: OrderedDict[Connection, float] = field(default_factory=OrderedDict)
    slow: OrderedDict[Connection, float] = field(default_factory=OrderedDict)

    def oldest(self, now: float) -> tuple[float, Connection] | None:
        """Return the connection that waits for its client since longest, with the time since when."""
        for waiting, patience in ((self.idle, 0.0), (self.slow, _STALLED_SECONDS)):
            for connection, since in waiting.items():
                if now - since >= patience:
                    return since, connection
                break
        return None


class ConnectionPool:
    """Set of open connections with a limit, of which each client's network can use a half.

    A connection above a limit replaces the one that waits for its client since longest: of the same network if that has
    its share, else of the network with the most connections. Connections whose request is being answered, or that make
    progress, are never closed; if there are no others, the new one is.

    Args:
        max_connections: open connections, at most.
        proxies: trusted proxies; their connections are limited in total only.
    """

    def __init__(self, max_connections: int, proxies: TrustedProxies) -> None:
        self._max_connections = max_connections
        self._share = max(1, max_connections // 2)
        self._proxies = proxies
        self._networks: dict[str, _Network] = {}
        self._names: dict[Connection, str] = {}

    def add(self, connection: Connection, host: str) -> bool:
        """Add a new connection from an address, and return False if there is no room for it."""
        address = parse_address(host)
        name = network_of(address) if address else host
        network = self._networks.get(name) or _Network(is_proxy=host in self._proxies)
        if not network.is_proxy and network.count >= self._share:
            if not self._evict_from([network]):
                return False
        elif len(self._names) >= self._max_connections and not self._evict_from(list(self._networks.values())):
            return False
        self._networks[name] = network
        self._names[connection] = name
        network.count += 1
        network.idle[connection] = time.monotonic()
        return True

    def remove(self, connection: Connection) -> None:
        """Remove a connection that is closed or closing."""
        name = self._names.pop(connection, None)
        if name is None:
            return
        network = self._networks[name]
        self._forget(network, connection)
        network.count -= 1
        if not network.count:
            del self._networks[name]

    def mark_idle(self, connection: Connection) -> None:
        """Note that a connection waits for a request from now on."""
        if network := self._network(connection):
            self._forget(network, connection)
            network.idle[connection] = time.monotonic()

    def mark_slow(self, connection: Connection) -> None:
        """Note that a connection has made progress with a body or a response, and waits for its client to continue."""
        if network := self._network(connection):
            self._forget(network, connection)
            network.slow[connection] = time.monotonic()

    def mark_busy(self, connection: Connection) -> None:
        """Note that the client of a connection waits for the server."""
        if network := self._network(connection):
            self._forget(network, connection)

    def _network(self, connection: Connection) -> _Network | None:
        name = self._names.get(connection)
        return None if name is None else self._networks[name]

    def _forget(self, network: _Network, connection: Connection) -> None:
        network.idle.pop(connection, None)
        network.slow.pop(connection, None)

    def _evict_from(self, networks: list[_Network]) -> bool:
        """Close the oldest waiting connection of the network with the most connections, and return False if none is."""
        now = time.monotonic()
        found = [(network, *oldest) for network in networks if (oldest := network.oldest(now))]
        if not found:
            return False
        _, _, connection = min(found, key=lambda each: (each[0].is_proxy, -each[0].count, each[1]))
        self.remove(connection)
        connection.evict()
        return True


_POOLS: WeakKeyDictionary[object, ConnectionPool] = WeakKeyDictionary()


def pool_of(server: object, max_connections: int, trusted_proxies: str) -> ConnectionPool:
    """Return the pool that all connections of one server share."""
    if server not in _POOLS:
        _POOLS[server] = ConnectionPool(max_connections, TrustedProxies(trusted_proxies))
    return _POOLS[server]
