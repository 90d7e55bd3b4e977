"""Entry point of the server in a container, which is configured by environment variables.

It needs neither the command line nor the libraries that train: `python -m discern.serving.web.container_entry`.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from discern.errors import DiscernError, UsageError
from discern.inference.batch_config import BatchConfig
from discern.serving.config import ServeConfig

_PREFIX = "DISCERN_"
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}

Value = TypeVar("Value")


def read_config(environment: Mapping[str, str]) -> ServeConfig:
    """Build the configuration of the server from environment variables.

    Without a variable, the default of `ServeConfig` applies. With `DISCERN_NO_AUTH=1`, the key file is not used.

    Args:
        environment: `DISCERN_BUNDLE`, and any of `DISCERN_HOST`, `PORT`, `KEY_FILE`, `NO_AUTH`, `RATE_LIMIT`, `CORS`,
            `TRUSTED_PROXIES`, `ALLOW_URLS`, `THREADS` and `MAX_BATCH`, with the same prefix.

    Raises:
        UsageError: a variable is missing, unknown or has an invalid value.
    """
    values = {name.removeprefix(_PREFIX): text for name, text in environment.items() if name.startswith(_PREFIX)}
    if unknown := sorted(values.keys() - set(VARIABLES)):
        known = ", ".join(f"{_PREFIX}{name}" for name in VARIABLES)
        raise UsageError(f"Unknown variable: {_PREFIX}{unknown[0]}.", hint=f"Use one of: {known}.")
    if not values.get("BUNDLE"):
        raise UsageError(f"{_PREFIX}BUNDLE is not set.", hint="Set it to the path of the bundle.")
    options = {name.lower(): _read(name, text, _READERS[name]) for name, text in values.items() if name in _READERS}
    batching: dict[str, Any] = {
        name.lower(): _read(name, values[name], _positive) for name in _BATCHING if values.get(name)
    }
    if options.get("no_auth"):
        options.pop("key_file", None)
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return ServeConfig(bundles=(values["BUNDLE"],), watch=False, batching=BatchConfig(**batching), **given)


def _read(name: str, text: str, reader: Callable[[str], Value]) -> Value:
    try:
        return reader(text)
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"Invalid value of {_PREFIX}{name}: {text[:80]!r}.", hint="Correct it, or unset it."
        ) from error


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _text(text: str) -> str | None:
    return text or None


def _is_yes(text: str) -> bool:
    return _YES[text.strip().lower()]


_READERS: dict[str, Callable[[str], Any]] = {
    "HOST": str,
    "PORT": int,
    "KEY_FILE": _path,
    "NO_AUTH": _is_yes,
    "RATE_LIMIT": _text,
    "CORS": _list,
    "TRUSTED_PROXIES": str,
    "ALLOW_URLS": _is_yes,
}
_BATCHING = ("THREADS", "MAX_BATCH")
VARIABLES = ("BUNDLE", *_READERS, *_BATCHING)
"""Variables that the server reads, without their prefix."""


def main() -> None:
    """Serve until a signal arrives; exit with 2 if the configuration or the bundle cannot be used."""
    # Imported here, so that a wrong variable is reported at once.
    from discern.serving.web.server import run_server  # noqa: PLC0415

    try:
        run_server(read_config(os.environ), announce=_announce)
    except DiscernError as error:
        sys.stderr.write(f"discern: {error}\n")
        sys.exit(2)


def _announce(address: str) -> None:
    sys.stderr.write(f"discern: {address}\n")


if __name__ == "__main__":
    main()
