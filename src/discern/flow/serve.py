"""`discern serve` and `discern key`."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.flow.find_examples import find_example_pictures
from discern.serving.config import ServeConfig
from discern.serving.keys import add_key

_NEEDED = (
    "fastapi",
    "fastapi_offline",
    "uvicorn",
    "httptools",
    "python_multipart",
    "prometheus_client",
    "limits",
    "httpcore2",
)


def serve(
    bundles: str | Path | Sequence[str | Path],
    *,
    announce: Callable[[str], None] = lambda _: None,
    examples: str | Path | None = None,
    **options: Any,
) -> None:
    """Answer over HTTP until interrupted: REST, a web page, SageMaker's door and the Open Inference Protocol.

    Args:
        bundles: one path or several, each also as `NAME=PATH`; the first is asked where none is named.
        announce: is told the server's address when it is up.
        examples: a folder of pictures that visitors of the page may press, at most a dozen, one of each folder in it
            first; they get small copies.
        **options: see `ServeConfig`.

    Raises:
        BundleError: a bundle cannot be used.
        PictureError: an example is damaged.
        UsageError: an option makes no sense, the address is taken, or what serving needs is not installed.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Serving over HTTP needs packages that are not installed ({', '.join(missing)}).",
            hint='Install them: pip install "discern-vision[serve]".',
        )
    # Loaded when met: only this door needs a web framework.
    from discern.serving.web.server import run_server  # noqa: PLC0415

    named = [bundles] if isinstance(bundles, str | Path) else list(bundles)
    config = ServeConfig(bundles=tuple(map(str, named)), examples=find_example_pictures(examples), **options)
    run_server(config, announce=announce)


@dataclass(frozen=True, kw_only=True)
class KeyResult:
    """A new key.

    Attributes:
        name: whose it is.
        key: what is sent as `Authorization: Bearer ...`; it is kept nowhere.
        key_file: where its hash stands now.
    """

    name: str
    key: str
    key_file: Path

    def to_json(self) -> dict[str, Any]:
        """The same as a JSON object.

        Keys:
            name: whose it is.
            key: what is sent as `Authorization: Bearer ...`; it is kept nowhere.
            key_file: where its hash stands now, absolute.
        """
        return asdict(self) | {"key_file": str(self.key_file.absolute())}


def key(name: str, *, key_file: str | Path, admin: bool = False) -> KeyResult:
    """Make a key for somebody who may ask a server.

    Args:
        name: whose it is; stands in the server's log.
        key_file: gets the key's hash; made if it is not there.
        admin: whether the key may also replace bundles.

    Raises:
        UsageError: the name is taken or makes no sense, or the file cannot be used.
    """
    path = Path(key_file)
    return KeyResult(name=name, key=add_key(path, name, admin=admin), key_file=path)
