"""Resolver of host names that asks the name servers without a thread, within limits of time and size."""

import asyncio
import ipaddress
import re
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.query
import dns.rdatatype

_TIMEOUT = 3.0
_SERVER_TIMEOUT = 1.0  # not tuned: of each attempt, so that one lost datagram costs no name
_UDP_BYTES = 1232  # fits any network without fragments, which can be forged
_MAX_BYTES = 4096  # not tuned: a message of 64 KB takes 130 ms to parse
_MAX_ADDRESSES = 32  # not tuned
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOOPBACK = ["127.0.0.1", "::1"]
_PRIVATE_DOMAINS = ("alt", "arpa", "internal", "invalid", "lan", "local", "onion", "test")


class NameResolver:
    """Resolver that looks up the addresses of public host names in DNS.

    It knows neither search domains nor the hosts file. Numbers and names that cannot be public are not sent to the name
    servers. Nothing is cached. The name servers are those of the system at the time of the lookup.

    Args:
        timeout: seconds for one name.
        servers: address and port of each name server; None for those of the system.
    """

    def __init__(self, *, timeout: float = _TIMEOUT, servers: Sequence[tuple[str, int]] | None = None) -> None:
        self._timeout = timeout
        self._servers = servers

    async def __call__(self, host: str, port: int) -> list[str]:  # noqa: ARG002 - as in `getaddrinfo`
        """Return the addresses of a host, IPv4 and IPv6 in turn.

        Raises:
            OSError: the host has no address, is not a valid name, or is not resolved in time.
        """
        name = host.lower().removesuffix(".")
        if (literal := _parse_address(name)) is not None:
            return [literal]
        if name == "localhost" or name.endswith(".localhost"):
            return list(_LOOPBACK)
        last = name.rpartition(".")[2]
        if not _HOST_NAME.fullmatch(name) or _NUMBER.fullmatch(last) or last in _PRIVATE_DOMAINS:
            raise OSError(f"{host} is not the name of a public host")
        async with asyncio.timeout(self._timeout):
            return await self._look_up(name)

    async def _look_up(self, name: str) -> list[str]:
        resolver = self._open()
        types = (dns.rdatatype.A, dns.rdatatype.AAAA)
        found = await asyncio.gather(*(self._query(resolver, name, each) for each in types))
        addresses = [each for each in chain(*zip_longest(*found)) if each is not None]
        if not 0 < len(addresses) <= _MAX_ADDRESSES:
            raise OSError(f"{name} has {len(addresses)} addresses")
        return addresses

    def _open(self) -> dns.asyncresolver.Resolver:
        try:
            resolver = dns.asyncresolver.Resolver(configure=self._servers is None)
        except dns.exception.DNSException as error:
            raise OSError(f"there is no name server: {error}") from error
        servers = self._servers or [(str(each), resolver.port) for each in resolver.nameservers]
        resolver.nameservers = [_SmallMessageServer(*each) for each in servers]
        resolver.timeout, resolver.lifetime = _SERVER_TIMEOUT, self._timeout
        resolver.use_edns(0, 0, _UDP_BYTES)
        return resolver

    async def _query(
        self, resolver: dns.asyncresolver.Resolver, name: str, record: dns.rdatatype.RdataType
    ) -> list[str]:
        """Return the addresses of one type, and none if the query fails."""
        try:
            answer = await resolver.resolve(
                dns.name.from_text(name),
                record,
                search=False,
                lifetime=self._timeout,
                backend=dns.asyncbackend.get_backend("asyncio"),
            )
        except (dns.exception.DNSException, OSError, EOFError):
            return []
        return [str(each.address) for each in answer]


resolve = NameResolver()
"""Resolver of the system's name servers."""


class _SmallMessageServer(dns.nameserver.Do53Nameserver):
    """Name server whose answers by TCP have a maximum size."""

    async def async_query(self, request: dns.message.QueryMessage, *args: Any, **options: Any) -> dns.message.Message:
        if not options.get("max_size"):
            return await super().async_query(request, *args, **options)
        async with asyncio.timeout(options["timeout"]):
            reader, writer = await asyncio.open_connection(self.address, self.port)
            try:
                query = request.to_wire()
                writer.write(len(query).to_bytes(2, "big") + query)
                size = int.from_bytes(await reader.readexactly(2), "big")
                if size > _MAX_BYTES:
                    raise dns.query.BadResponse
                response = dns.message.from_wire(await reader.readexactly(size))
            finally:
                writer.close()
        if not request.is_response(response):
            raise dns.query.BadResponse
        return response


def _parse_address(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
