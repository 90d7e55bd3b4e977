"""Addresses of clients behind trusted reverse proxies."""

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

_MAX_ENTRIES = 20  # more than there are proxies in a row

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are honoured.

    Each proxy appends the address that it was connected from to X-Forwarded-For. Whatever stands before the first
    address that is not a proxy's was written by the client, and is ignored.

    Args:
        proxies: addresses and networks, separated by commas; "*" for all; "" for none.
    """

    def __init__(self, proxies: str) -> None:
        names = list(filter(None, map(str.strip, proxies.split(","))))
        self._any = "*" in names
        self._networks = [ipaddress.ip_network(name) for name in names if name != "*"]

    def __contains__(self, host: str) -> bool:
        address = parse_address(host)
        return self._any or (address is not None and self._trusts(address))

    def apply(self, scope: Scope) -> None:
        """Replace the client and scheme of a request by those that a trusted proxy reports."""
        peer = scope.get("client")
        if not peer or peer[0] not in self:
            return
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        scope["client"] = (self._client(forwarded) or peer[0], 0) if forwarded else peer
        schemes = [value.strip().lower() for name, value in headers if name == b"x-forwarded-proto"]
        if schemes and schemes[-1] in (b"http", b"https"):
            scope["scheme"] = schemes[-1].decode()

    def _trusts(self, address: Address) -> bool:
        return self._any or any(address in network for network in self._networks)

    def _client(self, forwarded: str) -> str | None:
        """Return the last address that is not a trusted proxy's, or the first if all are.

        An entry that is not an address ends the search: the proxy after it did not know its client.
        """
        found = None
        for entry in reversed(forwarded.rsplit(",", _MAX_ENTRIES)[-_MAX_ENTRIES:]):
            address = parse_address(_without_port(entry.strip()))
            if address is None:
                break
            found = str(address)
            if self._any or not self._trusts(address):
                break
        return found


def parse_address(text: str) -> Address | None:
    """Parse an IP address, with IPv4 addresses in IPv6 form as IPv4 addresses, or return None."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:  # free text
            return ipaddress.IPv6Address(int(address))
        return address.ipv4_mapped or address
    return address


def network_of(address: Address) -> str:
    """Return the name of the network that counts as one client: an IPv4 address, or an IPv6 network of 64 bits."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
