"""Where a server is, as people write it."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

from discern.errors import UsageError

_DOOR = "/predict"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A server and the model on it.

    Attributes:
        base: scheme, host and what stands before `/predict`, without a final slash.
        model: the model's name; None: the server's first.
    """

    base: str
    model: str | None

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

    >>> read_address("https://shop.example/fruit/predict?model=ripe")
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
        raise UsageError(f"{url!r} is no address of a server.", hint="Write it like http://127.0.0.1:8000.")
    path = parts.path.rstrip("/").removesuffix(_DOOR).rstrip("/")
    named = parse_qs(parts.query).get("model", [None])[0]
    return Address(base=urlunsplit((parts.scheme, parts.netloc, path, "", "")), model=model or named)
