"""Where a server is, as people write it."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from discern.errors import UsageError

_DOOR = "/predict"
_HINT = "Write it like http://127.0.0.1:8000."


@dataclass(frozen=True, kw_only=True)
class Address:
    """A server and the model on it.

    Attributes:
        base: scheme, host and what stands before `/predict`, without a final slash, user or password.
        model: the model's name; None: the server's first.
        login: user and password; None: there are none.
    """

    base: str
    model: str | None
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def predict(self) -> str:
        """Where pictures are answered."""
        return self.base + _DOOR

    @property
    def describe(self) -> str:
        """Where the model is described."""
        return f"{self.base}/model"

    @property
    def query(self) -> dict[str, str]:
        """What names the model."""
        return {} if self.model is None else {"model": self.model}


def is_address(given: object) -> bool:
    """Tell whether something is the address of a server, and no path.

    >>> is_address("http://127.0.0.1:8000/predict"), is_address("runs/demo/model.discern")
    (True, False)
    """
    return isinstance(given, str) and given.lower().startswith(("http://", "https://"))


def read_address(url: str, model: str | None = None) -> Address:
    """Take an address apart: of the server, of its `/predict`, or with `?model=NAME`.

    >>> read_address("https://user:secret@shop.example/fruit/predict?model=ripe")
    Address(base='https://shop.example/fruit', model='ripe')

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        there = is_address(url) and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except (ValueError, AttributeError):
        there = False
    if not there:
        raise no_address(url)
    path = parts.path.rstrip("/").removesuffix(_DOOR).rstrip("/")
    named = parse_qs(parts.query).get("model", [None])[0]
    host = parts.netloc.rpartition("@")[2]
    return Address(base=urlunsplit((parts.scheme, host, path, "", "")), model=model or named, login=_login(parts))


def no_address(url: str, why: str = "") -> UsageError:
    """Say that it is none, without the user and the password that stand in it."""
    shown = re.sub(r"^(\w+://)?.*@", r"\1", str(url), flags=re.DOTALL)
    return UsageError(f"{shown!r} is no address of a server{why and f': {why}'}.", hint=_HINT)


def _login(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")
