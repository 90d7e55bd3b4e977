"""File that holds the state of an interrupted fit, with the settings and data that it belongs to, and a checksum."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from discern.atomic import atomic_write
from discern.errors import RunError, RunStopped

_MAGIC = b"discern checkpoint 1\n"
_DIGEST_BYTES = 32
_AGAIN = "Free disk space, then resume with --resume."


class Checkpoint:
    """Checkpoint of one fit.

    Args:
        path: path of the file.
        facts: settings, data and versions that determine the fit, JSON-ready, by their names in messages.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path, self._facts = path, json.loads(json.dumps(dict(facts)))

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the file.

        Raises:
            RunStopped: it cannot be written; the former one remains.
        """
        hashed: _HashedFile | None = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as temporary, temporary.open("wb") as file:
                file.write(_MAGIC)
                hashed = _HashedFile(file)
                torch.save({"facts": json.dumps(self._facts), "state": dict(state)}, hashed)
                file.write(hashed.digest())
        except (OSError, RuntimeError) as error:
            # Torch raises a RuntimeError of its own, after the file's error and in its place.
            cause = hashed.error if hashed is not None and hashed.error is not None else error
            if not isinstance(cause, OSError):
                raise
            raise RunStopped(f"Cannot save the checkpoint {self._path}: {cause.strerror}.", hint=_AGAIN) from error

    def load(self, device: str = "cpu") -> dict[str, Any] | None:
        """Return the saved state, or None without a file.

        Raises:
            RunError: the file cannot be read, is damaged, or belongs to another fit.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunError(
                f"Cannot read the checkpoint {self._path}: {error.strerror}.", hint="Make it readable, or delete it."
            ) from error
        body, digest = content[len(_MAGIC) : -_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
            raise self._refuse("is damaged")
        saved = torch.load(io.BytesIO(body), weights_only=True, map_location=device)
        facts: dict[str, Any] = json.loads(saved["facts"])
        changed = [
            name for name in sorted(facts.keys() | self._facts.keys()) if facts.get(name) != self._facts.get(name)
        ]
        if changed:
            raise self._refuse(f"belongs to a fit with another {', '.join(changed)}")
        state: dict[str, Any] = saved["state"]
        return state

    def _refuse(self, reason: str) -> RunError:
        return RunError(
            f"The checkpoint {self._path} {reason}.",
            hint="Delete it and resume again with --resume: this fit then starts from its beginning.",
        )


class _HashedFile(io.RawIOBase):
    """File for writing that hashes its content and keeps its error."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash = file, hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        self._hash.update(data)
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def digest(self) -> bytes:
        return self._hash.digest()
