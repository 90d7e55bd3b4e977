"""Functions that serve model bundles over HTTP and create API keys (`discern serve`, `discern key`)."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.buckets.bucket_address import find_bucket_address
from discern.errors import UsageError
from discern.flow.paths import resolve_path
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key
from discern.watching.captures.capture_config import CaptureConfig, is_database

_PACKAGES = {
    "dns": "dnspython",
    "fastapi": "fastapi",
    "fastapi_offline": "fastapi-offline",
    "uvicorn": "uvicorn",
    "httptools": "httptools",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus-client",
    "limits": "limits",
    "httpcore2": "httpcore2",
}


def serve(
    bundles: str | Path | Sequence[str | Path],
    *,
    announce: Callable[[str], None] = lambda _: None,
    examples: str | Path | None = None,
    **options: Any,
) -> None:
    """Serve model bundles over HTTP until the process is interrupted.

    Args:
        bundles: one or several, each as a path or `NAME=PATH`; the first is the default model.
        announce: called with the server's address when it is up.
        examples: folder of example pictures for the web page: at most a dozen, taken from its subfolders in turn;
            visitors get small copies.
        **options: see `ServeConfig`.

    Raises:
        BundleError: a bundle cannot be used.
        PictureError: an example picture is damaged.
        UsageError: an option is invalid, the address is in use, or a required package is not installed.
    """
    require_packages()
    # Imported here, as no other command needs a web framework.
    from discern.serving.web.server import run_server  # noqa: PLC0415

    if options.get("key_file") is not None:
        options["key_file"] = resolve_path(options["key_file"])
    if examples is not None:
        # Imported here, as a folder's formats load the library of tables, which no server needs.
        from discern.flow.find_examples import find_example_pictures  # noqa: PLC0415

        options["examples"] = find_example_pictures(examples)
    named = [bundles] if isinstance(bundles, str | Path) else list(bundles)
    config = ServeConfig(bundles=tuple(map(str, named)), **options)
    run_server(config, announce=announce)


def capture_config(
    store: str | Path | None,
    *,
    pictures: str | Path | None = None,
    spool: str | Path | None = None,
    sample: str | float | None = None,
    days: float | None = None,
    gb: float | None = None,
    no_pictures: bool = False,
) -> CaptureConfig | None:
    """Return the settings of the capture of exchanges, or None without a store.

    Args:
        store: folder or database URL of the store; None for no capture.
        pictures: folder or bucket for the pictures of a database.
        spool: folder in which exchanges wait for the store.
        sample: `all`, `doubtful`, or the probability in (0, 1] with which each exchange is kept; None for all.
        days: days after which an exchange is erased.
        gb: gigabytes of pictures beyond which the oldest are erased.
        no_pictures: keep embeddings and no pictures.

    Raises:
        UsageError: an option is given without a store, or its value is invalid.
    """
    given = {
        "--capture-pictures": pictures,
        "--capture-spool": spool,
        "--capture-sample": sample,
        "--capture-days": days,
        "--capture-gb": gb,
        "--no-pictures": no_pictures or None,
    }
    if store is None:
        without = [name for name, value in given.items() if value is not None]
        if without:
            raise UsageError(f"{without[0]} has no effect without --capture.", hint="Add --capture STORE.")
        return None
    if pictures is not None and no_pictures:
        raise UsageError("--capture-pictures has no effect with --no-pictures.", hint="Leave one of them out.")
    return CaptureConfig(
        store=str(store) if is_database(str(store)) else str(resolve_path(store, written=True)),
        spool=None if spool is None else resolve_path(spool, written=True),
        pictures=None
        if pictures is None
        else str(find_bucket_address(pictures) or resolve_path(pictures, written=True)),
        keep_pictures=not no_pictures,
        sample=_sample(sample),
        max_days=days,
        max_gb=gb,
    )


def _sample(sample: str | float | None) -> str | float:
    if sample is None or sample == "all":
        return 1.0
    try:
        return float(sample)
    except ValueError:
        return str(sample)


def require_packages() -> None:
    """Raise UsageError if a package of the server is not installed, as where Discern was installed without them."""
    missing = [package for module, package in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(
            f"`discern serve` needs packages that are not installed: {', '.join(missing)}.",
            hint=f"Install them: pip install {' '.join(missing)}.",
        )


@dataclass(frozen=True, kw_only=True)
class KeyResult:
    """Result of `discern.key`, with the new API key and the path of the key file.

    Attributes:
        name: name of its owner.
        key: the key, to be sent as `Authorization: Bearer ...`; it is stored nowhere.
        key_file: file that its hash was added to.
    """

    name: str
    key: str
    key_file: Path

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            name: name of its owner.
            key: the key, to be sent as `Authorization: Bearer ...`; it is stored nowhere.
            key_file: absolute path of the file that its hash was added to.
        """
        return asdict(self) | {"key_file": str(self.key_file.absolute())}


def key(name: str, *, key_file: str | Path, admin: bool = False) -> KeyResult:
    """Create an API key and add its hash to a key file.

    Args:
        name: name of its owner, as it appears in the access log.
        key_file: file of hashed keys; created if missing.
        admin: whether the key also allows replacing bundles.

    Raises:
        UsageError: the name is taken or invalid, or the file cannot be used.
    """
    path = resolve_path(key_file, written=True)
    return KeyResult(name=name, key=add_key(path, name, admin=admin), key_file=path)
