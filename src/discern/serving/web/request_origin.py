"""Checks of the names that a request is sent to, and of the page that sent it.

A web page can have its own host name resolve to a loopback address (DNS rebinding), or send simple requests across
origins. In both cases a browser inside the network speaks for a page outside; neither needs the browser's consent.
"""

from starlette.datastructures import Headers
from starlette.types import Scope

from discern.errors import BadRequest, Forbidden
from discern.serving.config import ServeConfig
from discern.serving.host_names import Host, is_loopback, parse_host

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OWN_SITES = ("same-origin", "none")  # "none": typed by the user
_PORTS = {"http": 80, "https": 443}


class OriginCheck:
    """Check of the Host and Origin headers of HTTP requests.

    Args:
        config: a server on a loopback address accepts its own names only, and any server those of `allowed_hosts`; a
            server without API keys rejects requests from pages of other origins, apart from those of `cors`.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._limited = bool(config.allowed_hosts) or is_loopback(config.host)
        self._names = {config.host.lower(), *config.allowed_hosts, *_LOOPBACK_NAMES}
        self._allowed_hosts = frozenset(config.allowed_hosts)
        self._origins = frozenset(config.cors)
        self._open = config.key_file is None

    def check(self, scope: Scope, headers: Headers) -> None:
        """Check the Host and Origin headers of a request.

        Raises:
            BadRequest: it has no valid Host header, or one that is not a name of this server.
            Forbidden: it was sent by a page of another origin.
        """
        host = self._host(scope, headers.getlist("host"))
        if self._open and scope["method"] not in _SAFE_METHODS and not self._is_own(headers, host):
            raise Forbidden(
                "Requests from pages of other origins are not allowed.", hint="Start the server with --cors ORIGIN."
            )

    def _host(self, scope: Scope, given: list[str]) -> Host | None:
        if not given and scope.get("http_version") == "1.0":
            return None  # allowed by its specification; no browser leaves it out
        host = parse_host(given[0]) if len(given) == 1 else None
        if host is None and (self._limited or len(given) != 1 or given[0]):
            raise BadRequest("The Host header is missing, repeated or invalid.", hint="Send one, such as localhost.")
        # Probes and clients inside the network know the address alone, and no page can have that as its name.
        if host is not None and self._limited and host.name not in self._names and host.name != _local_address(scope):
            raise BadRequest(
                f"This server has no name {host.name[:80]!r}.", hint="Start it with --allowed-host NAME to allow it."
            )
        return host

    def _is_own(self, headers: Headers, host: Host | None) -> bool:
        """Return True unless a browser says that the page that sent a request is of an origin that is not allowed."""
        origin = headers.get("origin")
        if "*" in self._origins or origin in self._origins:
            return True
        site = headers.get("sec-fetch-site")  # pages cannot set it
        if site in _OWN_SITES or (site is None and origin is None):
            return True
        scheme, _, rest = (origin or "").partition("://")
        page = parse_host(rest) if scheme in _PORTS else None
        if page is None or host is None:
            return False
        if page.name in self._allowed_hosts:
            return True
        return site is None and page.name == host.name and _port(page, scheme) == _port(host, scheme)


def _port(host: Host, scheme: str) -> int:
    return host.port or _PORTS[scheme]


def _local_address(scope: Scope) -> str:
    """Return the address of this machine that a request was sent to."""
    server = scope.get("server")
    return str(server[0]).removeprefix("::ffff:").lower() if server else ""
