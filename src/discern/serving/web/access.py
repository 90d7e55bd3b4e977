"""Who may ask what, and how often."""

import time

from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

from discern.errors import Forbidden, RateExceeded, Unauthorized, UsageError
from discern.serving.config import ServeConfig
from discern.serving.keys import Key, Keys

_FREE = ("/", "/healthz", "/readyz", "/ping", "/docs", "/openapi.json", "/favicon.ico", "/v2/health/live")
_FREE_BELOW = ("/page/", "/static-offline-docs/", "/v2/health/")
_ADMIN = "/admin"


class Access:
    """Keys and rates, as the configuration asks for them.

    Raises:
        UsageError: the file of keys or the rate cannot be read.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._keys = Keys(config.key_file) if config.key_file else None
        self._rate = None
        if config.rate:
            try:
                self._rate = parse(config.rate)
                self._limiter = MovingWindowRateLimiter(storage_from_string(config.rate_store or "memory://"))
            except Exception as error:
                raise UsageError(f"--rate {config.rate!r} is no rate: {error}.", hint="Such as 60/minute.") from error

    def admit(self, scope: Scope, headers: Headers) -> str:
        """Let a request in, and say who asks: `key:NAME` or an address.

        Raises:
            Unauthorized: a key is needed.
            Forbidden: this key is not enough.
            RateExceeded: this asker has asked enough.
        """
        path = scope["path"]
        client = scope.get("client")
        caller = client[0] if client else "unknown"
        if path in _FREE or path.startswith(_FREE_BELOW) or scope["method"] == "OPTIONS":
            return caller
        try:
            key = self._identify(headers)
        except Unauthorized:
            self._require_rate(caller)  # or keys could be guessed without end
            raise
        if key is not None:
            caller = f"key:{key.name}"
        if path.startswith(_ADMIN):
            _require_admin(key)
        self._require_rate(caller)
        return caller

    def _identify(self, headers: Headers) -> Key | None:
        if self._keys is None:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not given:
            raise Unauthorized("A key is needed.", hint="Send it as `Authorization: Bearer KEY`.")
        key = self._keys.find(given)
        if key is None:
            raise Unauthorized("This key is not known here.", hint="Ask whoever runs this server for one.")
        return key

    def _require_rate(self, caller: str) -> None:
        if self._rate is None or self._limiter.hit(self._rate, caller):
            return
        window = self._limiter.get_window_stats(self._rate, caller)
        raise RateExceeded(
            f"You have asked {self._rate.amount} times, which is as often as you may ({self._rate}).",
            hint="Wait, or ask for a higher rate.",
            retry_after=max(1.0, window.reset_time - time.time()),
        )


def _require_admin(key: Key | None) -> None:
    if key is None:
        raise Forbidden("This needs a key, and this server has none.", hint="Start it with --key-file FILE.")
    if not key.admin:
        raise Forbidden("This key may ask, but not change anything.", hint="Use one made with --admin.")
