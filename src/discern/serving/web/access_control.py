"""Authentication by API key, authorisation and rate limits of the HTTP server."""

from starlette.datastructures import Headers
from starlette.types import Scope

from discern.errors import Forbidden, Unauthorized
from discern.serving.config import ServeConfig
from discern.serving.keys import Key, Keys
from discern.serving.web.forwarded_client import network_of, parse_address
from discern.serving.web.rate_limiter import RateLimiter

_PAGES = ("/", "/monitor", "/audit", "/docs", "/favicon.ico")  # without data, which their scripts fetch with a key
_PUBLIC = (*_PAGES, "/healthz", "/readyz", "/ping", "/openapi.json", "/v2/health/live")
_PUBLIC_BELOW = ("/page/", "/examples/", "/static-offline-docs/", "/v2/health/")
_ADMIN = "/admin"


class AccessControl:
    """Access control for HTTP requests, with API keys and rate limits.

    Raises:
        UsageError: the key file, the rate limit or its store cannot be used.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._keys = Keys(config.key_file) if config.key_file else None
        self._limiter = RateLimiter(config.rate_limit, store=config.rate_store) if config.rate_limit else None

    async def authorize(self, scope: Scope, headers: Headers) -> str:
        """Check that a request is authorised and return the key name or address of its client.

        Raises:
            Unauthorized: the API key is missing or unknown.
            Forbidden: the key is not allowed to do this.
            RateExceeded: the client is above its rate limit.
        """
        path = scope["path"]
        client = client_address(scope)
        if path in _PUBLIC or path.startswith(_PUBLIC_BELOW) or scope["method"] == "OPTIONS":
            return client
        try:
            key = self._authenticate(headers)
        except Unauthorized:
            await self._limit(client)  # so that keys cannot be guessed without limit
            raise
        if key is not None:
            client = f"key:{key.name}"
        if scope["method"] == "POST":  # reads, such as Prometheus's, are not limited
            await self._limit(client)  # as one picture; `count_pictures` counts the others
        if path.startswith(_ADMIN):
            _require_admin(key)
        return client

    async def count_pictures(self, client: str, pictures: int) -> None:
        """Count the pictures of an authorised request after the first, which was counted before its body was read.

        Raises:
            RateExceeded: the client is above its rate limit.
            RequestTooLarge: these are more pictures than the rate limit ever allows.
        """
        if self._limiter is not None and pictures > 1:
            await self._limiter.count(client, pictures, already_counted=1)

    def _authenticate(self, headers: Headers) -> Key | None:
        if self._keys is None:
            return None
        if len(headers.getlist("authorization")) + len(headers.getlist("x-api-key")) > 1:  # proxies may check another
            raise Unauthorized("The request has more than one API key.", hint="Send it once.")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not token:
            raise Unauthorized("An API key is required.", hint="Send it as `Authorization: Bearer KEY`.")
        key = self._keys.find(token)
        if key is None:
            raise Unauthorized("Invalid API key.", hint="Ask the operator of this server for a key.")
        return key

    async def _limit(self, client: str) -> None:
        if self._limiter is not None:
            await self._limiter.count(client)


def client_address(scope: Scope) -> str:
    """Return the network address that identifies a client for rate limits."""
    client = scope.get("client")
    if not client:
        return "unknown"
    address = parse_address(client[0])
    return network_of(address) if address else str(client[0])


def _require_admin(key: Key | None) -> None:
    if key is None:
        raise Forbidden("This needs an admin key, and the server has no keys.", hint="Start it with --key-file FILE.")
    if not key.admin:
        raise Forbidden("This needs an admin key.", hint="Use a key created with `discern key --admin`.")
