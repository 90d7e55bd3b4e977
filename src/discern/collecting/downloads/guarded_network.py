"""Network that connects to public addresses, and to private ones only of hosts that the user names."""

from collections.abc import Collection, Iterable

import httpcore2

from discern.collecting.downloads.download_error import DownloadError
from discern.errors import BadRequest
from discern.inference.public_address import is_public
from discern.serving.web.name_resolver import resolve
from discern.serving.web.public_network import PublicNetwork, Resolve


class GuardedNetwork(PublicNetwork):
    """Network backend that connects only to public hosts and to those that are named.

    A host is resolved once, and the address that was checked is connected to, so that DNS rebinding has no effect.

    Args:
        allow_hosts: hosts whose addresses may be private, in lower case.
        resolve: resolves a host to its addresses.
    """

    def __init__(self, allow_hosts: Collection[str] = (), resolve: Resolve = resolve) -> None:
        super().__init__(resolve, is_public)
        self._allow_hosts = frozenset(allow_hosts)
        self._unguarded = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host.

        Raises:
            DownloadError: it cannot be resolved, or is not permitted.
        """
        if host.lower() in self._allow_hosts:
            return await self._unguarded.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            return await super().connect_tcp(host, port, timeout, local_address, socket_options)
        except BadRequest as error:
            if error.__cause__ is not None:
                raise DownloadError("unreachable", f"The host {host} cannot be resolved.", is_temporary=True) from error
            raise DownloadError(
                "private_address", f"The host {host} is not on the public internet; --allow-host {host} permits it."
            ) from error
